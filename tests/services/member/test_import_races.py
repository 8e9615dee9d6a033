"""Imports while others are at work, on connections of their own."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.member import audit, import_work, imports, profiles
from services.member.phones import Keyring
from shared.database import Database
from shared.errors import Refusal
from tests.services.member.conftest import open_store, registration
from tests.services.member.import_shop import ImportShop, hq, row
from tests.services.member.test_races import at_once, database

pytestmark = pytest.mark.long

__all__ = ["database"]


def ready(database: Database, keys: Keyring, rows: int) -> Any:
    """A store, and an import that has been started there."""
    with database.transaction() as session:
        store_id = open_store(session)
        shop = ImportShop(session, keys, store_id)
        import_id = shop.upload([row(number) for number in range(rows)])
        shop.check(import_id)
        shop.start(import_id)
    return store_id, import_id


def test_two_workers_import_every_row_once(database: Database, keys: Keyring) -> None:
    store_id, import_id = ready(database, keys, 2_000)

    def working(session: Session) -> int:
        return int(import_work.work(session, keys))

    pieces = 0
    while worked := sum(map(int, at_once(database, [working, working]))):
        pieces += worked

    with database.transaction() as session:
        done = session.execute(
            text("SELECT state, created, done FROM imports WHERE id = :id"), {"id": import_id}
        ).one()
        told = ImportShop(session, keys, store_id).told()
        left = {name: session.execute(text(check)).all() for name, check in audit.CHECKS.items()}
    assert (tuple(done), pieces) == (("finished", 2_000, 2_000), 2_000 // imports.CHUNK_ROWS)
    assert len({each.member_id for each in told}) == len(told) == 2_000
    assert not any(left.values())


def test_one_who_registers_meanwhile_is_found(database: Database, keys: Keyring) -> None:
    """The same person at the counter and in the file: whoever is first makes the member."""
    store_id, _ = ready(database, keys, 100)

    def register(session: Session) -> Any:
        command = registration(store_id, phone="13800000050")
        return profiles.register(session, keys, hq(), command)

    answers = at_once(database, [register, lambda session: import_work.work(session, keys)])

    with database.transaction() as session:
        members = session.scalar(text("SELECT count(*) FROM members"))
        created = session.scalar(text("SELECT created FROM imports"))
    assert members == 100
    refused = isinstance(answers[0], Refusal)
    assert created == (100 if refused else 99)
