"""Opening balances of imported members: booked once for each row of an import (K30).

The other side of each is a counter account of the member's home store, which owes the value from
then on. Points have the life of their day of earning: the oldest ones may expire at once.
"""

from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty import accounts, ledger, lots, rules
from services.loyalty.ledger import Journal, Place
from shared import outbox
from shared.contracts import Envelope
from shared.contracts.loyalty.openings import OpeningsBooked
from shared.contracts.member.imports import Opening, OpeningsBroughtIn
from shared.ids import new_id

_DOCUMENTS = uuid5(NAMESPACE_URL, "chainstitch:loyalty:openings")
_WALLET = (
    ("principal", "principal_minor", "wallet_opening"),
    ("bonus", "bonus_minor", "bonus_opening"),
)
log = structlog.get_logger()
Brought = dict[tuple[UUID, int], Opening]


def on_openings_brought_in(session: Session, envelopes: list[Envelope[OpeningsBroughtIn]]) -> None:
    """Book what members brought along."""
    book(session, [envelope.data for envelope in envelopes], datetime.now(UTC))


def book(session: Session, events: list[OpeningsBroughtIn], now: datetime) -> None:
    """The same at a given time: one journal for all rows, and an answer for each import."""
    brought = {(each.import_id, item.row): item for each in events for item in each.items}
    for row in session.execute(_BOOKED, {"rows": _keys(brought)}):
        del brought[row.import_id, row.row]
    if not brought:
        return
    _open_missing(session, brought.values())
    survivors, closed = _survivors(session, brought.values())
    members = sorted({*survivors, *survivors.values()})
    journal = Journal(ledger.lock(session, members), now)
    expiry = rules.in_force(session, "expiry", now) or (None, None)
    rows = [
        _nothing(key, item)
        if survivors[item.member_id] in closed
        else _enter(journal, key, item, survivors[item.member_id], expiry)
        for key, item in sorted(brought.items())
    ]
    journal.write(session)
    session.execute(_RECORD, {"rows": msgspec.json.encode(rows).decode(), "now": now})
    _tell(session, rows)


def document_of(import_id: UUID, row: int) -> UUID:
    """The document under which a row's opening balances are in the ledger."""
    return uuid5(_DOCUMENTS, f"{import_id}:{row}")


def _open_missing(session: Session, items: Collection[Opening]) -> None:
    """The accounts of those of whom nothing was heard yet, or who wait for a currency."""
    ids = sorted({item.member_id for item in items})
    opened = set(session.scalars(_OPENED, {"member_ids": ids}))
    missing = [
        accounts.Opening(item.member_id, item.store_id, item.currency)
        for item in items
        if item.member_id not in opened
    ]
    if missing:
        accounts.open_accounts(session, missing)


def _survivors(session: Session, items: Collection[Opening]) -> tuple[dict[UUID, UUID], set[UUID]]:
    """Whom the members of these rows stand for, with open accounts, and who of all is erased; none
    of it changes any more until the transaction ends."""
    ids = sorted({item.member_id for item in items})
    rows = {row.member_id: row for row in session.execute(_LOCK, {"member_ids": ids})}
    if not {rows[id_].survivor_id or id_ for id_ in ids} <= set(rows):
        # A merge came between: what is locked now cannot change any more.
        rows = {row.member_id: row for row in session.execute(_LOCK, {"member_ids": ids})}
    survivors = {id_: rows[id_].survivor_id or id_ for id_ in ids}
    openings = [
        accounts.Opening(survivors[item.member_id], None, item.currency)
        for item in items
        if survivors[item.member_id] != item.member_id
    ]
    if openings:
        accounts.open_accounts(session, openings)
    return survivors, {id_ for id_, row in rows.items() if row.closed_at is not None}


