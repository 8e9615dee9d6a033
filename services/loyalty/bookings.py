"""What a batch of order events finds, and the one statement that books it.

`read` locks the members and balances a batch touches and tells all there is to know of its orders;
`Batch` collects what is to be booked; `Batch.write` writes ledger, holds, booked orders, tiers and
events at once. An id that was merged stands for its survivor: that is settled here, and nowhere
else for orders. The locks leave room for foreign keys: a hold refers to its member while it has
that member's balances, and would otherwise wait for us while we wait for it.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty import carrying, standing
from services.loyalty.accounts import Opening, open_accounts
from services.loyalty.ledger import BALANCE, LEDGER, Balance, EntryRow, Journal
from services.loyalty.standing import LadderInForce, Progress, TierRow
from services.loyalty.tiers import LADDER, LADDER_JSON, PROGRESS, WRITE_TIERS
from shared import outbox
from shared.contracts import Event
from shared.contracts.loyalty import EarnRule, ExpiryRule
from shared.contracts.loyalty.earning import Sale


class Settlement(msgspec.Struct, frozen=True):
    """What an order holds of its member's accounts."""

    status: str
    member_id: UUID | None
    points: int
    principal_minor: int
    bonus_minor: int
    spend_version: int | None
    wallet_version: int | None


class BookedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `orders_booked`, but for its time."""

    order_id: UUID
    document_id: UUID
    kind: str
    member_id: UUID | None
    store_id: UUID
    franchisee_id: UUID | None
    business_date: date
    currency: str | None
    spend_minor: int = 0
    points_earned: int = 0
    points_told: int = 0
    points_spent: int = 0
    wallet_told_minor: int = 0
    wallet_spent_minor: int = 0
    tier: str | None = None
    earn_version: int | None = None


class OrderState(msgspec.Struct, frozen=True):
    """An order as it is known here: the rules of earning and expiry in force when it was placed,
    the time zone of its store, what it holds, what was booked of it, and the entries of its sale.
    """

    order_id: UUID
    earn_version: int | None
    earn: EarnRule | None
    expiry_version: int | None
    expiry: ExpiryRule | None
    time_zone: str | None
    hold: Settlement | None
    booked: list[BookedRow]
    entries: list[EntryRow]

    def row(self, kind: str) -> BookedRow | None:
        return next((row for row in self.booked if row.kind == kind), None)


class State(msgspec.Struct):
    """All that a batch has to know."""

    ladder: LadderInForce | None
    orders: list[OrderState]
    members: list[Progress]
    balances: list[Balance]
    wanted: list[UUID]
    entangled: bool

    def survivor(self, member_id: UUID) -> UUID:
        """The member an id stands for."""
        known = (m.survivor_id for m in self.members if m.member_id == member_id)
        return next(known, None) or member_id


class Asked(msgspec.Struct, frozen=True):
    """An order of a batch. `placed_at` None: it is not about to earn."""

    order_id: UUID
    member_id: UUID | None
    business_date: date
    placed_at: datetime | None = None
    currency: str | None = None
    store_id: UUID | None = None


def read(session: Session, asked: Sequence[Asked], now: datetime) -> State:
    """Lock and read what a batch touches; opens the accounts of members not known yet."""
    parameters = {"asked": msgspec.json.encode(asked).decode(), "now": now}
    state = _read(session, parameters)
    ids = {order.member_id for order in asked if order.member_id}
    if {state.survivor(id_) for id_ in ids} != set(state.wanted):
        # A merge came between: what is locked now cannot change any more.
        state = _read(session, parameters)
    opened = {balance.member_id for balance in state.balances}
    missing = [
        Opening(state.survivor(order.member_id), None, order.currency)
        for order in asked
        if order.member_id and state.survivor(order.member_id) not in opened and order.currency
    ]
    if missing:
        open_accounts(session, missing)
        state = _read(session, parameters)
    return state


def _read(session: Session, parameters: dict[str, Any]) -> State:
    return msgspec.json.decode(session.execute(_READ, parameters).scalar_one(), type=State)


class Batch:
    """What is to be booked for a batch of orders."""

    def __init__(self, state: State, now: datetime) -> None:
        self.journal = Journal(state.balances, now)
        self.ladder = state.ladder
        self.orders = {order.order_id: order for order in state.orders}
        self.members = {member.member_id: member for member in state.members}
        self.events: list[tuple[Event, UUID, int]] = []
        self._state = state
        self._rows: list[BookedRow] = []
        self._facts: list[dict[str, Any]] = []
        self._settled: list[UUID] = []

    def survivor(self, member_id: UUID) -> UUID:
        """The member an id stands for: what an order brings is theirs."""
        return self._state.survivor(member_id)

    def available(self, member_id: UUID, kind: str) -> int:
        """What a member can use once this is written: what was booked on the account of an id that
        was merged goes on to the survivor."""
        own = self.journal.balance(self.survivor(member_id), kind)
        merged = (
            balance.available
            for balance in self._state.balances
            if balance.member_id == member_id != own.member_id
            and (balance.kind, balance.unit) == (kind, own.unit)
        )
        return own.available + sum(merged)

    def book(self, row: BookedRow) -> None:
        """Record an order, and what it means for its member's tier."""
        self._rows.append(row)
        member = self.members.get(self.survivor(row.member_id)) if row.member_id else None
        if member and self.ladder and member.currency == row.currency:
            body = self.ladder.body
            member.add(body, row.business_date, row.spend_minor, row.points_earned)

    def keep(self, document_id: UUID, member_id: UUID, sale: Sale) -> None:
        """Keep what the points of a sale, or of what is left of one, are reckoned from: drafts of
        rules are rehearsed with it. Nothing is kept of what somebody erased had a right to."""
        member = self.members[self.survivor(member_id)]
        facts = msgspec.structs.replace(sale, privileges=[]) if member.closed else sale
        self._facts.append({"document_id": document_id, "facts": facts})

    def settle(self, order_id: UUID) -> None:
        """The order's hold has been spent."""
        self._settled.append(order_id)

    def write(self, session: Session) -> None:
        """Write everything, in one statement."""
        rows = self._tiers()
        columns = ("event_id", "type", "subject", "envelope")
        prepared = [outbox.prepare(session, *event) for event in self.events]
        parameters: dict[str, Any] = {
            **self.journal.parameters(),
            "settled": self._settled,
            "booked": msgspec.json.encode(self._rows).decode(),
            "facts": msgspec.json.encode(self._facts).decode(),
            "tiers": msgspec.json.encode(rows).decode(),
            **{f"{name}s": [row[name] for row in prepared] for name in columns},
        }
        self.journal.expect(session.execute(_WRITE, parameters).scalar_one())
        if self._state.entangled:
            carrying.carry(session, self.members.keys(), self.journal.now)

    def _tiers(self) -> list[TierRow]:
        rows: list[TierRow] = []
        if self.ladder is None:
            return rows
        for member in self.members.values():
            if member.survivor_id is not None:
                continue
            row, news = standing.reckon(member, self.ladder)
            rows += [row] if row else []
            self.events += news
        return rows


