"""Statements of clearing: of a closed day, how pairs stand now, how old that is, and why (K42)."""

from collections import defaultdict
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from services.loyalty.clearing import entity, shown
from services.loyalty.clearing_agreements import own_entity
from shared.contracts.loyalty.clearing import (
    ClearingAccount,
    ClearingAge,
    ClearingBalance,
    ClearingBalances,
    ClearingItem,
    ClearingLine,
    ClearingMovement,
    ClearingStatement,
    ExplainClearing,
    GetClearingBalances,
    GetClearingStatement,
    ListClearingStatements,
)
from shared.errors import Forbidden, InvalidInput, Refusal
from shared.paging import Page, decode_cursor, page_of
from shared.seal import Caller

AGES = (0, 31, 61, 91)
"""Days from which a band of age begins."""


def get_statement(
    session: Session, caller: Caller, command: GetClearingStatement
) -> ClearingStatement:
    """The statement of a day; see `GetClearingStatement`. Raises `Refusal("DAY_NOT_CLOSED")`,
    `Forbidden` for another entity's."""
    one = _asked(caller, command.franchisee_id)
    closed_at = session.scalar(_CLOSED_AT, {"day": command.day})
    if closed_at is None:
        raise Refusal("DAY_NOT_CLOSED", {"day": command.day.isoformat()})
    scope = {"entity": one, "day": command.day}
    lines: dict[tuple[UUID, str], list[ClearingLine]] = defaultdict(list)
    for row in session.execute(_LINES, scope):
        other, owed = (row.creditor_id, False) if row.debtor_id == one else (row.debtor_id, True)
        lines[other, row.currency].append(_line(row, owed))
    accounts = [
        ClearingAccount(
            other_id=shown(row.other_id),
            currency=row.currency,
            opening_minor=row.opening_minor,
            lines=lines[row.other_id, row.currency],
            closing_minor=row.closing_minor,
        )
        for row in session.execute(_STOOD, scope)
    ]
    return ClearingStatement(
        franchisee_id=command.franchisee_id,
        day=command.day,
        closed_at=closed_at,
        accounts=accounts,
    )


def list_statements(
    session: Session, caller: Caller, command: ListClearingStatements
) -> Page[ClearingMovement]:
    """Days on which something moved, newest first. Raises `InvalidInput`, `Forbidden`."""
    scope: dict[str, Any] = {"entity": _asked(caller, command.franchisee_id)}
    scope |= dict.fromkeys(("day", "other", "currency"))
    if command.after is not None:
        day, other, currency = decode_cursor(command.after, 3)
        try:
            scope |= {"day": date.fromisoformat(str(day)), "other": UUID(str(other))}
        except ValueError as error:
            raise InvalidInput("INVALID_CURSOR") from error
        scope["currency"] = str(currency)
    rows = session.execute(_MOVEMENTS, scope | {"limit": command.first + 1}).all()
    page = page_of(
        rows,
        command.first,
        lambda row: (row.day.isoformat(), str(row.other_id), str(row.currency)),
    )
    items = [
        ClearingMovement(
            day=row.day,
            other_id=shown(row.other_id),
            currency=row.currency,
            opening_minor=row.opening_minor,
            closing_minor=row.closing_minor,
        )
        for row in page.items
    ]
    return Page(items=items, cursors=page.cursors, has_next=page.has_next)


def get_balances(
    session: Session, caller: Caller, command: GetClearingBalances, now: datetime | None = None
) -> ClearingBalances:
    """How pairs stand now, closed or not, and since when. Raises `Forbidden`."""
    own = own_entity(caller)
    if own is not None and command.franchisee_id not in (None, own):
        raise Forbidden("FORBIDDEN_SCOPE")
    found: dict[tuple[UUID, UUID, str], list[Row[Any]]] = defaultdict(list)
    today = (now or datetime.now(UTC)).date()
    scope = {"entity": command.franchisee_id or own, "today": today, "bands": list(AGES)}
    for row in session.execute(_BALANCES, scope):
        found[row.debtor, row.creditor, row.currency].append(row)
    return ClearingBalances(
        closed_through=session.scalar(_CLOSED_THROUGH),
        balances=[
            ClearingBalance(
                debtor_id=shown(debtor),
                creditor_id=shown(creditor),
                currency=currency,
                amount_minor=rows[0].amount,
                closed_minor=rows[0].closed,
                ages=[ClearingAge(from_days=row.band, amount_minor=row.open) for row in rows],
            )
            for (debtor, creditor, currency), rows in sorted(found.items())
        ],
    )


def explain(session: Session, caller: Caller, command: ExplainClearing) -> Page[ClearingItem]:
    """The items behind lines, by id. Raises `InvalidInput`, `Forbidden`."""
    one = _asked(caller, command.franchisee_id)
    after = 0
    if command.after is not None:
        cursor = decode_cursor(command.after, 1)[0]
        if not isinstance(cursor, int):
            raise InvalidInput("INVALID_CURSOR")
        after = cursor
    scope = {
        "entity": one,
        "other": entity(command.other_id),
        "day": command.day,
        "kind": command.kind,
        "after": after,
        "limit": command.first + 1,
    }
    page = page_of(session.execute(_ITEMS, scope).all(), command.first, lambda row: (row.id,))
    items = [_item(row) for row in page.items]
    return Page(items=items, cursors=page.cursors, has_next=page.has_next)


