from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from services.inventory import catalogue, prices
from shared.contracts.inventory import GetStyle, SetPrice
from shared.errors import Forbidden, InvalidInput
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from tests.services.inventory.givens import (
    HQ,
    NOW,
    a_store,
    a_style,
    at,
    caller,
    everything,
    refused,
    saved,
    told,
)

DAY = timedelta(days=1)


def a_price(style_id: UUID, price_minor: int = 80, **fields: object) -> SetPrice:
    given = {"id": new_id(), "scope": "chain", "valid_from": NOW, **fields}
    return msgspec.convert(
        {**given, "style_id": style_id, "price_minor": price_minor}, SetPrice, strict=False
    )


def price_in(session: Session, store_id: UUID, style_id: UUID, now: datetime) -> int:
    command = GetStyle(id=style_id, store_id=store_id)
    return catalogue.get_style(session, HQ, command, now).skus[0].price_minor


def test_the_narrowest_price_wins_and_then_the_latest(session: Session) -> None:
    franchisee = new_id()
    own, franchised = a_store(session), a_store(session, franchisee_id=franchisee)
    sibling = a_store(session, franchisee_id=franchisee)
    style = a_style(list_price_minor=100)
    saved(session, style, now=NOW - 10 * DAY)
    for price in (
        a_price(style.id, 95, valid_from=NOW - DAY),
        a_price(style.id, 85, scope="franchisee", scope_id=franchisee, valid_from=NOW - 5 * DAY),
        a_price(style.id, 70, scope="store", scope_id=franchised, valid_from=NOW - 3 * DAY),
        a_price(style.id, 75, scope="store", scope_id=franchised, valid_from=NOW - 2 * DAY),
        a_price(style.id, 60, valid_from=NOW + DAY),
    ):
        prices.set_price(session, HQ, price)

    assert price_in(session, own, style.id, NOW - 2 * DAY) == 100
    assert price_in(session, own, style.id, NOW) == 95
    assert price_in(session, own, style.id, NOW + DAY) == 60
    assert price_in(session, sibling, style.id, NOW + DAY) == 85
    assert price_in(session, franchised, style.id, NOW - 4 * DAY) == 85
    assert price_in(session, franchised, style.id, NOW + DAY) == 75


def test_of_two_prices_for_the_same_moment_the_later_word_counts(session: Session) -> None:
    store_id, style = a_store(session), a_style()
    saved(session, style, now=NOW - DAY)
    prices.set_price(session, HQ, a_price(style.id, 80))
    prices.set_price(session, HQ, a_price(style.id, 79))

    assert price_in(session, store_id, style.id, NOW) == 79
    assert [price["price_minor"] for price in told(session, "price_changed")] == [29_900, 80, 79]


def test_a_price_sent_twice_is_there_once(session: Session) -> None:
    style = a_style()
    saved(session, style)
    price = a_price(style.id)
    first = prices.set_price(session, HQ, price)
    before = everything(session)

    assert prices.set_price(session, HQ, price) == first
    assert everything(session) == before
    with refused(session, "PRICE_ID_TAKEN"):
        prices.set_price(session, HQ, msgspec.structs.replace(price, price_minor=1))


def test_a_manager_sets_the_price_of_her_store_only(session: Session) -> None:
    mine, other, style = a_store(session), a_store(session), a_style()
    saved(session, style)
    manager = at(mine, Role.STORE_MANAGER)

    prices.set_price(session, manager, a_price(style.id, scope="store", scope_id=mine))

    with refused(session, "FORBIDDEN_SCOPE"):
        prices.set_price(session, manager, a_price(style.id, scope="store", scope_id=other))
    with refused(session, "FORBIDDEN_ROLE"):
        prices.set_price(session, manager, a_price(style.id))


def test_a_franchise_owner_sets_the_price_of_all_her_stores(session: Session) -> None:
    franchisee, stranger, style = new_id(), new_id(), a_style()
    a_store(session, franchisee_id=franchisee)
    a_store(session, franchisee_id=stranger)
    saved(session, style)
    owner = caller(Role.FRANCHISE_OWNER, ScopeKind.FRANCHISEE, franchisee)

    price = a_price(style.id, scope="franchisee", scope_id=franchisee)
    prices.set_price(session, owner, price)

    with refused(session, "FORBIDDEN_SCOPE"):
        prices.set_price(session, owner, a_price(style.id, scope="franchisee", scope_id=stranger))
    with refused(session, "UNKNOWN_FRANCHISEE"):
        prices.set_price(session, owner, a_price(style.id, scope="franchisee", scope_id=new_id()))


def test_hq_of_a_region_sets_no_price_for_the_chain(session: Session) -> None:
    style = a_style()
    saved(session, style)
    regional: Caller = caller(Role.HQ_OPERATIONS, ScopeKind.REGION, new_id())
    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        prices.set_price(session, regional, a_price(style.id))
    assert len(told(session, "price_changed")) == 1


def test_unknown_style_store_and_currency_are_refused(session: Session) -> None:
    store_id, style = a_store(session), a_style()
    saved(session, style)
    with refused(session, "UNKNOWN_STYLE"):
        prices.set_price(session, HQ, a_price(new_id()))
    with refused(session, "UNKNOWN_STORE"):
        prices.set_price(session, HQ, a_price(style.id, scope="store", scope_id=new_id()))
    with refused(session, "CURRENCY_MISMATCH", expected="CNY"):
        prices.set_price(
            session, HQ, a_price(style.id, scope="store", scope_id=store_id, currency="HKD")
        )
    with refused(session, "CURRENCY_MISMATCH", expected="CNY"):
        prices.set_price(session, HQ, a_price(style.id, currency="HKD"))


@pytest.mark.parametrize(
    "fields",
    [{"scope": "store"}, {"scope": "chain", "scope_id": new_id()},
     {"valid_from": datetime(2026, 1, 1)}],  # noqa: DTZ001
)  # fmt: skip
def test_a_price_that_makes_no_sense_is_refused(
    session: Session, fields: dict[str, object]
) -> None:
    style = a_style()
    saved(session, style)
    with pytest.raises(InvalidInput):
        prices.set_price(session, HQ, a_price(style.id, **fields))


def test_a_store_sees_prices_of_its_own_currency_first(session: Session) -> None:
    mainland, hongkong = a_store(session), a_store(session, currency="HKD")
    style = a_style(list_price_minor=100)
    saved(session, style, now=NOW - DAY)
    prices.set_price(session, HQ, a_price(style.id, 120, currency="HKD"))

    assert price_in(session, mainland, style.id, NOW) == 100
    assert price_in(session, hongkong, style.id, NOW) == 120


def test_prices_are_never_changed(session: Session) -> None:
    saved(session, a_style())
    for change in ("UPDATE prices SET price_minor = 1", "DELETE FROM prices", "TRUNCATE prices"):
        with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
            session.execute(text(change))
