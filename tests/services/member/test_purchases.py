"""What is known from purchases (M3): added once, taken back exactly, in two statements a batch."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from services.member import duplicate_audit, file_audit, profiles, purchases, tag_audit
from services.member.audit import CHECKS
from services.member.phones import Keyring
from services.member.service import MemberService
from shared.contracts import Envelope, Event
from shared.contracts.member import GetMembers, Member, Purchases
from shared.contracts.order import OrderLine, OrderPlaced, OrderVoided
from shared.database import Database
from shared.ids import new_id
from shared.inbox import apply
from shared.seal import Caller

STORE, OTHER_STORE = UUID(int=101), UUID(int=102)
DRESS, SHIRT, COAT = UUID(int=1), UUID(int=2), UUID(int=3)
CATEGORIES = {DRESS: "dresses", SHIRT: "tops", COAT: "coats"}
START = datetime(2025, 1, 1, 4, tzinfo=UTC)


def envelope(data: Event, subject: UUID, sequence: int) -> Envelope[Any]:
    return Envelope(
        id=new_id(),
        source="chainstitch/order",
        type=data.type,
        subject=str(subject),
        sequence=sequence,
        time=datetime.now(UTC),
        data=data,
    )


def placed(
    member_id: UUID | None,
    pieces: dict[UUID, int],
    total_minor: int,
    day: int = 0,
    store_id: UUID = STORE,
    currency: str = "CNY",
) -> Envelope[OrderPlaced]:
    """A sale on the day `day` after 1 January 2025."""
    at = START + timedelta(days=day)
    order = OrderPlaced(
        order_id=new_id(),
        store_id=store_id,
        franchisee_id=None,
        member_id=member_id,
        staff_id=UUID(int=9),
        channel="store",
        business_date=at.date(),
        placed_at=at,
        currency=currency,
        total_minor=total_minor,
        points_minor=0,
        wallet_minor=0,
        points=0,
        tier=None,
        lines=[
            OrderLine(
                sku_id=sku_id,
                style_id=sku_id,
                category=CATEGORIES[sku_id],
                quantity=quantity,
                net_minor=100,
            )
            for sku_id, quantity in pieces.items()
        ],
        promotions=[],
        receipt_number="1",
        fact=False,
    )
    return envelope(order, order.order_id, 1)


def voided(sale: Envelope[OrderPlaced]) -> Envelope[OrderVoided]:
    order = sale.data
    void = OrderVoided(
        order_id=order.order_id,
        store_id=order.store_id,
        member_id=order.member_id,
        business_date=order.business_date,
        total_minor=order.total_minor,
        reason="mistyped",
    )
    return envelope(void, order.order_id, 2)


def differences(session: Session) -> dict[str, list[Any]]:
    found = {name: list(session.execute(text(sql)).all()) for name, sql in CHECKS.items()}
    return {name: rows for name, rows in found.items() if rows}


@pytest.fixture
def known(session: Session, keys: Keyring, associate: Caller) -> Callable[[Member], Purchases]:
    def read(member: Member) -> Purchases:
        answer = profiles.get_members(session, keys, associate, GetMembers(ids=[member.id]))
        return answer.items[0].purchases

    return read


def test_purchases_are_known_over_all_stores(
    session: Session, register: Callable[..., Member], known: Callable[[Member], Purchases]
) -> None:
    member = register()

    purchases.on_order_placed(
        session,
        [
            placed(member.id, {DRESS: 1, SHIRT: 2}, 30_000, day=3, store_id=OTHER_STORE),
            placed(member.id, {SHIRT: 1}, 10_001, day=1),
            placed(None, {COAT: 5}, 99_999, day=5),
        ],
    )
    purchases.on_order_placed(session, [placed(member.id, {COAT: 2}, 20_000, day=2)])

    assert known(member) == Purchases(
        first_on=date(2025, 1, 2),
        last_on=date(2025, 1, 4),
        last_store_id=OTHER_STORE,
        count=3,
        spent_minor=60_001,
        average_minor=20_000,
        currency="CNY",
        favourite_categories=["tops", "coats", "dresses"],
        favourite_sku_ids=[SHIRT, COAT, DRESS],
    )
    assert differences(session) == {}


def test_an_average_is_rounded_half_up(
    session: Session, register: Callable[..., Member], known: Callable[[Member], Purchases]
) -> None:
    member = register()

    purchases.on_order_placed(
        session, [placed(member.id, {DRESS: 1}, 100), placed(member.id, {DRESS: 1}, 101)]
    )

    assert known(member).average_minor == 101


def test_a_void_restores_what_was_known(
    session: Session, register: Callable[..., Member], known: Callable[[Member], Purchases]
) -> None:
    member = register()
    first = placed(member.id, {DRESS: 1, SHIRT: 2}, 30_000, day=1)
    purchases.on_order_placed(session, [first])
    before = known(member)
    earlier = placed(member.id, {COAT: 9}, 500, day=0, store_id=OTHER_STORE)
    later = placed(member.id, {SHIRT: 4}, 700, day=2, store_id=OTHER_STORE)
    purchases.on_order_placed(session, [earlier, later])
    during = known(member)

    purchases.on_order_voided(session, [voided(earlier), voided(later)])

    assert (during.count, during.last_store_id) == (3, OTHER_STORE)
    assert known(member) == before
    assert differences(session) == {}
    purchases.on_order_voided(session, [voided(first)])
    assert known(member) == Purchases()
    assert differences(session) == {}


def test_a_void_counts_once(
    session: Session, register: Callable[..., Member], known: Callable[[Member], Purchases]
) -> None:
    member = register()
    sales = [placed(member.id, {DRESS: 1}, 100), placed(member.id, {DRESS: 1}, 300)]
    purchases.on_order_placed(session, sales)

    purchases.on_order_voided(session, [voided(sales[0]), voided(sales[0])])
    purchases.on_order_voided(session, [voided(sales[0])])

    assert (known(member).count, known(member).spent_minor) == (1, 300)
    assert differences(session) == {}


def test_a_void_that_comes_first_leaves_nothing_to_count(
    session: Session, register: Callable[..., Member], known: Callable[[Member], Purchases]
) -> None:
    member = register()
    sale = placed(member.id, {DRESS: 1}, 100)

    purchases.on_order_voided(session, [voided(sale)])
    purchases.on_order_placed(session, [sale])

    assert known(member) == Purchases()
    assert differences(session) == {}


def test_orders_may_come_before_their_member_is_known(
    session: Session, register: Callable[..., Member], known: Callable[[Member], Purchases]
) -> None:
    member_id = new_id()
    purchases.on_order_placed(session, [placed(member_id, {DRESS: 1}, 100)])

    member = register(member_id=member_id)

    assert known(member).spent_minor == 100


def test_amounts_of_two_currencies_are_not_added_up(
    session: Session, register: Callable[..., Member], known: Callable[[Member], Purchases]
) -> None:
    member = register()

    purchases.on_order_placed(
        session,
        [
            placed(member.id, {DRESS: 1}, 100, day=0),
            placed(member.id, {DRESS: 1}, 101, day=1),
            placed(member.id, {COAT: 1}, 9_000, day=2, store_id=OTHER_STORE, currency="HKD"),
        ],
    )

    facts = known(member)
    assert (facts.currency, facts.count, facts.spent_minor) == ("CNY", 2, 201)
    assert (facts.first_on, facts.last_on) == (date(2025, 1, 1), date(2025, 1, 3))
    assert facts.last_store_id == OTHER_STORE
    assert differences(session) == {}


def test_the_audit_sees_what_is_wrong(session: Session, register: Callable[..., Member]) -> None:
    member = register(birthday=date(1990, 5, 1))
    other = register(phone="13900000002")
    purchases.on_order_placed(session, [placed(member.id, {DRESS: 1}, 100)])
    for statement in (
        "UPDATE purchase_facts SET spent_minor = 101",
        "UPDATE purchased_skus SET pieces = 2",
        "UPDATE purchased_categories SET category = 'others'",
        "ALTER TABLE consents DISABLE TRIGGER USER",
        "UPDATE consents SET granted = false",
        "INSERT INTO consents (member_id, purpose, channel, notice_version, granted, recorded_by,"
        " recorded_by_kind) SELECT gen_random_uuid(), purpose, channel, notice_version, granted,"
        " recorded_by, recorded_by_kind FROM consents",
        "UPDATE member_orders SET voided = true",
        "ALTER TABLE happenings DISABLE TRIGGER USER",
        "UPDATE happenings SET figures = '{}' WHERE kind = 'purchase'",
        "DELETE FROM happenings WHERE kind = 'joined'",
        "UPDATE birthdays SET year = NULL, due_at = '2020-01-01'",
        "INSERT INTO member_orders (order_id, member_id, store_id, business_date, placed_at,"
        " currency, total_minor, lines, voided, returns) SELECT gen_random_uuid(), member_id,"
        " store_id, business_date, placed_at, 'XXX', 0, '[]', true, 1 FROM member_orders",
        """INSERT INTO imports (id, version, state, file_name, headers, caller, scope_kind,
            finished_at, points) VALUES (gen_random_uuid(), 1, 'finished', '', '{}', '{}',
            'chain', now(), 1)""",
        "INSERT INTO import_keys (import_id, key, row) SELECT id, 'x', 2 FROM imports",
        "DELETE FROM identifiers",
        """INSERT INTO retention_runs (id, version, author_id, body, as_of, counts)
            VALUES (gen_random_uuid(), 1, gen_random_uuid(), '{}', now(), '{"birthday": 1}')""",
        f"UPDATE members SET survivor_id = '{other.id}' WHERE id = '{member.id}'",
    ):
        session.execute(text(statement))

    elsewhere = (tag_audit.CHECKS, duplicate_audit.CHECKS, file_audit.CHECKS)
    asked = set(CHECKS).difference(*elsewhere)
    session.execute(text("DELETE FROM duplicate_changes"))
    assert set(differences(session)) == {name for name in asked if "eras" not in name}


STEPS = st.lists(
    st.tuples(
        st.integers(0, 5),  # which of six orders
        st.booleans(),  # placed or voided
    ),
    max_size=20,
)
BASKETS = st.dictionaries(st.sampled_from([DRESS, SHIRT, COAT]), st.integers(1, 9), min_size=1)


@given(
    baskets=st.lists(
        st.tuples(BASKETS, st.integers(0, 10**6), st.integers(0, 30)), min_size=6, max_size=6
    ),
    batches=st.lists(STEPS, max_size=4),
)
@example_settings(max_examples=30, deadline=None)
def test_whatever_comes_and_how_often_the_facts_are_those_of_standing_orders(
    service_engine: Callable[[str], Engine], baskets: list[Any], batches: list[Any]
) -> None:
    members = [new_id(), new_id()]
    sales = [
        placed(members[index % 2], pieces, total, day)
        for index, (pieces, total, day) in enumerate(baskets)
    ]
    seen: set[int] = set()
    gone: set[int] = set()
    with service_engine("member").connect() as connection, Session(connection) as session:
        for batch in batches:
            added = [index for index, is_sale in batch if is_sale]
            taken = [index for index, is_sale in batch if not is_sale]
            purchases.on_order_placed(session, [sales[index] for index in added])
            purchases.on_order_voided(session, [voided(sales[index]) for index in taken])
            seen |= set(added)
            gone |= set(taken)

        rows = session.execute(
            text("SELECT member_id, orders, spent_minor, last_at FROM purchase_facts")
        )
        kept = {row.member_id: tuple(row)[1:] for row in rows if row.orders}
        wrong = differences(session)
        session.rollback()

    assert wrong == {}
    expected = {}
    for member_id in members:
        standing = [
            sales[index].data for index in seen - gone if sales[index].data.member_id == member_id
        ]
        if standing:
            expected[member_id] = (
                len(standing),
                sum(order.total_minor for order in standing),
                max(order.placed_at for order in standing),
            )
    assert kept == expected


@pytest.fixture
def database(own_database: Callable[..., Database]) -> Database:
    return own_database("member")


@pytest.fixture
def statements(database: Database) -> list[str]:
    """The statements sent to the database, in order."""
    sent: list[str] = []
    event.listen(
        database.engine,
        "after_cursor_execute",
        lambda _conn, _cursor, sql, *_: sent.append(sql),
    )
    return sent


@pytest.mark.parametrize("lines", [1, 3])
def test_a_batch_of_fifty_is_two_statements(
    database: Database, statements: list[str], lines: int
) -> None:
    pieces = dict.fromkeys([DRESS, SHIRT, COAT][:lines], 1)
    members = [new_id() for _ in range(10)]
    sales = [placed(members[number % 10], pieces, 100) for number in range(50)]

    apply(database, "on_order_placed", MemberService.on_order_placed, sales)
    on_sales = len(statements)
    apply(database, "on_order_voided", MemberService.on_order_voided, [*map(voided, sales)])

    assert (on_sales, len(statements)) == (2, 4)
    with database.transaction() as session:
        counted = session.execute(
            text("SELECT count(*), sum(orders), sum(spent_minor) FROM purchase_facts")
        ).one()
        assert tuple(counted) == (10, 0, 0)
        assert differences(session) == {}


def test_orders_without_a_member_cost_the_inbox_alone(
    database: Database, statements: list[str]
) -> None:
    apply(database, "on_order_placed", MemberService.on_order_placed, [placed(None, {DRESS: 1}, 1)])

    assert len(statements) == 1


def test_an_event_delivered_twice_counts_once(database: Database) -> None:
    member_id = new_id()
    sales = [placed(member_id, {DRESS: 1}, 100), placed(member_id, {DRESS: 1}, 100)]
    for batch in ([*sales, sales[0]], [sales[1]], sales):
        apply(database, "on_order_placed", MemberService.on_order_placed, batch)

    with database.transaction() as session:
        row = session.execute(
            text("SELECT orders, spent_minor FROM purchase_facts WHERE member_id = :id"),
            {"id": member_id},
        ).one()
        assert tuple(row) == (2, 200)
