"""Lines whose price was charged in another till (X1): a fact, to which no promotion applies.

A till of our own without network states its terms too. Its sale is priced by them, and laid beside
what a till should have charged with what the chain knew at that instant: that is the price with the
promotions that it may apply alone.
"""

from typing import Any
from uuid import UUID

from msgspec import convert
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.campaign import pricing
from services.campaign.facts import Facts, Stocked
from services.campaign.offers import Offer
from services.campaign.pricing import Line, Setting
from shared.contracts.campaign import (
    AppliedPromotion,
    BasketLine,
    PriceAndHold,
    Priced,
    PricedLine,
    PromotionInput,
)
from shared.contracts.campaign.stated import Difference, StatedPromotion, StatedTerms
from shared.money import round_half_up

_VERSIONS = text(
    """
    SELECT w.promotion_id, w.version, v.body
    FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS int[])) AS w(promotion_id, version)
    JOIN promotion_versions v USING (promotion_id, version)
    """
)


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


def price_alone(
    session: Session,
    command: PriceAndHold,
    terms: StatedTerms,
    offers: list[Offer],
    facts: Facts,
    setting: Setting,
) -> Priced:
    """A sale of a till without network: its own terms, and where the chain knew better."""
    known = facts.buyer
    if setting.buyer is not None:
        setting = replace(setting, buyer=replace(setting.buyer, tier=terms.tier))
    units = {each.line: each.unit_minor for each in terms.units}
    lines = []
    for line in command.lines:
        unit, net = units[line.line], line.stated_minor or 0
        made = line_of(line, facts.stocked[line.sku_id], unit)
        listed = unit * line.quantity
        lines.append(pricing.priced_line(made, listed, listed - net, []))
    names = _published(session, terms.promotions)
    applied = [_applied(each, body) for each in terms.promotions if (body := names.get(each))]
    priced = pricing.total_of(setting, lines, applied)
    chain = _by_the_chain(command, facts, offers, setting)
    differences = [*_prices(lines, facts, chain), *_promotions(terms, names, offers, setting)]
    if known is not None and known.tier != terms.tier:
        differences.append(Difference(kind="tier", stated=terms.tier, chain=known.tier))
    return replace(
        priced, differences=differences, chain_minor=chain.total_minor if chain else None
    )


def _by_the_chain(
    command: PriceAndHold, facts: Facts, offers: list[Offer], setting: Setting
) -> Priced | None:
    """What a till should have charged; None where a piece had no price."""
    lines = []
    for line in command.lines:
        piece = facts.stocked[line.sku_id]
        if piece.price_minor is None:
            return None
        lines.append(line_of(line, piece, piece.price_minor))
    return pricing.price(lines, [offer for offer in offers if offer.alone], setting)


def _prices(lines: list[PricedLine], facts: Facts, chain: Priced | None) -> list[Difference]:
    found = []
    for at, line in enumerate(lines):
        unit = facts.stocked[line.sku_id].price_minor
        if unit != line.unit_list_minor:
            found.append(_told("list_price", line.line, line.unit_list_minor, unit))
        charged = chain.lines[at].net_minor if chain else None
        if charged != line.net_minor:
            found.append(_told("charged", line.line, line.net_minor, charged))
    return found


def _told(kind: Any, line: int, stated: int, chain: int | None) -> Difference:
    known = None if chain is None else str(chain)
    return Difference(kind=kind, line=line, stated=str(stated), chain=known)


def _promotions(
    terms: StatedTerms,
    names: dict[StatedPromotion, PromotionInput],
    offers: list[Offer],
    setting: Setting,
) -> list[Difference]:
    """Promotions that were not to be applied, or of which nothing was left: honoured, and told."""
    now = {offer.promotion.id: offer for offer in offers}
    found = []
    for each in terms.promotions:
        offer = now.get(each.promotion_id)
        kind: Any = None
        if each not in names:
            kind = "unknown_promotion"
        elif offer is None or offer.version != each.version:
            kind = "promotion_not_in_force"
        if kind:
            found.append(_of_promotion(kind, each, offer))
        if each.promotion_id in setting.used_up:
            found.append(_of_promotion("promotion_used_up", each, offer))
    return found


def _of_promotion(kind: Any, each: StatedPromotion, offer: Offer | None) -> Difference:
    return Difference(
        kind=kind,
        promotion_id=each.promotion_id,
        stated=str(each.version),
        chain=str(offer.version) if offer else None,
    )


def _published(
    session: Session, promotions: list[StatedPromotion]
) -> dict[StatedPromotion, PromotionInput]:
    """Of the promotions a till names, those that were published, each once."""
    if not promotions:
        return {}
    by_id = {each.promotion_id: each for each in promotions}
    rows = session.execute(
        _VERSIONS,
        {"ids": list(by_id), "versions": [each.version for each in by_id.values()]},
    )
    return {by_id[row.promotion_id]: convert(row.body, PromotionInput) for row in rows}


def _applied(each: StatedPromotion, body: PromotionInput) -> AppliedPromotion:
    return AppliedPromotion(
        promotion_id=each.promotion_id,
        version=each.version,
        name_zh=body.name_zh,
        name_en=body.name_en,
        discount_minor=each.discount_minor,
    )
