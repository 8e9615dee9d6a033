"""A till without network comes to the same as campaign, with the promotions it may apply alone.

The one place where both are seen: the app imports no service, and no service the app.
"""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.campaign import pricing, till
from services.campaign.offers import Offer
from services.campaign.pricing import Buyer, Line, Setting
from staff_app.work.reckoning import Piece, reckon, tax_inside
from tests.services.campaign.test_pricing import STORE
from tests.services.campaign.test_properties import baskets, offers

buyers = st.one_of(
    st.none(),
    st.builds(Buyer, tier=st.sampled_from([None, "silver", "gold"]), tags=st.just(frozenset())),
)


def with_eligibility(draw: Any, made: list[Offer]) -> list[Offer]:
    """Some for members, some for gold only."""
    import msgspec

    changed = []
    for offer in made:
        wanted = msgspec.structs.replace(
            offer.promotion.eligibility,
            members_only=draw(st.booleans()),
            tiers=draw(st.sampled_from([frozenset(), frozenset({"gold"})])),
        )
        promotion = msgspec.structs.replace(offer.promotion, eligibility=wanted)
        changed.append(Offer(offer.version, promotion))
    return changed


@settings(max_examples=150, deadline=None)
@given(st.data(), baskets(), offers(), buyers)
def test_the_same_to_the_cent(
    data: Any, lines: list[Line], made: list[Offer], buyer: Buyer | None
) -> None:
    if data.draw(st.booleans()):
        made = with_eligibility(data.draw, made)
    setting = Setting(
        currency="CNY", store_id=STORE, franchisee_id=None, buyer=buyer, coupons={},
        used_up=frozenset(),
    )  # fmt: skip
    made.sort(key=lambda offer: (offer.promotion.priority, offer.promotion.code))
    chain = pricing.price(lines, made, setting)
    pieces = [
        Piece(str(line.sku_id), str(line.style_id), line.category, line.quantity, line.unit_minor)
        for line in lines
    ]
    terms = [
        {"id": str(offer.promotion.id), "version": offer.version, **till.terms_of(offer.promotion)}
        for offer in made
    ]
    alone = reckon(pieces, terms, buyer.tier if buyer else None, buyer is not None)

    assert alone.off == [line.discount_minor for line in chain.lines]
    applied = [(each["id"], sum(off.values())) for each, off in alone.applied]
    assert applied == [(str(p.promotion_id), p.discount_minor) for p in chain.promotions]
    nets = [
        piece.unit_minor * piece.quantity - off
        for piece, off in zip(pieces, alone.off, strict=True)
    ]
    taxes = [tax_inside(net, line.tax_basis_points) for net, line in zip(nets, lines, strict=True)]
    assert taxes == [line.tax_minor for line in chain.lines]
