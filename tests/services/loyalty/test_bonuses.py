"""Earn rules by store, category, tier, day and channel: the receipt, the ledger and returns agree
to the point (L1, L4)."""

from collections.abc import Sequence
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.loyalty import returns as booked_returns
from services.loyalty import rules
from services.loyalty.models import Store
from services.order import ledger, refunds, returns
from services.order.refunds import Paid, Sold, SoldLine
from shared.contracts.campaign import OpenPrivilege, Priced, PricedLine
from shared.contracts.loyalty import EarnRule, PublishRule
from shared.contracts.loyalty.earning import (
    EarnBonus,
    EarnWhen,
    Reckoned,
    Sale,
    SaleLine,
    points_of,
)
from shared.contracts.order import PlaceOrder, Tender
from shared.contracts.order.goods_back import ReturnLine
from shared.contracts.order.returns import OrderReturned
from shared.errors import Refusal
from shared.ids import new_id
from shared.stores import Store as StoreFacts
from shared.stores import require_store
from tests.services.loyalty.conftest import NOW, TODAY, Shop

STORE, FRANCHISEE, STYLE = (UUID(int=n) for n in (1, 2, 3))
SATURDAY = TODAY
TIERS = {"gold": 15_000}


def bonus(code: str, basis_points: int, **when: Any) -> EarnBonus:
    return EarnBonus(
        code=code, name_zh="加倍", name_en="More", multiplier_basis_points=basis_points,
        when=EarnWhen(**when),
    )  # fmt: skip


def rule(*bonuses: EarnBonus, **fields: Any) -> EarnRule:
    values = {"minor_per_point": 100, "multipliers_basis_points": TIERS, "bonuses": list(bonuses)}
    return EarnRule(**(values | fields))


def sold(*lines: tuple[str, int], **fields: Any) -> Sale:
    values: dict[str, Any] = {
        "store_id": STORE,
        "franchisee_id": FRANCHISEE,
        "channel": "store",
        "day": SATURDAY,
        "tier": None,
        "privileges": [],
        "lines": [SaleLine(category, STYLE, net) for category, net in lines],
        "total_minor": sum(net for _, net in lines),
        "points_minor": 0,
        "wallet_minor": 0,
    }
    return Sale(**(values | fields))


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        ({}, True),
        ({"store_ids": {STORE}}, True),
        ({"store_ids": {STYLE}}, False),
        ({"store_ids": {STYLE}, "franchisee_ids": {FRANCHISEE}}, True),
        ({"categories": {"dress"}}, True),
        ({"categories": {"coat"}}, False),
        ({"categories": {"coat"}, "style_ids": {STYLE}}, True),
        ({"tiers": {"gold"}}, True),
        ({"tiers": {"silver"}}, False),
        ({"channels": {"store", "app"}}, True),
        ({"channels": {"mini_program"}}, False),
        ({"weekdays": {6}}, True),
        ({"weekdays": {7}}, False),
        ({"first_day": SATURDAY, "last_day": SATURDAY}, True),
        ({"first_day": SATURDAY + timedelta(days=1)}, False),
        ({"last_day": SATURDAY - timedelta(days=1)}, False),
        ({"weekdays": {6}, "channels": {"app"}}, False),
    ],
)
def test_l1_a_bonus_counts_where_all_that_it_names_fits(when: dict[str, Any], fits: bool) -> None:
    each = rule(bonus("more", 30_000, **when))

    reckoned = points_of(each, sold(("dress", 10_000), tier="gold"))

    assert reckoned == (Reckoned(300, ["more"], None) if fits else Reckoned(150, [], None))


@pytest.mark.parametrize(
    ("combine", "points", "codes"),
    [
        ("highest", 300, ["three"]),
        ("multiply", 900, ["two", "three"]),
        ("add", 450, ["two", "three"]),
    ],
)
def test_l4_bonuses_of_a_line_and_the_tier_combine_by_the_rule(
    combine: Any, points: int, codes: list[str]
) -> None:
    each = rule(bonus("two", 20_000), bonus("three", 30_000), combine=combine)

    assert points_of(each, sold(("dress", 10_000), tier="gold")) == Reckoned(points, codes, None)


def test_no_more_than_the_limit_comes_from_bonuses() -> None:
    each = rule(
        bonus("two", 20_000), bonus("three", 30_000), combine="multiply",
        bonus_limit_basis_points=40_000,
    )  # fmt: skip

    assert points_of(each, sold(("dress", 10_000), tier="gold")).points == 400


def test_what_takes_away_by_category_never_goes_below_nothing() -> None:
    cards = bonus("cards", 0, categories={"gift_card"})
    basket = sold(("gift_card", 10_000), ("dress", 5_000))

    assert points_of(rule(cards, combine="multiply"), basket) == Reckoned(50, ["cards"], None)
    assert points_of(rule(cards, cards, combine="add"), basket).points == 50


