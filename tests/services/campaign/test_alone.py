"""What a till without network may apply, and its sales beside what the chain knew."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.campaign import till
from services.campaign.audit import CHECKS
from shared.contracts.campaign import AmountOff, BasketLine, Eligibility, Percentage
from shared.contracts.campaign.stated import StatedPromotion, StatedTerms, StatedUnit
from shared.contracts.campaign.till import GetTillPromotions, TillPromotions
from shared.errors import Forbidden
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from tests.services.at_rest import at_rest
from tests.services.campaign.shop import SELLER, Shop, now


def asked(shop: Shop, version: str | None = None, who: Caller = SELLER) -> TillPromotions:
    with shop.database.transaction() as session:
        command = GetTillPromotions(store_id=shop.store_id, since_version=version)
        return till.get_promotions(session, who, command)


def sold(
    shop: Shop, sku: UUID, net: int, unit: int = 10_000, tier: str | None = None,
    promotions: Any = (), **fields: Any,
) -> Any:  # fmt: skip
    """What campaign makes of one piece that a till sold for `net`."""
    terms = StatedTerms(
        units=[StatedUnit(line=1, unit_minor=unit)], promotions=list(promotions), tier=tier
    )
    line = BasketLine(line=1, sku_id=sku, quantity=1, stated_minor=net)
    return shop.price(line, stated=terms, order_id=new_id(), **fields)


def kinds(priced: Any) -> list[str]:
    return [difference.kind for difference in priced.differences]


@pytest.mark.parametrize(
    "fields",
    [
        {"needs_coupon": True},
        {"cap_total": 5},
        {"cap_per_member": 1},
        {"eligibility": Eligibility(tags=frozenset({"vip"}))},
        {"eligibility": Eligibility(privileges=frozenset({"birthday"}))},
        {"eligibility": Eligibility(store_ids=frozenset({UUID(int=7)}))},
    ],
    ids=["coupon", "cap", "cap per member", "tag", "privilege", "other store"],
)
def test_what_a_till_may_not_apply_alone(shop: Shop, fields: dict[str, Any]) -> None:
    if "store_ids" in str(fields):
        shop.store(UUID(int=7))
    shop.publish(**fields)

    assert asked(shop).items == []


def test_what_changes_is_told_once_and_what_ends_is_removed(shop: Shop) -> None:
    first = shop.publish().promotion
    known = asked(shop)
    assert ([each.id for each in known.items], known.whole) == ([first.id], True)
    version = at_rest(lambda version: asked(shop, version))
    nothing = asked(shop, version)
    assert (nothing.items, nothing.removed, nothing.whole) == ([], [], False)

    shop.publish(version=1, promotion=type(first)(
        id=first.id, code=first.code, name_zh="八折", name_en="20%",
        rule=Percentage(off_basis_points=2_000), valid_from=now() + timedelta(days=1),
    ))  # fmt: skip
    changed = asked(shop, version)
    assert [version.version for version in changed.items[0].versions] == [2, 1]

    shop.publish(version=2, promotion=type(first)(
        id=first.id, code=first.code, name_zh="限量", name_en="few", cap_total=3,
        rule=Percentage(off_basis_points=2_000),
    ))  # fmt: skip
    gone = asked(shop, version)
    assert (gone.items, gone.removed) == ([], [first.id])


def test_a_version_of_another_database_tells_everything(shop: Shop) -> None:
    shop.publish()

    for foreign in ("1.1-5", "", "nonsense", asked(shop).version + "000000"):
        told = asked(shop, foreign)
        assert (len(told.items), told.whole) == (1, True)


def test_another_store_is_not_told(shop: Shop) -> None:
    stranger = Caller(
        kind="staff", id=new_id(), roles=frozenset({Role.ASSOCIATE}),
        scope_kind=ScopeKind.STORE, scope_id=new_id(),
    )  # fmt: skip
    with pytest.raises(Forbidden):
        asked(shop, who=stranger)


def test_a_sale_that_agrees_has_no_differences_and_is_redeemed(shop: Shop) -> None:
    sku, promotion = shop.piece(10_000), shop.publish().promotion
    applied = StatedPromotion(promotion_id=promotion.id, version=1, discount_minor=1_000)
    priced = sold(shop, sku, 9_000, promotions=[applied])

    assert kinds(priced) == []
    assert (priced.list_minor, priced.total_minor, priced.chain_minor) == (10_000, 9_000, 9_000)
    shop.tell(shop.placed(new_id(), priced))
    assert shop.promotion_usage(promotion.id) == (0, 1)


def test_a_price_and_a_promotion_that_had_changed(shop: Shop) -> None:
    sku, promotion = shop.piece(12_000), shop.publish().promotion
    applied = StatedPromotion(promotion_id=promotion.id, version=1, discount_minor=1_000)
    unknown = StatedPromotion(promotion_id=new_id(), version=3, discount_minor=1_000)
    priced = sold(shop, sku, 8_000, promotions=[applied, unknown])

    assert kinds(priced) == ["list_price", "charged", "unknown_promotion"]
    assert [(d.stated, d.chain) for d in priced.differences[:2]] == [
        ("10000", "12000"), ("8000", "10800"),
    ]  # fmt: skip
    assert [each.promotion_id for each in priced.promotions] == [promotion.id]
    assert priced.total_minor == 8_000


def test_a_promotion_whose_limit_was_used_meanwhile_is_honoured_and_told(shop: Shop) -> None:
    sku = shop.piece(10_000)
    promotion = shop.publish().promotion
    shop.publish(version=1, promotion=type(promotion)(
        id=promotion.id, code=promotion.code, name_zh="限量", name_en="few", cap_total=1,
        rule=AmountOff(threshold_minor=1, off_minor=1),
    ))  # fmt: skip
    order = new_id()
    shop.tell(shop.placed(order, shop.price(sku, order_id=order)))
    applied = StatedPromotion(promotion_id=promotion.id, version=1, discount_minor=1_000)
    priced = sold(shop, sku, 9_000, promotions=[applied])

    assert kinds(priced) == ["charged", "promotion_not_in_force", "promotion_used_up"]
    shop.tell(shop.placed(new_id(), priced))
    assert shop.promotion_usage(promotion.id) == (0, 2)
    assert {name: shop.rows(check) for name, check in CHECKS.items() if shop.rows(check)} == {}


def test_the_tier_is_that_of_the_sale(shop: Shop) -> None:
    sku, member = shop.piece(10_000), shop.member(tier="gold")
    priced = sold(shop, sku, 10_000, tier="silver", member_id=member)

    assert priced.tier == "silver"
    assert [(d.kind, d.stated, d.chain) for d in priced.differences] == [("tier", "silver", "gold")]
