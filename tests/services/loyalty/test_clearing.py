"""Clearing between stores: who owes whom for whose value, and why (K42, K44)."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.loyalty import (
    clearing,
    clearing_agreements,
    clearing_close,
    clearing_payments,
    clearing_statements,
    expiry,
    holds,
    returns,
    wallet,
)
from services.loyalty.clearing import OWN
from shared.contracts.loyalty import ExpiryRule, TopUpRule, TopUpStep, WalletRule
from shared.contracts.loyalty.clearing import (
    ClearingAgreement,
    ClearingClosed,
    ClearingPair,
    ClearingStatement,
    ClearingTerms,
    ExplainClearing,
    GetClearingBalances,
    GetClearingStatement,
    ListClearingAgreements,
    ListClearingStatements,
    PublishClearingAgreement,
    RecordClearingPayment,
)
from shared.contracts.order import OrderPlaced
from shared.database import Database
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from tests.services.loyalty.conftest import (
    EARN,
    LADDER,
    NOW,
    SPEND,
    TODAY,
    Shop,
    caller,
    differences,
    envelope_of,
    gather_clearing,
    in_the_end,
)
from tests.services.returned import came_back

BEFORE = datetime(2025, 1, 1, tzinfo=UTC)
NEXT_DAY = NOW + timedelta(days=1)


def agree(shop: Shop, pair: ClearingPair | None, at: datetime, **terms: Any) -> ClearingAgreement:
    command = PublishClearingAgreement(id=new_id(), pair=pair, terms=ClearingTerms(**terms))
    return clearing_agreements.publish(shop.session, shop.hq, command, at)


def buy(shop: Shop, member_id: UUID, store_id: UUID, now: datetime = NOW, **paid: Any) -> Any:
    """An order of 200.00 in a store, partly paid with `points` and `wallet_minor`."""
    points, money = paid.get("points", 0), paid.get("wallet_minor", 0)
    franchisee_id = shop.session.scalar(
        text("SELECT franchisee_id FROM stores WHERE id = :id"), {"id": store_id}
    )
    hold = shop.hold(
        member_id, points=points, points_minor=points, wallet_minor=money, total_minor=20_000,
        store_id=store_id,
    )  # fmt: skip
    holds.hold(shop.session, caller(Role.HQ_OPERATIONS), hold)
    order = shop.order(
        member_id, 20_000, order_id=hold.order_id, store_id=store_id, points=points,
        franchisee_id=franchisee_id, points_minor=points, wallet_minor=money, placed_at=now,
        business_date=paid.get("on", now.date()),
    )  # fmt: skip
    shop.place(order, now=now)
    return order


def bring_back(
    shop: Shop, order: OrderPlaced, part: Fraction, now: datetime = NOW, **fields: Any
) -> None:
    """So much of an order comes back to its own store, or to that of `fields`."""
    points, money = int(order.points * part), int(order.wallet_minor * part)
    values: dict[str, Any] = {
        "franchisee_id": order.franchisee_id,
        "sold_franchisee_id": order.franchisee_id,
        "sold_store_id": order.store_id,
        "sold_on": order.business_date,
        "sold_at": order.placed_at,
        "business_date": now.date(),
        "returned_at": now,
        "member_id": order.member_id,
        "refund_minor": int(20_000 * part),
        "points_minor": points,
        "points": points,
        "wallet_minor": money,
        "kept_minor": 20_000 - int(20_000 * part),
    } | fields
    store_id = values.pop("store_id", order.store_id)
    event = came_back(order.order_id, store_id, {}, **values)
    returns.book_returned(shop.session, [event], now)
    for _ in range(2):
        clearing.on_order_returned(shop.session, [envelope_of(event)])


def close_all(shop: Shop, now: datetime) -> list[date]:
    gather_clearing(shop.session)
    closed = []
    while (day := clearing_close.close(shop.session, now)) is not None:
        closed.append(day)
    return closed


def statement(
    shop: Shop, day: date, of: UUID | None = None, by: Caller | None = None
) -> ClearingStatement:
    command = GetClearingStatement(day=day, franchisee_id=of)
    return clearing_statements.get_statement(shop.session, by or shop.hq, command)


def lines(found: ClearingStatement) -> list[tuple[str, int, int]]:
    """Kind, quantity and amount of the lines with the only other entity."""
    (account,) = found.accounts
    assert account.closing_minor == account.opening_minor + sum(
        line.amount_minor for line in account.lines
    )
    return [(line.kind, line.quantity, line.amount_minor) for line in account.lines]


def owner_of(franchisee_id: UUID) -> Caller:
    return Caller(
        kind="staff",
        id=new_id(),
        roles=frozenset({Role.FRANCHISE_OWNER}),
        scope_kind=ScopeKind.FRANCHISEE,
        scope_id=franchisee_id,
    )


def items(shop: Shop) -> list[Any]:
    columns = "SELECT kind, quantity, rate, share_basis_points, version FROM clearing_items"
    return [tuple(row) for row in shop.session.execute(text(columns + " ORDER BY id"))]


def test_k42_points_of_the_chain_spent_at_a_franchisee_at_80_percent(
    shop: Shop, member_id: UUID
) -> None:
    """Half of it is returned, and what is left expires: 30 % of that goes to the franchisee."""
    shop.publish(ExpiryRule(basis="months", length=1, notice_days=0))
    pair = ClearingPair(acceptor_id=shop.franchisee_id)
    agree(shop, pair, BEFORE, points_minor_per_hundred=80, expired_basis_points=3_000)
    shop.place(shop.order(member_id, 105_000))
    order = buy(shop, member_id, shop.franchised_id, points=1_000)
    bring_back(shop, order, Fraction(1, 2), NEXT_DAY)
    late = NOW + timedelta(days=40)
    expiry.expire(shop.session, late)

    closed = close_all(shop, late + timedelta(days=2))

    first = statement(shop, closed[0], shop.franchisee_id)
    second = statement(shop, closed[1], shop.franchisee_id)
    assert (closed[0], len(closed)) == (TODAY, 42)
    assert lines(first) == [("points_spent", 1_000, 800)]
    assert lines(second) == [("points_returned", -500, -400)]
    left = 500 + 50  # what came back, and what was never spent
    gone = statement(shop, date(2026, 4, 23), shop.franchisee_id)
    # What the franchisee itself gave expires too, and is its own affair.
    assert lines(gone) == [("points_expired", left, 132)]
    assert gone.accounts[0].closing_minor == 532
    assert statement(shop, closed[-1], shop.franchisee_id).accounts[0].opening_minor == 532
    ours = statement(shop, TODAY)
    assert (ours.accounts[0].other_id, ours.accounts[0].closing_minor) == (shop.franchisee_id, -800)
    assert shop.differences() == {}


def test_k42_wallet_money_and_cash_for_returned_goods(shop: Shop, member_id: UUID) -> None:
    """Wallet money goes over at the agreed shares; what another store paid back is owed in full."""
    shop.publish(
        TopUpRule(steps=[TopUpStep(paid_minor=9_000, bonus_minor=1_000)]),
        WalletRule(spend_order="pro_rata"),
    )
    agree(shop, None, BEFORE, bonus_basis_points=5_000)
    wallet.pay_in(shop.session, shop.hq, shop.top_up(member_id, 9_000), NOW)
    order = buy(shop, member_id, shop.franchised_id, wallet_minor=10_000)
    bring_back(shop, order, Fraction(1, 2), store_id=shop.store_id, franchisee_id=None)

    close_all(shop, NEXT_DAY)

    assert lines(statement(shop, TODAY, shop.franchisee_id)) == [
        ("bonus_returned", -500, -250),
        ("bonus_spent", 1_000, 500),
        ("cash_refunded", 5_000, -5_000),
        ("principal_returned", -4_500, -4_500),
        ("principal_spent", 9_000, 9_000),
    ]
    (net,) = clearing_statements.get_balances(
        shop.session, shop.hq, GetClearingBalances(), NEXT_DAY
    ).balances
    assert (net.debtor_id, net.creditor_id) == (shop.franchisee_id, None)
    assert (net.amount_minor, net.closed_minor) == (250, 250)
    assert shop.differences() == {}


def test_k42_what_stays_within_an_entity_is_not_cleared(shop: Shop, member_id: UUID) -> None:
    shop.fill(member_id, points=500, wallet_minor=5_000)
    other = shop.open_store()
    buy(shop, member_id, other, points=100, wallet_minor=100)

    assert close_all(shop, NEXT_DAY) == []
    assert items(shop) == []
    assert shop.differences() == {}


def test_k44_an_agreement_changed_in_between_leaves_what_was_sold_before(
    shop: Shop, member_id: UUID
) -> None:
    """A return turns around what the sale was cleared at; without an agreement it is face value."""
    shop.fill(member_id, points=1_000)
    face = buy(shop, member_id, shop.franchised_id, points=100)
    shop.fill(member_id, points=1_000)
    later = NOW + timedelta(hours=1)
    agree(shop, None, later - timedelta(minutes=30), points_minor_per_hundred=50)
    pair = ClearingPair(acceptor_id=shop.franchisee_id)
    agree(shop, pair, later - timedelta(minutes=20), points_minor_per_hundred=75)
    agree(shop, None, later - timedelta(minutes=10), points_minor_per_hundred=60)
    buy(shop, member_id, shop.franchised_id, later, points=100)
    bring_back(shop, face, Fraction(1), later)

    close_all(shop, NEXT_DAY)

    assert items(shop) == [
        ("points_spent", 100, 100, 10_000, 0),
        ("points_spent", 100, 75, 10_000, 2),
        ("points_returned", -100, 100, 10_000, 0),
    ]
    found = statement(shop, TODAY).accounts[0].lines
    assert [(line.kind, line.version, line.amount_minor) for line in found] == [
        ("points_returned", 0, 100),
        ("points_spent", 0, -100),
        ("points_spent", 2, -75),
    ]
    page = clearing_agreements.list_agreements(
        shop.session, owner_of(new_id()), ListClearingAgreements(first=1)
    )
    assert [(each.version, page.has_next) for each in page.items] == [(3, True)]
    assert shop.differences() == {}


def test_k42_what_is_booked_after_the_close_comes_into_the_next_day(
    shop: Shop, member_id: UUID
) -> None:
    shop.fill(member_id, points=1_000)
    buy(shop, member_id, shop.franchised_id, points=100)
    assert close_all(shop, NEXT_DAY) == [TODAY]
    closed = statement(shop, TODAY, shop.franchisee_id)
    shop.fill(member_id, points=1)  # its points are the chain's again
    buy(shop, member_id, shop.franchised_id, NEXT_DAY, points=40, on=TODAY)

    assert close_all(shop, NEXT_DAY) == []
    assert close_all(shop, NEXT_DAY + timedelta(days=1)) == [NEXT_DAY.date()]

    assert statement(shop, TODAY, shop.franchisee_id) == closed
    found = statement(shop, NEXT_DAY.date(), shop.franchisee_id).accounts[0]
    assert (found.opening_minor, found.closing_minor) == (100, 140)
    assert [(line.booked_on, line.amount_minor) for line in found.lines] == [(TODAY, 40)]
    with pytest.raises(Refusal, match="DAY_NOT_CLOSED"):
        statement(shop, NEXT_DAY.date() + timedelta(days=1))
    told = shop.events(ClearingClosed)
    assert [(e.data.day, e.data.entries) for e in told] == [(TODAY, 1), (NEXT_DAY.date(), 1)]
    assert shop.differences() == {}


def test_k42_fractions_of_a_cent_are_carried_and_never_lost(shop: Shop, member_id: UUID) -> None:
    agree(shop, None, BEFORE, points_minor_per_hundred=33)
    shop.fill(member_id, points=1_000)
    orders = []
    for day in range(4):
        now = NOW + timedelta(days=day)
        orders.append(buy(shop, member_id, shop.franchised_id, now, points=1))
        shop.fill(member_id, points=1)

    closed = close_all(shop, NOW + timedelta(days=4))

    amounts = [
        sum(line.amount_minor for line in statement(shop, day).accounts[0].lines) for day in closed
    ]
    assert amounts == [0, -1, 0, 0]  # 0.33, 0.66, 0.99, 1.32
    for order in orders:
        bring_back(shop, order, Fraction(1), NOW + timedelta(days=4))
    (last,) = close_all(shop, NOW + timedelta(days=5))
    assert statement(shop, last).accounts[0].closing_minor == 0
    assert shop.differences() == {}


def test_k42_payments_and_how_old_the_rest_is(shop: Shop, member_id: UUID) -> None:
    shop.fill(member_id, wallet_minor=9_000)
    for days, amount in ((0, 1_000), (30, 2_000), (60, 3_000)):
        buy(shop, member_id, shop.franchised_id, NOW + timedelta(days=days), wallet_minor=amount)
        # The chain's store is the one of the last credit again.
    now = NOW + timedelta(days=95)
    close_all(shop, now)
    command = RecordClearingPayment(
        id=new_id(), payee_id=shop.franchisee_id, currency="CNY", amount_minor=1_500,
        paid_on=now.date(), reference="B-1",
    )  # fmt: skip
    for _ in range(2):
        clearing_payments.record_payment(shop.session, shop.hq, command, now)

    (net,) = clearing_statements.get_balances(
        shop.session, owner_of(shop.franchisee_id), GetClearingBalances(), now
    ).balances

    assert (net.debtor_id, net.amount_minor, net.closed_minor) == (None, 4_500, 6_000)
    ages = [(age.from_days, age.amount_minor) for age in net.ages]
    assert ages == [(0, 0), (31, 3_000), (61, 1_500), (91, 0)]
    close_all(shop, now + timedelta(days=1))
    paid = statement(shop, now.date())
    assert lines(paid) == [("paid", -1_500, 1_500)]
    assert shop.differences() == {}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"amount_minor": 2}, "PAYMENT_ID_TAKEN"),
        ({"id": new_id(), "payee_id": None}, "SAME_ENTITY"),
        ({"id": new_id(), "payee_id": new_id()}, "UNKNOWN_ENTITY"),
        ({"id": new_id(), "paid_on": date(2026, 3, 15)}, "PAYMENT_IN_FUTURE"),
    ],
)
def test_payments_that_cannot_be(shop: Shop, changed: dict[str, Any], code: str) -> None:
    values = {
        "id": new_id(), "payee_id": shop.franchisee_id, "currency": "CNY", "amount_minor": 1,
        "paid_on": TODAY, "reference": "B-1",
    }  # fmt: skip
    clearing_payments.record_payment(shop.session, shop.hq, RecordClearingPayment(**values), NOW)
    before = items(shop), shop.everything()

    with pytest.raises(Refusal, match=code):
        clearing_payments.record_payment(
            shop.session, shop.hq, RecordClearingPayment(**(values | changed)), NOW
        )

    assert (items(shop), shop.everything()) == before


def test_agreements_that_cannot_be(shop: Shop) -> None:
    third = new_id()
    shop.open_store(franchisee_id=third)
    to = {each: ClearingPair(acceptor_id=each) for each in (shop.franchisee_id, third)}
    made = agree(shop, to[third], NOW, expired_basis_points=6_000)
    share = ClearingTerms(expired_basis_points=5_000)
    plain = ClearingTerms()
    for fields, code in (
        ({"pair": ClearingPair(), "terms": plain}, "SAME_ENTITY"),
        ({"pair": ClearingPair(issuer_id=new_id()), "terms": plain}, "UNKNOWN_ENTITY"),
        ({"valid_from": NOW - timedelta(seconds=1), "terms": plain}, "AGREEMENT_IN_PAST"),
        ({"terms": share}, "EXPIRED_SHARE_OF_NOBODY"),
        ({"pair": to[shop.franchisee_id], "terms": share}, "EXPIRED_SHARES_TOO_HIGH"),
        ({"id": made.id, "pair": to[third], "terms": plain}, "AGREEMENT_ID_TAKEN"),
    ):
        command = PublishClearingAgreement(**({"id": new_id()} | fields))  # type: ignore[arg-type]
        with pytest.raises(Refusal, match=code):
            clearing_agreements.publish(shop.session, shop.hq, command, NOW)
    page = clearing_agreements.list_agreements(shop.session, shop.hq, ListClearingAgreements())
    assert page.items == [made]
    # The first one ends, and there is room again.
    agree(shop, to[third], NOW, expired_basis_points=5_000)
    assert agree(shop, to[shop.franchisee_id], NOW, expired_basis_points=5_000).version == 3


def test_each_sees_the_statements_of_their_own_entity(shop: Shop, member_id: UUID) -> None:
    shop.fill(member_id, points=1_000)
    order = buy(shop, member_id, shop.franchised_id, points=100)
    close_all(shop, NEXT_DAY)
    owner, stranger = owner_of(shop.franchisee_id), owner_of(new_id())

    assert statement(shop, TODAY, shop.franchisee_id, owner).accounts
    page = clearing_statements.explain(
        shop.session, owner, ExplainClearing(franchisee_id=shop.franchisee_id, day=TODAY)
    )
    (item,) = page.items
    assert (item.document_id, item.millionths) == (order.order_id, 100_000_000)
    moved = clearing_statements.list_statements(
        shop.session, owner, ListClearingStatements(franchisee_id=shop.franchisee_id)
    )
    assert [(each.day, each.closing_minor) for each in moved.items] == [(TODAY, 100)]
    assert not clearing_statements.list_statements(
        shop.session,
        owner,
        ListClearingStatements(franchisee_id=shop.franchisee_id, after=moved.cursors[0]),
    ).items
    nothing = clearing_statements.get_balances(shop.session, stranger, GetClearingBalances())
    assert nothing.balances == []
    for by, of in ((owner, None), (stranger, shop.franchisee_id), (shop.manager, None)):
        with pytest.raises(Forbidden):
            statement(shop, TODAY, of, by)
        with pytest.raises(Forbidden):
            clearing_statements.explain(shop.session, by, ExplainClearing(franchisee_id=of))
    with pytest.raises(Forbidden):
        clearing_statements.get_balances(
            shop.session, stranger, GetClearingBalances(franchisee_id=shop.franchisee_id)
        )


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE clearing_lines SET amount_minor = 0",
        "DELETE FROM clearing_balances",
        "DELETE FROM clearing_items",
        "UPDATE clearing_items SET day = NULL",
        "UPDATE clearing_days SET closed_at = now()",
        "TRUNCATE clearing_payments",
    ],
)
def test_k42_a_closed_statement_never_changes(shop: Shop, member_id: UUID, change: str) -> None:
    shop.fill(member_id, points=1_000)
    buy(shop, member_id, shop.franchised_id, points=100)
    close_all(shop, NEXT_DAY)

    with pytest.raises(DBAPIError, match="append-only"):
        shop.session.execute(text(change))


def test_k42_two_replicas_close_a_day_once_and_late_commits_are_cleared(
    database: Database,
) -> None:
    with database.transaction() as session:
        shop = Shop(session)
        shop.publish(EARN, SPEND, LADDER)
        member_id, late_id = shop.register(), shop.register()
        shop.fill(member_id, points=1_000)
        shop.fill(late_id, points=1_000)
        buy(shop, member_id, shop.franchised_id, points=100)
        shop.fill(member_id, points=1)

    def gather() -> int:
        with database.transaction() as session:
            return clearing.gather(session)

    with database.transaction() as slow:
        shop.session = slow
        buy(shop, late_id, shop.franchised_id, points=7)  # has its ids, but has not committed
        assert (gather(), gather()) == (0, 0)
    assert in_the_end(gather) > 0
    with database.transaction() as one:
        assert clearing_close.close(one, NEXT_DAY) == TODAY
        with database.transaction() as other:
            assert clearing_close.close(other, NEXT_DAY) is None
    with database.transaction() as session:
        assert clearing_close.close(session, NEXT_DAY) is None
        shop.session = session
        assert lines(statement(shop, TODAY)) == [("points_spent", 107, -107)]
        assert differences(session) == {}


RATES = {0: 80, 1: 33, 2: None}


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["earn", "spend", "return"]),
            st.integers(0, 2),
            st.integers(1, 60),
            st.integers(0, 1),
        ),
        max_size=12,
    )
)
def test_k42_nets_of_pairs_add_up_to_zero_and_to_the_ledger(
    shop: Shop, steps: list[tuple[str, int, int, int]]
) -> None:
    """For three entities and whatever they do: as an independent reckoning says."""
    nested = shop.session.begin_nested()
    third = new_id()
    stores = [shop.store_id, shop.franchised_id, shop.open_store(franchisee_id=third)]
    entities: list[UUID] = [OWN, shop.franchisee_id, third]
    for index, rate in RATES.items():
        for acceptor in (entities[:index] + entities[index + 1 :]) if rate else []:
            pair = ClearingPair(
                issuer_id=clearing.shown(entities[index]), acceptor_id=clearing.shown(acceptor)
            )
            agree(shop, pair, BEFORE, points_minor_per_hundred=rate)
    member_id = shop.register()
    expected: dict[tuple[UUID, UUID], Fraction] = defaultdict(Fraction)
    sold: list[tuple[Any, int, int]] = []
    now, has, issuer = NOW, 0, 0
    for kind, place, points, days in steps:
        now += timedelta(days=days)
        if kind == "earn":
            store = {"store_id": stores[place], "franchisee_id": clearing.shown(entities[place])}
            shop.place(shop.order(member_id, points * 100, placed_at=now, **store), now=now)
            has, issuer = shop.account(member_id).points, place
        elif kind == "spend" and points <= has:
            order = buy(shop, member_id, stores[place], now, points=points)
            sold.append((order, issuer, place))
            _owe(expected, entities, issuer, place, points)
            has, issuer = shop.account(member_id).points, place
        elif kind == "return" and sold:
            order, gave, took = sold.pop(0)
            bring_back(shop, order, Fraction(1), now)
            _owe(expected, entities, gave, took, -order.points)
            has = shop.account(member_id).points

    close_all(shop, now + timedelta(days=1))

    rows = shop.session.execute(
        text(
            "SELECT DISTINCT ON (entity_id, other_id) entity_id, other_id, closing_minor,"
            " millionths FROM clearing_balances ORDER BY entity_id, other_id, day DESC"
        )
    ).all()
    assert sum(row.closing_minor for row in rows) == 0
    exact = {(row.entity_id, row.other_id): Fraction(int(row.millionths), 10**6) for row in rows}
    for pair_of, amount in expected.items():
        assert exact.get(pair_of, 0) == amount
    assert all(abs(exact[row.entity_id, row.other_id] - row.closing_minor) <= Fraction(1, 2)
               for row in rows)  # fmt: skip
    assert shop.differences() == {}
    nested.rollback()


def _owe(
    expected: dict[tuple[UUID, UUID], Fraction],
    entities: list[UUID],
    issuer: int,
    acceptor: int,
    points: int,
) -> None:
    if issuer != acceptor:
        amount = Fraction(points * (RATES[issuer] or 100), 100)
        expected[entities[acceptor], entities[issuer]] += amount
        expected[entities[issuer], entities[acceptor]] -= amount
