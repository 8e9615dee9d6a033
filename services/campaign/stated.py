"""Lines whose price was charged in another till (X1): a fact, to which no promotion applies."""

from uuid import UUID

from services.campaign import pricing
from services.campaign.facts import Stocked
from services.campaign.pricing import Line, Setting
from shared.contracts.campaign import BasketLine, Priced
from shared.money import round_half_up


def price(lines: list[BasketLine], stocked: dict[UUID, Stocked], setting: Setting) -> Priced:
    """Net is what was stated. Discount is what the list price is above it; a list price below it,
    or none at all, is raised to it, so that net = list - discount holds."""
    priced = []
    for line in lines:
        piece, net = stocked[line.sku_id], line.stated_minor or 0
        unit = piece.price_minor
        if unit is None:
            unit = round_half_up(net, line.quantity)
            list_minor = net
        else:
            list_minor = max(unit * line.quantity, net)
        priced.append(
            pricing.priced_line(line_of(line, piece, unit), list_minor, list_minor - net, [])
        )
    return pricing.total_of(setting, priced, [])


def line_of(line: BasketLine, piece: Stocked, unit_minor: int) -> Line:
    """A line of a basket with what is known of its piece; `unit_minor` is the list price of one."""
    return Line(
        line=line.line,
        sku_id=piece.sku_id,
        style_id=piece.style_id,
        sku_code=piece.sku_code,
        name=piece.name,
        category=piece.category,
        colour=piece.colour,
        size=piece.size,
        quantity=line.quantity,
        unit_minor=unit_minor,
        tax_basis_points=piece.tax_basis_points,
    )
