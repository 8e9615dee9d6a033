"""The audit log: what happened, by whom, newest first, for those who see the whole chain."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.event import listen
from sqlalchemy.exc import DBAPIError

from services.directory import audit_log
from services.directory.service import AUDITED, DirectoryService
from shared import inbox
from shared.contracts import Envelope, order
from shared.contracts import directory as contract
from shared.database import Database
from shared.errors import Forbidden, InvalidInput
from shared.ids import new_id
from shared.paging import encode_cursor
from shared.seal import Role, ScopeKind, seal
from shared.service import Transaction
from shared.settings import settings
from tests.services.directory.conftest import ADMINISTRATOR, NOW, caller, rows

KEY = "a key of the tests, which opens nothing else"


def envelope(
    minute: int = 0, subject: str = "s", header: str | None = None, **changes: Any
) -> Envelope[Any]:
    values: dict[str, Any] = {
        "id": new_id(),
        "source": "chainstitch/directory",
        "type": "directory.organisation_changed",
        "subject": subject,
        "sequence": 1,
        "time": NOW + timedelta(minutes=minute),
        "data": contract.OrganisationChanged(kind="brand", id=UUID(int=7)),
        "caller": header,
    }
    return Envelope(**(values | changes))


def record(transaction: Transaction, *envelopes: Envelope[Any]) -> None:
    with transaction() as session:
        audit_log.record(session, list(envelopes), KEY)


def listed(transaction: Transaction, **filters: Any) -> Any:
    with transaction() as session:
        return audit_log.list_audit(session, ADMINISTRATOR, contract.ListAudit(**filters))


def test_an_event_is_recorded_with_its_caller(transaction: Transaction) -> None:
    event = envelope(subject="a brand", header=seal(ADMINISTRATOR, KEY))

    record(transaction, event)

    (entry,) = listed(transaction).items
    assert (entry.event_id, entry.at, entry.caller_kind, entry.caller_id, entry.type,
            entry.subject) == (
        event.id, NOW, "staff", ADMINISTRATOR.id, "directory.organisation_changed", "a brand",
    )  # fmt: skip
    assert json.loads(entry.detail) == {"kind": "brand", "id": str(UUID(int=7)), "active": True}


@pytest.mark.parametrize(
    ("header", "kind"),
    [(None, None), ("forged.seal", "unverified"), (seal(ADMINISTRATOR, "other"), "unverified")],
)
def test_an_event_without_a_caller_one_can_trust_is_recorded_all_the_same(
    transaction: Transaction, header: str | None, kind: str | None
) -> None:
    record(transaction, envelope(header=header))

    (entry,) = listed(transaction).items
    assert (entry.caller_kind, entry.caller_id) == (kind, None)


def test_a_batch_is_one_statement_and_a_repeated_event_one_row(database: Database) -> None:
    batch = [envelope(minute) for minute in range(50)]
    sent: list[str] = []
    listen(database.engine, "after_cursor_execute", lambda *args: sent.append(args[2]))

    record(database.transaction, *batch)
    assert len(sent) == 1
    record(database.transaction, *batch[:3])

    assert len(rows(database.transaction, "audit_entries")) == 50


def test_pages_go_from_new_to_old_without_gap_or_repetition(transaction: Transaction) -> None:
    batch = [envelope(minute // 3) for minute in range(10)]
    record(transaction, *batch)

    seen, after = [], None
    while True:
        page = listed(transaction, first=4, after=after)
        seen += page.items
        if not page.has_next:
            break
        after = page.cursors[-1]

    expected = sorted(batch, key=lambda event: (event.time, event.id), reverse=True)
    assert [entry.event_id for entry in seen] == [event.id for event in expected]


def test_filters(transaction: Transaction) -> None:
    other = caller(Role.STORE_MANAGER)
    first = envelope(1, "a", seal(other, KEY))
    second = envelope(2, "b", type="directory.store_changed")
    record(transaction, first, second)

    assert [e.event_id for e in listed(transaction, subject="a").items] == [first.id]
    assert [e.event_id for e in listed(transaction, caller_id=other.id).items] == [first.id]
    assert [e.event_id for e in listed(transaction, type=second.type).items] == [second.id]
    assert listed(transaction, subject="a", type=second.type).items == []


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "令牌",
        encode_cursor("only one"),
        encode_cursor("no number", str(UUID(int=1))),
        encode_cursor(1, "no id"),
        encode_cursor(10**18, str(UUID(int=1))),
        encode_cursor(10**30, str(UUID(int=1))),
    ],
)
def test_a_foreign_cursor_is_refused(transaction: Transaction, cursor: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        listed(transaction, after=cursor)

    assert refused.value.code == "INVALID_CURSOR"


@pytest.mark.parametrize("kind", [ScopeKind.STORE, ScopeKind.FRANCHISEE, ScopeKind.REGION])
def test_who_sees_a_part_of_the_chain_does_not_read_the_log(
    transaction: Transaction, kind: ScopeKind
) -> None:
    part = caller(Role.AUDITOR, kind, new_id())

    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"), transaction() as session:
        audit_log.list_audit(session, part, contract.ListAudit())


@pytest.mark.parametrize("change", ["UPDATE audit_entries SET subject = ''",
                                    "DELETE FROM audit_entries", "TRUNCATE audit_entries",
                                    "UPDATE sign_in_policy SET attempts = 100",
                                    "DELETE FROM sign_in_policy"])  # fmt: skip
def test_what_was_written_stays(transaction: Transaction, change: str) -> None:
    record(transaction, envelope())
    before = rows(transaction, "audit_entries"), rows(transaction, "sign_in_policy")

    with pytest.raises(DBAPIError, match="append-only"), transaction() as session:
        session.execute(text(change))

    assert (rows(transaction, "audit_entries"), rows(transaction, "sign_in_policy")) == before


def test_every_audited_event_and_no_other_reaches_the_log() -> None:
    handler: Callable[..., Any] = DirectoryService.on_audited_event

    heard = {entrypoint.event_type for entrypoint in handler.nameko_entrypoints}

    assert heard == set(AUDITED)
    assert {contract.StoreChanged, contract.SignInObserved, order.OrderVoided} <= heard
    assert not any(event.type == "order.order_placed" for event in heard)


def test_a_delivered_event_is_recorded_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("DATABASE_URL", "postgresql://x"), ("AMQP_URI", "amqp://x"),
                        ("SEAL_KEY", KEY)):  # fmt: skip
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    event = envelope(header=seal(ADMINISTRATOR, KEY))

    for _ in range(2):
        inbox.apply(database, "on_audited_event", DirectoryService.on_audited_event, [event])

    settings.cache_clear()
    (entry,) = rows(database.transaction, "audit_entries")
    assert (entry["event_id"], entry["caller_id"]) == (event.id, ADMINISTRATOR.id)