def _enter(
    journal: Journal,
    key: tuple[UUID, int],
    item: Opening,
    survivor_id: UUID,
    expiry: tuple[Any, Any],
) -> dict[str, Any]:
    """Put a row into the journal; returns what of it could be booked. Money in a currency that the
    survivor's wallet has not stays with the id that was merged, as a merge leaves it."""
    import_id, row = key
    document = (document_of(import_id, row), "opening")
    place = Place(item.store_id, item.franchisee_id)
    detail = f"import {import_id}, row {row}"
    version, rule = expiry
    journal.credit(
        document,
        journal.balance(survivor_id, "points"),
        item.points,
        "points_opening",
        place,
        life=lots.life_of(rule, version, item.earned_on, item.time_zone),
        reason="opening",
        detail=detail,
    )
    booked = {"points": item.points, "principal_minor": 0, "bonus_minor": 0}
    for kind, name, counter in _WALLET:
        balance, amount = journal.balance(survivor_id, kind), getattr(item, name)
        if balance.unit != item.currency:
            balance = journal.balance(item.member_id, kind)
        if balance.unit != item.currency:
            if amount:  # the control total does not agree then, and the audit shows it
                log.error("a wallet has another currency", import_id=str(import_id), row=row)
            continue
        journal.credit(document, balance, amount, counter, place, reason="opening", detail=detail)
        booked[name] = amount
    known = msgspec.structs.asdict(item) | booked
    return known | {"import_id": import_id, "document_id": document[0]}


def _nothing(key: tuple[UUID, int], item: Opening) -> dict[str, Any]:
    """The accounts were closed while the row was on its way: no value goes to nobody, and the
    audit shows that it is missing."""
    import_id, row = key
    log.error("the accounts of a member are closed", import_id=str(import_id), row=row)
    nothing = {"points": 0, "principal_minor": 0, "bonus_minor": 0}
    known = msgspec.structs.asdict(item) | nothing
    return known | {"import_id": import_id, "document_id": document_of(import_id, row)}


def _tell(session: Session, rows: list[dict[str, Any]]) -> None:
    sums: dict[UUID, Counter[str]] = {}
    for row in rows:
        counted = sums.setdefault(row["import_id"], Counter())
        counted["rows"] += 1
        for name in ("points", "principal_minor", "bonus_minor"):
            counted[name] += row[name]
    told = (
        OpeningsBooked(
            import_id=import_id,
            rows=counted["rows"],
            points=counted["points"],
            principal_minor=counted["principal_minor"],
            bonus_minor=counted["bonus_minor"],
        )
        for import_id, counted in sums.items()
    )
    outbox.emit(session, *((event, new_id(), 1) for event in told))


def _keys(brought: Brought) -> str:
    rows = [{"import_id": import_id, "row": row} for import_id, row in brought]
    return msgspec.json.encode(rows).decode()


_BOOKED = text(
    'SELECT o.import_id, o."row" FROM openings o JOIN json_to_recordset(CAST(:rows AS json))'
    ' AS w(import_id uuid, "row" int) ON w.import_id = o.import_id AND w."row" = o."row"'
)
_OPENED = text(
    "SELECT member_id FROM member_accounts WHERE member_id = ANY(:member_ids) AND kind = 'bonus'"
)
# The row first, as everybody locks it: no erasure and no merge comes in between.
_LOCK = text(
    """SELECT member_id, survivor_id, closed_at FROM members WHERE member_id = ANY(ARRAY(
        SELECT unnest(CAST(:member_ids AS uuid[])) UNION
        SELECT survivor_id FROM members
        WHERE member_id = ANY(:member_ids) AND survivor_id IS NOT NULL))
    ORDER BY member_id FOR NO KEY UPDATE"""
)
_RECORD = text(
    """INSERT INTO openings (import_id, "row", document_id, member_id, store_id, currency, points,
        principal_minor, bonus_minor, earned_on, at)
    SELECT o.*, CAST(:now AS timestamptz) FROM json_to_recordset(CAST(:rows AS json))
        AS o(import_id uuid, "row" bigint, document_id uuid, member_id uuid, store_id uuid,
        currency text, points bigint, principal_minor bigint, bonus_minor bigint, earned_on date)"""
)