# The batch goes in as one JSON document and not as arrays: the planner looks into arrays, and would
# plan this statement anew each time, which costs more than running it.
_READ = text(
    " ".join(
        (
            """WITH asked AS (
                SELECT * FROM json_to_recordset(CAST(:asked AS json)) AS a(order_id uuid,
                    placed_at timestamptz, member_id uuid, business_date date, store_id uuid)
            ), wanted AS (
                SELECT coalesce(m.survivor_id, a.member_id) AS member_id,
                    max(a.business_date) AS on_date
                FROM asked a LEFT JOIN members m USING (member_id)
                WHERE a.member_id IS NOT NULL GROUP BY 1
            ), touched AS (
                SELECT member_id FROM wanted UNION SELECT member_id FROM asked
                WHERE member_id IS NOT NULL
            ), orders AS (
                SELECT a.order_id, r.version AS earn_version, r.body AS earn,
                    x.version AS expiry_version, x.body AS expiry,
                    CASE WHEN x.version IS NOT NULL THEN (SELECT s.time_zone FROM stores s
                        WHERE s.id = a.store_id) END AS time_zone,
                    (SELECT row_to_json(h) FROM holds h WHERE h.order_id = a.order_id) AS hold,
                    (SELECT coalesce(json_agg(o), '[]') FROM orders_booked o
                        WHERE o.order_id = a.order_id) AS booked,
                    (SELECT coalesce(json_agg(e ORDER BY e.id), '[]') FROM transactions t
                        JOIN entries e ON e.transaction_id = t.id
                        WHERE t.document_id = a.order_id AND t.kind = 'sale') AS entries
                FROM asked a LEFT JOIN LATERAL (
                    SELECT version, body FROM rules
                    WHERE kind = 'earn' AND valid_from <= a.placed_at
                    ORDER BY valid_from DESC, version DESC LIMIT 1) r ON true
                LEFT JOIN LATERAL (
                    SELECT version, body FROM rules
                    WHERE kind = 'expiry' AND valid_from <= a.placed_at
                    ORDER BY valid_from DESC, version DESC LIMIT 1) x ON true
            ),""",
            LADDER,
            """, known AS (
                SELECT m.*, greatest(m.tier_as_of, coalesce((SELECT w.on_date FROM wanted w
                    WHERE w.member_id = m.member_id), (SELECT max(on_date) FROM wanted))) AS as_of
                FROM members m WHERE m.member_id = ANY(ARRAY(SELECT member_id FROM touched))
                ORDER BY m.member_id FOR NO KEY UPDATE OF m
            ),""",
            PROGRESS,
            """, locked AS (
                SELECT""",
            BALANCE,
            """WHERE ma.member_id = ANY(ARRAY(
                    SELECT member_id FROM touched
                    UNION SELECT h.member_id FROM holds h
                    WHERE h.order_id = ANY(ARRAY(SELECT order_id FROM asked))
                        AND h.member_id IS NOT NULL
                    UNION SELECT booked.member_id FROM asked a
                    JOIN transactions t ON t.document_id = a.order_id AND t.kind = 'sale'
                    JOIN entries e ON e.transaction_id = t.id
                    JOIN member_accounts booked ON booked.account_id = e.account_id
                    WHERE a.placed_at IS NULL))
                ORDER BY b.account_id FOR NO KEY UPDATE OF b
            ) SELECT CAST(json_build_object('ladder',""",
            LADDER_JSON,
            """, 'orders', (SELECT coalesce(json_agg(orders), '[]') FROM orders),
            'members', (SELECT coalesce(json_agg(progress ORDER BY member_id), '[]')
                FROM progress),
            'balances', (SELECT coalesce(json_agg(locked), '[]') FROM locked),
            'wanted', (SELECT coalesce(json_agg(member_id), '[]') FROM wanted),
            'entangled', EXISTS (SELECT FROM merges g
                WHERE g.merged_id = ANY(ARRAY(SELECT member_id FROM touched))
                OR g.survivor_id = ANY(ARRAY(SELECT member_id FROM touched)))) AS text)""",
        )
    )
)
_WRITE = text(
    " ".join(
        (
            "WITH",
            LEDGER,
            """, settled AS (
                UPDATE holds SET status = 'settled', ended_at = :now
                WHERE order_id = ANY(:settled) AND status = 'held'
            ), booked AS (
                INSERT INTO orders_booked (order_id, document_id, kind, member_id, store_id,
                    franchisee_id, business_date, currency, spend_minor, points_earned, points_told,
                    points_spent, wallet_told_minor, wallet_spent_minor, tier, earn_version,
                    booked_at)
                SELECT o.*, CAST(:now AS timestamptz)
                FROM json_to_recordset(CAST(:booked AS json)) AS o(order_id uuid,
                    document_id uuid, kind text, member_id uuid, store_id uuid, franchisee_id uuid,
                    business_date date, currency text, spend_minor bigint,
                    points_earned bigint, points_told bigint, points_spent bigint,
                    wallet_told_minor bigint, wallet_spent_minor bigint, tier text,
                    earn_version int)
            ), sold AS (
                INSERT INTO sale_facts (document_id, facts)
                SELECT * FROM json_to_recordset(CAST(:facts AS json))
                    AS f(document_id uuid, facts jsonb)
            ), told AS (
                INSERT INTO outbox (event_id, type, subject, envelope) SELECT * FROM unnest(
                    CAST(:event_ids AS uuid[]), CAST(:types AS text[]),
                    CAST(:subjects AS text[]), CAST(:envelopes AS text[]))
            ), tiered AS (""",
            WRITE_TIERS,
            ") SELECT count(*) FROM changed",
        )
    )
)