def test_payments_in_points_are_taken_off_the_lines_and_rounded_once() -> None:
    each = rule(bonus("dresses", 20_000, categories={"dress"}))
    basket = sold(("dress", 199), ("coat", 101), points_minor=1, wallet_minor=99)

    # 1 off: 198 x 2 + 101 = 497. 100 off: 66.33 and 33.67 of them, 133 x 2 + 67 = 333.
    assert points_of(each, basket).points == 4
    wallet_too = rule(*each.bonuses, earn_on_wallet=False)
    assert points_of(wallet_too, basket).points == 3


def test_l5_a_birthday_is_named_only_where_it_counts() -> None:
    birthday = {"birthday": 20_000}
    dresses = bonus("dresses", 30_000, categories={"dress"})
    each = rule(dresses, privileges_basis_points=birthday)

    both = sold(("dress", 10_000), ("coat", 10_000), privileges=["birthday"])
    assert points_of(each, both) == Reckoned(500, ["dresses"], "birthday")
    one = sold(("dress", 10_000), privileges=["birthday"])
    assert points_of(each, one) == Reckoned(300, ["dresses"], None)


@pytest.mark.parametrize(
    "fields",
    [
        {"bonuses": [bonus("a", 20_000), bonus("a", 30_000)]},
        {"bonuses": [bonus("a", 9_999)]},
        {"bonuses": [bonus("a", 20_001)], "bonus_limit_basis_points": 20_000},
        {"bonuses": [bonus("a", 20_000, first_day=TODAY, last_day=TODAY - timedelta(days=1))]},
    ],
)
def test_bonuses_that_make_no_sense_are_refused(bare_shop: Shop, fields: dict[str, Any]) -> None:
    before = bare_shop.everything()
    command = PublishRule(id=new_id(), valid_from=NOW, body=rule(**fields))

    with pytest.raises(Refusal) as refused:
        rules.publish(bare_shop.session, bare_shop.hq, command)

    assert refused.value.code == "INVALID_RULE"
    assert refused.value.parameters["reason"]
    assert bare_shop.everything() == before


def test_l1_the_entry_says_which_bonuses_counted(shop: Shop, member_id: UUID) -> None:
    body = rule(
        bonus("weekend", 20_000, weekdays={6, 7}), bonus("app", 20_000, channels={"app"}),
        bonus("dresses", 25_000, categories={"dress"}), combine="multiply",
        privileges_basis_points={"birthday": 20_000}, privileges_combine="multiply",
    )  # fmt: skip
    shop.publish(body, valid_from=NOW)
    priced, command = basket([("dress", 1, 10_000)], member_id, shop.store_id, [])

    sell(shop, body, command, priced)

    found = shop.session.execute(
        text("SELECT detail, amount FROM entries WHERE amount > 0 AND reason = 'earned'")
    ).one()
    assert tuple(found) == ("birthday v3 x2, weekend x2, dresses x2.5", 1_500)
    assert shop.differences() == {}


# Whatever is sold by whatever rule, and comes back in whatever parts.


def some(values: Sequence[Any]) -> st.SearchStrategy[frozenset[Any]]:
    return st.frozensets(st.sampled_from(values), max_size=2)


BONUS = st.builds(
    EarnWhen,
    store_ids=some([STORE]),
    categories=some(["dress", "coat"]),
    tiers=some(["gold"]),
    channels=some(["store", "app"]),
    weekdays=some([6, 7]),
    last_day=st.sampled_from([None, date(2026, 3, 14), date(2026, 3, 13)]),
)
RULES = st.builds(
    lambda whens, factors, **fields: EarnRule(
        bonuses=[
            bonus(f"b{number}", factor, **{n: getattr(when, n) for n in when.__struct_fields__})
            for number, (when, factor) in enumerate(zip(whens, factors, strict=False))
        ],
        multipliers_basis_points=TIERS,
        privileges_basis_points={"birthday": 20_000},
        **fields,
    ),
    st.lists(BONUS, max_size=4),
    st.lists(st.integers(10_000, 70_000), min_size=4, max_size=4),
    minor_per_point=st.sampled_from([1, 7, 100]),
    earn_on_wallet=st.booleans(),
    combine=st.sampled_from(["highest", "multiply", "add"]),
    privileges_combine=st.sampled_from(["higher", "multiply"]),
)
LINES = st.lists(
    st.tuples(st.sampled_from(["dress", "coat", "belt"]), st.integers(1, 3), st.integers(0, 9_999)),
    min_size=1,
    max_size=4,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    body=RULES,
    lines=LINES,
    shares=st.tuples(st.integers(0, 100), st.integers(0, 100)),
    data=st.data(),
)
def test_k25_as_expected_so_booked_and_part_by_part_nothing_is_left(
    shop: Shop,
    member_id: UUID,
    body: EarnRule,
    lines: list[tuple[str, int, int]],
    shares: tuple[int, int],
    data: st.DataObject,
) -> None:
    shop.publish(body, valid_from=NOW)
    total = sum(net for _, _, net in lines)
    points = total * shares[0] // 100
    wallet = (total - points) * shares[1] // 100
    amounts = (("points", points), ("wallet", wallet), ("cash", total - points - wallet))
    tenders: list[Any] = [(kind, amount) for kind, amount in amounts if amount]
    priced, command = basket(lines, member_id, shop.store_id, tenders)

    store, expected = sell(shop, body, command, priced)

    assert earned(shop, command.order_id) == expected.points
    order = as_stored(command, priced, store, body, expected)
    now = sold_of(priced, command)
    pieces = data.draw(
        st.permutations([line.line for line in priced.lines for _ in range(line.quantity)])
    )
    while pieces:
        several = data.draw(st.integers(1, len(pieces)))
        now = give_back(shop, order, store, now, pieces[:several])
        pieces = pieces[several:]
        assert earned(shop, command.order_id) == expected.points - order.points_taken
    assert (order.points_taken, earned(shop, command.order_id)) == (expected.points, 0)


