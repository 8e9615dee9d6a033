"""How much is owed, to whom, and why (K43): sums of the ledger, kept as it grows.

Entries are summed up by store, reason and day, and by account, store and month, in batches behind
a mark. What the mark has not reached is added when the report is made, in the same statement: a
report is always the whole ledger. Value is not traced lot by lot: what an entry takes counts as
issued by the store it names, so one store may show less than nothing where another shows more.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from services.loyalty import liability_ages, rules
from services.loyalty.marks import Mark
from services.loyalty.models import Store
from shared.contracts.loyalty.liability import (
    Debt,
    GetLiability,
    Liability,
    LiabilityBand,
    LiabilityMovement,
    LiabilityReport,
    ListDebts,
)
from shared.errors import Forbidden, InvalidInput
from shared.paging import Page, decode_cursor, page_of
from shared.seal import Caller
from shared.stores import find_store, stores_within

BATCH = 20_000
BANDS = (0, 3, 6, 12, 24)
"""Months from which a band of age begins."""
_OWN = UUID(int=0)
_Key = tuple[UUID, UUID, str, str]


def gather(session: Session, batch: int = BATCH) -> int:
    """Sum up a batch of entries; returns how many ids it went on, 0 when there is nothing to do."""
    found = _MARK.next_batch(session, batch)
    if found is None:
        return 0
    done, until = found
    parameters = {"done": done, "until": until, "own": _OWN}
    session.execute(_GATHER, parameters)
    return until - done


def get_liability(session: Session, caller: Caller, command: GetLiability) -> LiabilityReport:
    """What stores owe; see `GetLiability`. Raises `Refusal("UNKNOWN_STORE")`, `Forbidden`."""
    found = _stores(session, caller, command.store_id)
    zone = ZoneInfo(next(iter(found.values())).time_zone) if found else UTC
    at = datetime.now(UTC)
    if command.until is not None:
        at = min(at, datetime.combine(command.until, time.max, zone))
    scope: dict[str, Any] = {"stores": list(found), "own": _OWN}
    scope |= {"since": command.since, "until": command.until}
    lines: dict[_Key, list[Row[Any]]] = defaultdict(list)
    for row in session.execute(_SUMS, scope):
        lines[row.store_id, row.franchisee_id, row.kind, row.unit].append(row)
    owed = _owed_now(session, found) if command.until is None else {}
    spend = rules.in_force(session, "spend", at)
    return LiabilityReport(
        lines=[
            _line(key, rows, found, owed.get((key[0], key[2], key[3]), []), spend)
            for key, rows in sorted(lines.items())
        ],
        since=command.since,
        until=command.until,
    )


def list_debts(session: Session, caller: Caller, command: ListDebts) -> Page[Debt]:
    """Whom a store owes; see `ListDebts`. Raises as `get_liability`, `InvalidInput`."""
    _stores(session, caller, command.store_id)
    after = _OWN if command.after is None else _account_in(command.after)
    scope = {"stores": [command.store_id], "kinds": [command.account], "own": _OWN}
    rows = session.execute(_DEBTS, {**scope, "after": after, "limit": command.first + 1}).all()
    page = page_of(rows, command.first, lambda row: (str(row.account_id),))
    items = [
        Debt(
            member_id=row.member_id,
            store_id=command.store_id,
            account=command.account,
            unit=row.unit,
            amount=row.amount,
        )
        for row in page.items
    ]
    return Page(items=items, cursors=page.cursors, has_next=page.has_next)


def _stores(session: Session, caller: Caller, store_id: UUID | None) -> dict[UUID, Any]:
    """The stores a caller may ask about, closed ones too."""
    if store_id is not None:
        store = find_store(session, Store, store_id)
        if not store.within(caller):
            raise Forbidden("FORBIDDEN_SCOPE")
        return {store_id: store}
    query = select(Store.__table__).where(stores_within(Store, caller))
    return {row.id: row for row in session.execute(query)}


def _line(
    key: _Key,
    rows: list[Row[Any]],
    found: dict[UUID, Any],
    owed: Sequence[Row[Any]],
    spend: tuple[int, Any] | None,
) -> Liability:
    store_id, franchisee_id, kind, unit = key
    opening = sum(int(row.opening) for row in rows)
    closing = opening + sum(int(row.amount) for row in rows)
    version, value = None, closing
    if kind == "points":
        version, rule = spend or (None, None)
        value = rule.value_of(closing) if rule else 0
    store = found[store_id]
    # Only one line of a store is of its present owner: that has the members.
    present = (store.franchisee_id or _OWN) == franchisee_id
    return Liability(
        store_id=store_id,
        franchisee_id=None if franchisee_id == _OWN else franchisee_id,
        legal_entity=store.legal_entity if present else None,
        account=kind,  # type: ignore[arg-type]
        unit=unit,
        opening=opening,
        movements=[
            LiabilityMovement(reason=row.reason, entries=row.entries, amount=row.amount)
            for row in sorted(rows, key=lambda row: str(row.reason))
            if row.entries
        ],
        closing=closing,
        value_minor=value,
        spend_version=version,
        members=owed[0].members if owed and present else None,
        bands=[LiabilityBand(from_months=row.band, amount=row.amount) for row in owed if present],
    )


def _owed_now(session: Session, found: dict[UUID, Any]) -> dict[Any, list[Row[Any]]]:
    """Members and bands of age, by store, kind and unit."""
    by_line: dict[Any, list[Row[Any]]] = defaultdict(list)
    scope = {
        "stores": list(found),
        "own": _OWN,
        "today": datetime.now(UTC).date(),
        "bands": list(BANDS),
    }
    for row in session.execute(_AGES, scope):
        by_line[row.store_id, row.kind, row.unit].append(row)
    return by_line


def _account_in(cursor: str) -> UUID:
    try:
        return UUID(str(decode_cursor(cursor, 1)[0]))
    except ValueError as error:
        raise InvalidInput("INVALID_CURSOR") from error


# A day is the local day of the store that gave the value; a store not known yet counts in UTC.
_ENTRIES = """SELECT e.account_id, e.issuing_store_id AS store_id,
        coalesce(e.issuing_franchisee_id, CAST(:own AS uuid)) AS franchisee_id, e.unit, a.kind,
        e.reason, CAST(e.at AT TIME ZONE coalesce(s.time_zone, 'UTC') AS date) AS day, e.amount
    FROM entries e JOIN accounts a ON a.id = e.account_id
    LEFT JOIN stores s ON s.id = e.issuing_store_id
    WHERE e.balance_after IS NOT NULL AND e.issuing_store_id IS NOT NULL AND"""
_REST = " ".join(
    (
        "rest AS (", _ENTRIES, """e.id > (SELECT done_id FROM liability_mark)
            AND e.issuing_store_id = ANY(:stores))""",
    )
)  # fmt: skip
_OWED = """parts AS (
        SELECT account_id, store_id, month, unit, kind, given, net FROM liability_accounts
        WHERE store_id = ANY(:stores) AND kind = ANY(:kinds) AND account_id > :after
        UNION ALL
        SELECT account_id, store_id, CAST(date_trunc('month', day) AS date), unit, kind,
            greatest(amount, 0), amount
        FROM rest WHERE kind = ANY(:kinds) AND account_id > :after)"""
_MARK = Mark("liability_mark", alone="liability")
_GATHER = text(
    " ".join(
        (
            "WITH fresh AS MATERIALIZED (", _ENTRIES, """e.id > :done AND e.id <= :until
            ), days AS (
                INSERT INTO liability_days AS d
                    (store_id, franchisee_id, unit, kind, reason, day, amount, entries)
                SELECT store_id, franchisee_id, unit, kind, reason, day, sum(amount), count(*)
                FROM fresh GROUP BY 1, 2, 3, 4, 5, 6
                ON CONFLICT (store_id, franchisee_id, unit, kind, reason, day) DO UPDATE
                SET amount = d.amount + excluded.amount, entries = d.entries + excluded.entries
            ), accounts AS (
                INSERT INTO liability_accounts AS l
                    (account_id, store_id, month, unit, kind, given, net)
                SELECT account_id, store_id, CAST(date_trunc('month', day) AS date), min(unit),
                    min(kind), sum(greatest(amount, 0)), sum(amount)
                FROM fresh GROUP BY 1, 2, 3
                ON CONFLICT (account_id, store_id, month) DO UPDATE
                SET given = l.given + excluded.given, net = l.net + excluded.net
            ),""", liability_ages.CHANGES, ",", liability_ages.KEEP,
            "UPDATE liability_mark SET done_id = :until",
        )
    )
)  # fmt: skip
_SUMS = text(
    " ".join(
        (
            "WITH", _REST, """, parts AS (
                SELECT store_id, franchisee_id, unit, kind, reason, day, amount, entries
                FROM liability_days WHERE store_id = ANY(:stores)
                UNION ALL
                SELECT store_id, franchisee_id, unit, kind, reason, day, amount, 1 FROM rest
            ), dated AS (
                SELECT *, coalesce(day < CAST(:since AS date), false) AS before FROM parts
                WHERE coalesce(day <= CAST(:until AS date), true)
            ) SELECT store_id, franchisee_id, unit, kind, reason,
                CAST(coalesce(sum(amount) FILTER (WHERE before), 0) AS bigint) AS opening,
                CAST(coalesce(sum(amount) FILTER (WHERE NOT before), 0) AS bigint) AS amount,
                CAST(coalesce(sum(entries) FILTER (WHERE NOT before), 0) AS bigint) AS entries
            FROM dated GROUP BY 1, 2, 3, 4, 5""",
        )
    )
)  # fmt: skip
_AGES = text(
    " ".join(
        (
            "WITH", _REST, ", fresh AS (SELECT * FROM rest),", liability_ages.CHANGES, """,
            sums AS (
                SELECT store_id, unit, kind, month, amount, members FROM liability_ages
                WHERE store_id = ANY(:stores)
                UNION ALL
                SELECT store_id, unit, kind, month, amount, members FROM ages
            ), banded AS (
                SELECT *, (SELECT max(b) FROM unnest(CAST(:bands AS int[])) AS b
                    WHERE b <= greatest(0, 12 * extract(year FROM age(
                        CAST(date_trunc('month', CAST(:today AS date)) AS date), month))
                        + extract(month FROM age(
                            CAST(date_trunc('month', CAST(:today AS date)) AS date), month)))
                ) AS band FROM sums
            ) SELECT store_id, unit, kind, band, CAST(sum(amount) AS bigint) AS amount,
                CAST(sum(sum(members)) OVER (PARTITION BY store_id, unit, kind) AS bigint)
                    AS members
            FROM banded GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4""",
        )
    )
)  # fmt: skip
_DEBTS = text(
    " ".join(
        (
            "WITH", _REST, ",", _OWED, """SELECT p.account_id, ma.member_id, p.unit,
                CAST(sum(p.net) AS bigint) AS amount
            FROM parts p JOIN member_accounts ma USING (account_id)
            GROUP BY p.account_id, ma.member_id, p.unit HAVING sum(p.net) <> 0
            ORDER BY p.account_id LIMIT :limit""",
        )
    )
)  # fmt: skip
