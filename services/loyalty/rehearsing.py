"""The run of a rehearsal: member by member, what the draft gives beside what is in force.

Points come from `points_of` over the very facts that loyalty booked by, and tiers from `hold`, so
that a draft which is published does what was told. Each batch is a transaction of its own; it
writes nothing but how far the run is and what it has found.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from services.loyalty import rules
from services.loyalty.standing import Holding, Progress, hold
from services.loyalty.tiers import PROGRESS, TODAY
from shared import telemetry
from shared.contracts.loyalty import EarnRule, Rule, TierLadder
from shared.contracts.loyalty.earning import Sale, points_of

LIMIT = 200
"""Members in one transaction at most."""
SALES_LIMIT = 5_000
"""No more of them once they have bought so often."""
EXAMPLES = 10
PINNED = ("earn", "ladder", "spend")


class StoreSums(msgspec.Struct):
    """Of the sales of a store: points as booked, by the rule in force, and by the draft."""

    orders: int = 0
    booked: int = 0
    in_force: int = 0
    draft: int = 0


class Move(msgspec.Struct):
    """Members who go from one tier to another, and some of them."""

    tier: str | None
    to_tier: str | None
    up: bool
    in_grace: bool
    members: int = 0
    example_ids: list[UUID] = []


class Found(msgspec.Struct):
    """What a rehearsal has found so far."""

    orders: int = 0
    unknown: int = 0
    stores: dict[UUID, StoreSums] = {}
    moves: list[Move] = []


class _Sold(msgspec.Struct):
    """A sale, with what was left of it whenever goods of it came back."""

    member_id: UUID
    store_id: UUID
    business_date: date
    booked: int
    voided: bool
    sold: Sale | None
    left: list[Sale]

    def points(self, rule: EarnRule | None, tier: str | None, *, as_sold: bool) -> int:
        """What is left of the order is worth; never more than before goods came back."""
        if rule is None or self.voided or self.sold is None:
            return 0
        kept: Iterable[Sale] = (self.sold, *self.left)
        if not as_sold:
            kept = (replace(sale, tier=tier) for sale in kept)
        return min(points_of(rule, sale).points for sale in kept)


class _Read(msgspec.Struct):
    members: list[Progress]
    sales: list[_Sold]


def step(session: Session, now: datetime) -> bool:
    """Look at some more members for the oldest rehearsal; whether there may be more to do.

    One replica at a time does it.
    """
    if not session.scalar(_TRY_ALONE, execution_options=telemetry.UNCOUNTED):
        return False
    row = session.execute(_NEXT, execution_options=telemetry.UNCOUNTED).one_or_none()
    if row is None:
        return False
    if row.began_at is None:
        row = _begin(session, row, now)
    found = msgspec.convert(row.found, Found)
    looked_at, last_id = _Batch(session, row, found).run()
    progress = {
        "id": row.id,
        "looked_at": looked_at,
        "last_id": last_id,
        "state": "running" if looked_at else "done",
        "found": msgspec.json.encode(found).decode(),
    }
    session.execute(_PROGRESS, progress)
    return True


def _begin(session: Session, row: Row[Any], now: datetime) -> Row[Any]:
    """The rules in force now are those it is held against to its end."""
    versions = {kind: rules.in_force(session, kind, now) for kind in PINNED}
    pinned = {kind: found[0] if found else None for kind, found in versions.items()}
    return session.execute(_BEGIN, {"id": row.id, "now": now, **pinned}).one()


class _Batch:
    """Some members of a run."""

    def __init__(self, session: Session, row: Row[Any], found: Found) -> None:
        self.session = session
        self.row = row
        self.found = found
        self.draft: Any = msgspec.convert(row.body, Rule)
        self.earn: EarnRule | None = self._rule("earn", row.earn_version)
        self.ladder: TierLadder | None = self._rule("ladder", row.ladder_version)

    def run(self) -> tuple[int, UUID | None]:
        """How many members were looked at, and the last of them."""
        following = {
            "after": self.row.last_id,
            "limit": LIMIT,
            "sales": SALES_LIMIT,
            "days": self.row.days,
        }
        before = self._read(_READ, self.ladder, following)
        by_draft: dict[UUID, Progress] = {}
        if isinstance(self.draft, TierLadder):
            same = {"ids": [member.member_id for member in before.members]}
            after = self._read(_STANDINGS, self.draft, same)
            by_draft = {member.member_id: member for member in after.members}
        sales: dict[UUID, list[_Sold]] = {}
        for sale in before.sales:
            sales.setdefault(sale.member_id, []).append(sale)
        for member in before.members:
            known = [sale for sale in sales.get(member.member_id, []) if sale.sold is not None]
            self.found.unknown += len(sales.get(member.member_id, [])) - len(known)
            if isinstance(self.draft, TierLadder):
                self._by_ladder(member, by_draft[member.member_id], self.draft, known)
            else:
                self._by_earning(member, self.draft, known)
        last = before.members[-1].member_id if before.members else self.row.last_id
        return len(before.members), last

    def _by_ladder(
        self, member: Progress, by_draft: Progress, draft: TierLadder, sales: list[_Sold]
    ) -> None:
        """Points as if the tiers of today had been those of all these days."""
        now = hold(member, self.ladder) if self.ladder else None
        then = hold(by_draft, draft)
        self._move(member.member_id, draft, now, then)
        before, after = (held.tier.code if held and held.tier else None for held in (now, then))
        for sale in sales:
            points = sale.points(self.earn, before, as_sold=False)
            same = before == after
            self._sum(
                sale, points, points if same else sale.points(self.earn, after, as_sold=False)
            )

    def _by_earning(self, member: Progress, draft: EarnRule, sales: list[_Sold]) -> None:
        """Points as sold; tiers only where the ladder counts points."""
        since = self.ladder.since(member.as_of) if self.ladder else None
        in_window = [0, 0]
        for sale in sales:
            points = [sale.points(rule, None, as_sold=True) for rule in (self.earn, draft)]
            self._sum(sale, *points)
            if since is None or sale.business_date >= since:
                for side, earned in enumerate(points):
                    in_window[side] += earned - sale.booked
        if self.ladder and self.ladder.basis == "points":
            now, then = (
                hold(replace(member, points=member.points + more), self.ladder)
                for more in in_window
            )
            self._move(member.member_id, self.ladder, now, then)

    def _sum(self, sale: _Sold, in_force: int, draft: int) -> None:
        self.found.orders += 1
        sums = self.found.stores.setdefault(sale.store_id, StoreSums())
        sums.orders += 1
        sums.booked += sale.booked
        sums.in_force += in_force
        sums.draft += draft

    def _move(self, id_: UUID, draft: TierLadder, now: Holding | None, then: Holding) -> None:
        before = now.tier.code if now and now.tier else None
        after = then.tier.code if then.tier else None
        if before != after:
            up = self._height(draft, after) > self._height(draft, before)
            self._count(id_, Move(before, after, up, in_grace=False))
        if then.held_by == "grace" and not (now and now.held_by == "grace" and before == after):
            self._count(id_, Move(after, then.falls_to, up=False, in_grace=True))

    def _height(self, draft: TierLadder, code: str | None) -> int:
        """How high a tier is; one that the draft has not, by the ladder in force."""
        rank = draft.rank(code)
        return rank if rank >= 0 or self.ladder is None else self.ladder.rank(code)

    def _count(self, id_: UUID, move: Move) -> None:
        same = [each for each in self.found.moves if _kind(each) == _kind(move)]
        if not same:
            self.found.moves.append(move)
            same = [move]
        same[0].members += 1
        if len(same[0].example_ids) < EXAMPLES:
            same[0].example_ids.append(id_)

    def _rule(self, kind: str, version: int | None) -> Any:
        if version is None:
            return None
        body = self.session.scalar(_BODY, {"kind": kind, "version": version})
        return msgspec.convert(body, Rule)

    def _read(self, statement: Any, ladder: TierLadder | None, of: dict[str, Any]) -> _Read:
        body = msgspec.json.encode(ladder).decode() if ladder else None
        parameters = {"ladder": body, "now": self.row.began_at, **of}
        answer = self.session.execute(statement, parameters).scalar_one()
        return msgspec.json.decode(answer, type=_Read)


def _kind(move: Move) -> tuple[str | None, str | None, bool]:
    return move.tier, move.to_tier, move.in_grace


_TRY_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext('rules.rehearsal'))")
_NEXT = text(
    "SELECT * FROM rehearsals WHERE state IN ('waiting', 'running')"
    " ORDER BY asked_at LIMIT 1 FOR UPDATE"
)
_BEGIN = text(
    """UPDATE rehearsals SET state = 'running', began_at = :now, earn_version = :earn,
        ladder_version = :ladder, spend_version = :spend,
        members = (SELECT count(*) FROM members WHERE survivor_id IS NULL)
    WHERE id = :id RETURNING *"""
)
# Who registers while it runs is looked at too.
_PROGRESS = text(
    """UPDATE rehearsals SET state = :state, looked_at = looked_at + :looked_at,
        members = greatest(members, looked_at + :looked_at), last_id = :last_id,
        found = CAST(:found AS jsonb)
    WHERE id = :id"""
)
_BODY = text("SELECT body FROM rules WHERE kind = :kind AND version = :version")
_LADDER = """WITH ladder AS (
        SELECT body, CAST(body ->> 'window_days' AS int) AS window_days,
            coalesce(CAST(body ->> 'calendar_year' AS bool), false) AS calendar_year
        FROM (SELECT CAST(:ladder AS jsonb) AS body) given WHERE body IS NOT NULL
    ),"""
_STANDINGS = text(
    " ".join(
        (
            _LADDER, "known AS (SELECT m.*,", TODAY, """AS as_of
                FROM members m LEFT JOIN stores s ON s.id = m.home_store_id
                WHERE m.member_id = ANY(:ids)),""",
            PROGRESS,
            """SELECT CAST(json_build_object('sales', CAST('[]' AS json), 'members',
                (SELECT coalesce(json_agg(progress), '[]') FROM progress)) AS text)""",
        )
    )
)  # fmt: skip
_READ = text(
    " ".join(
        (
            _LADDER, """known AS (SELECT * FROM (
                    SELECT m.*,""", TODAY, """AS as_of,
                        sum(n.sold) OVER (ORDER BY m.member_id) - n.sold AS sold_before
                    FROM (SELECT * FROM members WHERE survivor_id IS NULL
                        AND member_id > coalesce(CAST(:after AS uuid),
                            '00000000-0000-0000-0000-000000000000')
                        ORDER BY member_id LIMIT :limit) m
                    LEFT JOIN stores s ON s.id = m.home_store_id
                    CROSS JOIN LATERAL (SELECT count(*) AS sold FROM orders_booked o
                        WHERE o.member_id = m.member_id AND o.business_date
                            > CAST(CAST(:now AS timestamptz) AS date) - CAST(:days AS int)) n
                ) counted WHERE sold_before < :sales),""",
            PROGRESS,
            """, sales AS (
                SELECT k.member_id, o.store_id, o.business_date, a.booked, a.voided,
                    f.facts AS sold, coalesce(a."left", '[]') AS "left"
                FROM known k JOIN orders_booked o ON o.member_id = ANY(ARRAY(
                        SELECT k.member_id UNION ALL SELECT g.member_id FROM members g
                        WHERE g.survivor_id = k.member_id))
                    AND o.kind = 'sale' AND o.currency = k.currency
                    AND o.business_date > k.as_of - CAST(:days AS int)
                LEFT JOIN sale_facts f ON f.document_id = o.document_id
                CROSS JOIN LATERAL (
                    SELECT sum(b.points_earned) AS booked, bool_or(b.kind = 'void') AS voided,
                        json_agg(r.facts) FILTER (WHERE r.facts IS NOT NULL) AS "left"
                    FROM orders_booked b LEFT JOIN sale_facts r
                        ON r.document_id = b.document_id AND b.kind = 'return'
                    WHERE b.order_id = o.order_id
                ) a
            ) SELECT CAST(json_build_object(
                'members', (SELECT coalesce(json_agg(progress ORDER BY member_id), '[]')
                    FROM progress),
                'sales', (SELECT coalesce(json_agg(sales), '[]') FROM sales)) AS text)""",
        )
    )
)  # fmt: skip