def basket(
    lines: Sequence[tuple[str, int, int]],
    member_id: UUID,
    store_id: UUID,
    tenders: Sequence[tuple[Any, int]],
) -> tuple[Priced, PlaceOrder]:
    """Lines by category, pieces and net amount, for gold on her birthday."""
    total = sum(net for _, _, net in lines)
    priced = Priced(
        currency="CNY", list_minor=total, discount_minor=0, total_minor=total, tax_minor=0,
        tier="gold", privileges=[OpenPrivilege(code="birthday", rule_version=3)],
        lines=[
            PricedLine(
                line=number, sku_id=new_id(), style_id=STYLE, sku_code="S-1", name="连衣裙",
                category=category, colour="red", size="M", quantity=quantity,
                unit_list_minor=net, list_minor=net, discount_minor=0, net_minor=net,
                tax_basis_points=0, tax_minor=0,
            )
            for number, (category, quantity, net) in enumerate(lines, 1)
        ],
    )  # fmt: skip
    command = PlaceOrder(
        order_id=new_id(), store_id=store_id, member_id=member_id, total_minor=total, lines=[],
        tenders=[Tender(kind=kind, amount_minor=amount) for kind, amount in tenders],
    )  # fmt: skip
    return priced, command


def sell(
    shop: Shop, body: EarnRule, command: PlaceOrder, priced: Priced
) -> tuple[StoreFacts, Reckoned]:
    """Book what order tells of a sale; what its receipt promised."""
    store = require_store(shop.session, Store, shop.seller, command.store_id)
    started = ledger.Started(store, new_id(), None, NOW, body, "X", False)
    shop.place(ledger.placed_event(command, started, priced))
    return store, ledger.points_expected(body, command, store, NOW, command.tenders, priced)


def earned(shop: Shop, order_id: UUID) -> int:
    query = "SELECT sum(points_earned) FROM orders_booked WHERE order_id = :id"
    return int(shop.session.scalar(text(query), {"id": order_id}) or 0)


def as_stored(
    command: PlaceOrder, priced: Priced, store: StoreFacts, body: EarnRule, expected: Reckoned
) -> Any:
    """The order as a return reads it."""
    return SimpleNamespace(
        id=command.order_id, store_id=store.id, franchisee_id=store.franchisee_id,
        member_id=command.member_id, channel=command.channel, business_date=TODAY, sold_at=NOW,
        currency="CNY", tier=priced.tier, privileges=[each.code for each in priced.privileges],
        earn_rule=msgspec.to_builtins(body), points_expected=expected.points, points_taken=0,
        returns=0,
    )  # fmt: skip


def sold_of(priced: Priced, command: PlaceOrder) -> Sold:
    return Sold(
        [
            SoldLine(
                line=line.line, sku_id=line.sku_id, style_id=line.style_id, name=line.name,
                category=line.category, colour="red", size="M", quantity=line.quantity,
                net_minor=line.net_minor, tax_minor=0, promotions=frozenset(),
            )
            for line in priced.lines
        ],
        [
            Paid(position=i, kind=t.kind, amount_minor=t.amount_minor, points=None, reference=None)
            for i, t in enumerate(command.tenders)
        ],
    )  # fmt: skip


def give_back(
    shop: Shop, order: Any, store: StoreFacts, before: Sold, lines: Sequence[int]
) -> Sold:
    """Take pieces back in order and in loyalty; the order after it."""
    wanted = [ReturnLine(line=line, quantity=lines.count(line)) for line in sorted(set(lines))]
    came = refunds.returned_lines(before, wanted)
    given_back = refunds.refunds(before, sum(line.refund_minor for line in came))
    now = refunds.after(before, came, given_back)
    taken = returns.Taken(
        order, store, came, given_back, before, now, returns.points_taken(order, now), None
    )
    row = {"id": new_id(), "staff_id": new_id(), "reason": "too small", "exchange_order_id": None}
    event: OrderReturned = returns.event_of(taken, row, NOW)
    order.points_taken += taken.points_taken
    order.returns += 1
    booked_returns.book_returned(shop.session, [event], NOW)
    return now
