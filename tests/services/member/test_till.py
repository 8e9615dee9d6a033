"""Whom a till knows without network: those who bought in its store lately or became members there,
and little of them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text

from services.member import profiles, till
from services.member.phones import Keyring
from shared.contracts.member.till import GetTillMembers, TillMembers
from shared.database import Database
from shared.errors import Forbidden
from shared.ids import new_id
from shared.seal import Role
from tests.services.at_rest import at_rest
from tests.services.member.conftest import open_store, registration, staff
from tests.services.member.test_races import database

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


__all__ = ["database"]


@pytest.fixture
def store(database: Database) -> UUID:
    with database.transaction() as session:
        return open_store(session)


def registered(database: Database, store: UUID, keys: Keyring, number: int, days: int) -> UUID:
    """Somebody who got their card in the store so many days ago, and has not bought."""
    with database.transaction() as session:
        made = profiles.register(
            session, keys, staff(Role.ASSOCIATE, store),
            registration(store, phone=f"1381234{number:04}", name=f"顾客{number}"),
        )  # fmt: skip
        at = {"id": made.id, "at": NOW - timedelta(days=days)}
        session.execute(text("UPDATE members SET registered_at = :at WHERE id = :id"), at)
        return made.id


def bought(database: Database, store: UUID, keys: Keyring, number: int, days: int = 1) -> UUID:
    """A member for years who bought in the store so many days ago."""
    made = registered(database, store, keys, number, days=1_000)
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO member_orders (order_id, member_id, store_id, business_date,"
                " placed_at, currency, total_minor, lines, voided)"
                " VALUES (:id, :member, :store, :day, :at, 'CNY', 1, '[]', false)"
            ),
            {"id": new_id(), "member": made, "store": store, "day": NOW.date(),
             "at": NOW - timedelta(days=days)},
        )  # fmt: skip
    return made


def asked(
    database: Database, store: UUID, version: str | None = None, **fields: Any
) -> TillMembers:
    with database.transaction() as session:
        command = GetTillMembers(store_id=store, since_version=version, **fields)
        return till.get_members(session, staff(Role.ASSOCIATE, store), command, NOW)


def change(database: Database, statement: str, **values: Any) -> None:
    with database.transaction() as session:
        session.execute(text(statement), values)


def test_who_bought_here_lately(database: Database, store: UUID, keys: Keyring) -> None:
    with database.transaction() as session:
        elsewhere = open_store(session)
    here = bought(database, store, keys, 1)
    bought(database, store, keys, 2, days=91)
    bought(database, elsewhere, keys, 3)
    change(database, "INSERT INTO member_tiers VALUES (:id, 1, 'gold')", id=here)

    (known,) = asked(database, store).items
    assert (known.id, known.name, known.last_four, known.tier) == (here, "顾客1", "0001", "gold")
    assert known.until == date(2026, 5, 29)
    assert asked(database, store, days=0).items == []


def test_who_got_a_card_here_lately_and_has_not_bought_yet(
    database: Database, store: UUID, keys: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        elsewhere = open_store(session)
    new = registered(database, store, keys, 1, days=2)
    registered(database, store, keys, 2, days=91)
    registered(database, elsewhere, keys, 3, days=1)

    (known,) = asked(database, store).items
    assert (known.id, known.name, known.until) == (new, "顾客1", date(2026, 5, 28))
    assert asked(database, store, days=2).items == []

    monkeypatch.setattr(till, "MEMBERS_LIMIT", 1)  # of both together, who was seen last
    later = bought(database, store, keys, 5, days=1)
    assert [each.id for each in asked(database, store).items] == [later]


def test_whom_no_staff_registered(
    database: Database, store: UUID, keys: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(number: int, days: int, home: UUID = store) -> UUID:
        """By an import or another system: nobody of the staff made the card."""
        made = registered(database, home, keys, number, days)
        change(database, "UPDATE members SET registered_by = NULL WHERE id = :id", id=made)
        return made

    with database.transaction() as session:
        other = open_store(session)
    elsewhere(1, days=1, home=other)
    elsewhere(2, days=91)
    older, newer = elsewhere(3, days=4), elsewhere(4, days=2)
    assert {each.id for each in asked(database, store).items} == {older, newer}
    version = at_rest(lambda version: asked(database, store, version))
    newest = elsewhere(5, days=1)
    assert [each.id for each in asked(database, store, version).items] == [newest]

    monkeypatch.setattr(till, "ELSEWHERE_LIMIT", 2)
    here = bought(database, store, keys, 6, days=80)
    monkeypatch.setattr(till, "MEMBERS_LIMIT", 3)  # who was here stands before the further ones
    assert {each.id for each in asked(database, store).items} == {newest, newer, here}
    monkeypatch.setattr(till, "MEMBERS_LIMIT", 4)
    assert older in {each.id for each in asked(database, store).items}


def test_who_registered_through_an_api_client(
    database: Database, store: UUID, keys: Keyring
) -> None:
    shop = msgspec.structs.replace(staff(Role.INTEGRATION, store), kind="client")
    with database.transaction() as session:
        made = profiles.register(session, keys, shop, registration(store, phone="13812340009"))
        command = GetTillMembers(store_id=store)
        found = till.get_members(session, staff(Role.ASSOCIATE, store), command)
    assert [each.id for each in found.items] == [made.id]


def test_then_only_who_has_changed(database: Database, store: UUID, keys: Keyring) -> None:
    one, other = bought(database, store, keys, 1), bought(database, store, keys, 2)
    assert {each.id for each in asked(database, store).items} == {one, other}
    version = at_rest(lambda version: asked(database, store, version))

    change(database, "INSERT INTO member_tiers VALUES (:id, 1, 'gold')", id=other)
    now = asked(database, store, version)
    assert ([each.tier for each in now.items], now.removed) == (["gold"], [])

    version = at_rest(lambda version: asked(database, store, version))
    change(database, "UPDATE members SET survivor_id = :one WHERE id = :other", one=one,
           other=other)  # fmt: skip
    merged = asked(database, store, version)
    assert ([each.id for each in merged.items], merged.removed) == ([one], [other])


def test_who_was_erased_is_removed(database: Database, store: UUID, keys: Keyring) -> None:
    member = bought(database, store, keys, 1)
    version = at_rest(lambda version: asked(database, store, version))
    change(database, "UPDATE members SET erased_at = now(), name = NULL WHERE id = :id", id=member)
    change(database, "INSERT INTO erased_members VALUES (:id, :id, '[]')", id=member)

    now = asked(database, store, version)
    assert (now.items, now.removed) == ([], [member])


def test_another_store_is_not_told(database: Database, store: UUID) -> None:
    stranger = staff(Role.ASSOCIATE, new_id())
    with pytest.raises(Forbidden), database.transaction() as session:
        till.get_members(session, stranger, GetTillMembers(store_id=store))
