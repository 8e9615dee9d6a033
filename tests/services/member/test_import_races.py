"""Imports while others are at work, on connections of their own."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.member import audit, import_work, imports, profiles
from services.member.phones import Keyring
from shared.contracts.member.imports import CancelImport, CheckImport
from shared.database import Database
from shared.errors import Refusal
from tests.services.member.conftest import open_store, registration
from tests.services.member.import_shop import MAPPING, ImportShop, hq, row
from tests.services.member.test_races import at_once, database

pytestmark = pytest.mark.long

__all__ = ["database"]


def ready(database: Database, keys: Keyring, rows: int, **fields: Any) -> Any:
    """A store, and an import that has been started there."""
    with database.transaction() as session:
        store_id = open_store(session)
        shop = ImportShop(session, keys, store_id)
        import_id = shop.upload([row(number) for number in range(rows)])
        shop.check(import_id, **fields)
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


def test_a_piece_that_another_has_is_left_to_them(database: Database, keys: Keyring) -> None:
    ready(database, keys, 1_000)

    with database.transaction() as other:
        other.execute(text("SELECT FROM import_chunks WHERE first_row = 2 FOR UPDATE"))
        with database.transaction() as session:
            assert import_work.work(session, keys)
        with database.transaction() as session:
            assert not import_work.work(session, keys)
            waiting = session.scalars(text("SELECT first_row FROM import_chunks")).all()
            done = session.scalar(text("SELECT done FROM imports"))
    assert (waiting, done) == ([2], 500)


def test_rows_that_fill_in_and_dry_runs_go_one_after_the_other(
    database: Database, keys: Keyring
) -> None:
    """Which of two rows for one member comes first matters."""
    store_id, _ = ready(database, keys, 1_000, existing="fill")
    with database.transaction() as first, database.transaction() as second:
        assert import_work.work(first, keys)
        assert not import_work.work(second, keys)
    with database.transaction() as session:
        shop = ImportShop(session, keys, store_id)
        shop.work()
        again = shop.upload([row(number, phone=f"139{number:08}") for number in range(1_000)])
        command = CheckImport(
            id=again, mapping=MAPPING, store_id=store_id, notice_version="2025-01"
        )
        imports.check(session, hq(), command)
    with database.transaction() as first, database.transaction() as second:
        assert import_work.work(first, keys)
        assert not import_work.work(second, keys)


def test_who_cancels_waits_for_the_piece_that_is_in_work(database: Database, keys: Keyring) -> None:
    store_id, import_id = ready(database, keys, 1_000)

    def cancel(session: Session) -> Any:
        return imports.cancel(session, hq(), CancelImport(id=import_id))

    answers = at_once(database, [lambda session: import_work.work(session, keys), cancel])

    with database.transaction() as session:
        shown = ImportShop(session, keys, store_id).get(import_id)
        left = session.scalar(text("SELECT count(*) FROM import_chunks"))
        members = session.scalar(text("SELECT count(*) FROM members"))
    assert not any(isinstance(each, Exception) for each in answers)
    assert (shown.state, left, members) == ("cancelled", 0, shown.created)
    assert shown.created in (0, 500)


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