def _asked(caller: Caller, franchisee_id: UUID | None) -> UUID:
    """The entity asked about; raises `Forbidden` unless the caller may see it."""
    asked, own = entity(franchisee_id), own_entity(caller)
    if own not in (None, asked):
        raise Forbidden("FORBIDDEN_SCOPE")
    return asked


def _line(row: Row[Any], owed: bool) -> ClearingLine:
    return ClearingLine(
        kind=row.kind,
        version=row.version,
        booked_on=row.booked_on,
        owed_by_other=owed,
        entries=row.entries,
        quantity=row.quantity,
        amount_minor=row.amount_minor if owed else -row.amount_minor,
    )


def _item(row: Row[Any]) -> ClearingItem:
    return ClearingItem(
        id=row.id,
        entry_id=row.entry_id,
        document_id=row.document_id,
        debtor_id=shown(row.debtor_id),
        creditor_id=shown(row.creditor_id),
        currency=row.currency,
        kind=row.kind,
        booked_on=row.booked_on,
        at=row.at,
        quantity=row.quantity,
        rate=row.rate,
        share_basis_points=row.share_basis_points,
        version=row.version,
        millionths=int(row.millionths),
    )


_CLOSED_AT = text("SELECT closed_at FROM clearing_days WHERE day = :day")
_CLOSED_THROUGH = text("SELECT max(day) FROM clearing_days")
_LINES = text(
    "SELECT * FROM clearing_lines WHERE day = :day AND :entity IN (debtor_id, creditor_id)"
    " ORDER BY booked_on, kind, version, debtor_id"
)
# What did not move that day stands as it did when it last did.
_STOOD = text(
    "SELECT DISTINCT ON (other_id, currency) other_id, currency, closing_minor,"
    " CASE WHEN day = :day THEN opening_minor ELSE closing_minor END AS opening_minor"
    " FROM clearing_balances WHERE entity_id = :entity AND day <= :day"
    " ORDER BY other_id, currency, day DESC"
)
_MOVEMENTS = text(
    "SELECT * FROM clearing_balances WHERE entity_id = :entity AND (CAST(:day AS date) IS NULL"
    " OR day < :day OR (day = :day AND (other_id, currency) > (CAST(:other AS uuid), :currency)))"
    " ORDER BY day DESC, other_id, currency LIMIT :limit"
)
_ITEMS = text(
    "SELECT * FROM clearing_items WHERE id > :after AND ((debtor_id = :entity"
    " AND creditor_id = :other) OR (debtor_id = :other AND creditor_id = :entity))"
    " AND day IS NOT DISTINCT FROM CAST(:day AS date)"
    " AND (CAST(:kind AS text) IS NULL OR kind = :kind) ORDER BY id LIMIT :limit"
)
# Each pair once, from the side of the lesser id (`one`), then from that of whoever is owed. What is
# left open of a day is what the balance has beyond the claims of later days.
_BALANCES = text(
    """WITH last AS (
        SELECT DISTINCT ON (entity_id, other_id, currency) entity_id AS one, other_id AS other,
            currency, millionths, closing_minor
        FROM clearing_balances WHERE entity_id < other_id
            AND (CAST(:entity AS uuid) IS NULL OR :entity IN (entity_id, other_id))
        ORDER BY entity_id, other_id, currency, day DESC
    ), fresh AS (
        SELECT least(debtor_id, creditor_id) AS one, greatest(debtor_id, creditor_id) AS other,
            currency, sum(CASE WHEN creditor_id < debtor_id THEN millionths ELSE -millionths END)
                AS millionths
        FROM clearing_items WHERE day IS NULL
            AND (CAST(:entity AS uuid) IS NULL OR :entity IN (debtor_id, creditor_id))
        GROUP BY 1, 2, 3
    ), pairs AS (
        SELECT one, other, currency, coalesce(l.closing_minor, 0) AS closed,
            round((coalesce(l.millionths, 0) + coalesce(f.millionths, 0)) / 1000000) AS amount
        FROM last l FULL JOIN fresh f USING (one, other, currency)
    ), sided AS (
        SELECT *, sign(amount) AS side FROM pairs WHERE amount <> 0
    ), claims AS (
        SELECT s.*, b.day, greatest(side * (b.closing_minor - b.opening_minor), 0) AS claim
        FROM sided s JOIN clearing_balances b
            ON b.entity_id = s.one AND b.other_id = s.other AND b.currency = s.currency
        UNION ALL
        SELECT s.*, CAST(:today AS date) + 1, greatest(side * (amount - closed), 0) FROM sided s
    ), opened AS (
        SELECT *, greatest(least(side * amount - (sum(claim) OVER (
            PARTITION BY one, other, currency ORDER BY day DESC) - claim), claim), 0) AS open
        FROM claims
    ) SELECT CASE WHEN side > 0 THEN other ELSE one END AS debtor,
        CASE WHEN side > 0 THEN one ELSE other END AS creditor, currency,
        CAST(min(side * amount) AS bigint) AS amount, CAST(min(side * closed) AS bigint) AS closed,
        band, CAST(coalesce(sum(open) FILTER (WHERE band = (SELECT max(b)
            FROM unnest(CAST(:bands AS int[])) b
            WHERE b <= greatest(CAST(:today AS date) - day, 0))), 0) AS bigint) AS open
    FROM opened CROSS JOIN unnest(CAST(:bands AS int[])) AS band
    GROUP BY side, one, other, currency, band ORDER BY debtor, creditor, currency, band"""
)
