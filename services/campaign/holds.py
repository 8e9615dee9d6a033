"""Holds of coupons and capped promotions: held by a priced order, then used or let go (K6-K12).

The guard is one conditional write on the usage row of a promotion or coupon, for all members and
for the one: `held + used < cap`. Locks are taken in one order everywhere: holds, then usages by
subject and member. What an order holds is settled by that order's events alone.
"""

from uuid import UUID

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.campaign.models import ALL
from shared import outbox, telemetry
from shared.contracts import Envelope
from shared.contracts.campaign import CouponRedeemed
from shared.contracts.order import OrderCancelled, OrderPlaced, OrderVoided

KEPT_DAYS = 30
"""How long a closed hold is kept: its order is answered again from its own row, and can be voided
on its own business day only."""
PRUNE_AT_ONCE = 10_000


class Claim(Struct, frozen=True, kw_only=True):
    """One use of a promotion or coupon by an order. `member_id` is `ALL` for the total."""

    subject_id: UUID
    member_id: UUID
    cap: int
    promotion_id: UUID


def claims_on(
    promotion_id: UUID,
    subject_id: UUID,
    member_id: UUID | None,
    total: int | None,
    each: int | None,
) -> list[Claim]:
    """What an order has to hold of a promotion or coupon: one use of each of its caps."""
    caps = {ALL: total, member_id: each}
    return [
        Claim(subject_id=subject_id, member_id=whose, cap=cap, promotion_id=promotion_id)
        for whose, cap in caps.items()
        if whose is not None and cap is not None
    ]


# The hold's row comes first: a second call for the same order waits there, and claims nothing.
_HOLD = text(
    """
    WITH opened AS (
      INSERT INTO holds (order_id, status, digest, answer)
      VALUES (:order_id, 'held', :digest, CAST(:answer AS jsonb))
      ON CONFLICT DO NOTHING RETURNING order_id
    ), wanted AS MATERIALIZED (
      SELECT w.* FROM opened, unnest(CAST(:subjects AS uuid[]), CAST(:members AS uuid[]),
        CAST(:caps AS bigint[])) AS w(subject_id, member_id, cap)
    ), taken AS (
      INSERT INTO usages AS u (subject_id, member_id, held, used)
      SELECT subject_id, member_id, 1, 0 FROM wanted ORDER BY subject_id, member_id
      ON CONFLICT (subject_id, member_id) DO UPDATE SET held = u.held + 1
      WHERE u.held + u.used < (
        SELECT w.cap FROM wanted w
        WHERE w.subject_id = u.subject_id AND w.member_id = u.member_id)
      RETURNING u.subject_id, u.member_id
    ), kept AS (
      INSERT INTO hold_items (order_id, subject_id, member_id)
      SELECT :order_id, subject_id, member_id FROM taken
    )
    SELECT o.order_id, t.subject_id, t.member_id FROM opened o LEFT JOIN taken t ON true
    """
)


def hold(
    session: Session, order_id: UUID, digest: str, answer: str, claims: list[Claim]
) -> list[Claim] | None:
    """Hold all claims for an order. Returns those that could not be had (the transaction must
    then be rolled back), or None when this order has a hold already."""
    rows = session.execute(
        _HOLD,
        {
            "order_id": order_id,
            "digest": digest,
            "answer": answer,
            "subjects": [claim.subject_id for claim in claims],
            "members": [claim.member_id for claim in claims],
            "caps": [claim.cap for claim in claims],
        },
    ).all()
    if not rows:
        return None
    taken = {(row.subject_id, row.member_id) for row in rows}
    return [claim for claim in claims if (claim.subject_id, claim.member_id) not in taken]


# What has no cap was not held, and is counted as used all the same. An order that was voided before
# it came here stands in the ledger, booked and given back at once, and counts nowhere.
_PLACED = text(
    """
    WITH applied AS MATERIALIZED (
      SELECT a.*, EXISTS (
          SELECT 1 FROM holds h WHERE h.order_id = a.order_id AND h.status = 'returned') AS voided
      FROM unnest(CAST(:orders AS uuid[]), CAST(:promotions AS uuid[]),
        CAST(:versions AS int[]), CAST(:coupons AS text[]), CAST(:members AS uuid[]),
        CAST(:stores AS uuid[]), CAST(:discounts AS bigint[]), CAST(:times AS timestamptz[]))
        AS a(order_id, promotion_id, version, coupon_code, member_id, store_id, discount_minor, at)
    ), booked AS (
      INSERT INTO redemptions (order_id, promotion_id, orders, version, coupon_code, member_id,
        store_id, discount_minor, at)
      SELECT order_id, promotion_id, b.orders, version, coupon_code, member_id, store_id,
        b.orders * discount_minor, at
      FROM applied JOIN (VALUES (1), (-1)) AS b(orders) ON b.orders = 1 OR voided
    ), confirmed AS (
      UPDATE holds SET status = 'confirmed'
      WHERE order_id = ANY(CAST(:orders AS uuid[])) AND status = 'held' RETURNING order_id
    ), held AS (
      SELECT i.order_id, i.subject_id, i.member_id FROM hold_items i JOIN confirmed USING (order_id)
    ), deltas AS (
      SELECT subject_id, member_id, sum(held) AS held, count(*) AS used FROM (
        SELECT subject_id, member_id, 1 AS held FROM held
        UNION ALL
        SELECT a.subject_id, :all, 0 FROM (
          SELECT order_id, promotion_id AS subject_id FROM applied WHERE NOT voided
          UNION ALL
          SELECT applied.order_id, coupons.id FROM applied
          JOIN coupons ON coupons.lookup = upper(applied.coupon_code) WHERE NOT voided
        ) a WHERE NOT EXISTS (
          SELECT 1 FROM held h
          WHERE h.order_id = a.order_id AND h.subject_id = a.subject_id AND h.member_id = :all)
      ) AS uses(subject_id, member_id, held) GROUP BY subject_id, member_id
    ), locked AS MATERIALIZED (
      SELECT u.subject_id, u.member_id, d.held, d.used
      FROM usages u JOIN deltas d USING (subject_id, member_id)
      ORDER BY u.subject_id, u.member_id FOR NO KEY UPDATE OF u
    ), counted AS (
      UPDATE usages u SET held = u.held - l.held, used = u.used + l.used FROM locked l
      WHERE u.subject_id = l.subject_id AND u.member_id = l.member_id
    )
    INSERT INTO outbox (event_id, type, subject, envelope)
    SELECT event_id, type, subject, envelope FROM unnest(
      CAST(:redeeming AS uuid[]), CAST(:event_ids AS uuid[]), CAST(:types AS text[]),
      CAST(:subjects AS text[]), CAST(:envelopes AS text[]))
      AS e(order_id, event_id, type, subject, envelope)
    WHERE order_id NOT IN (SELECT order_id FROM applied WHERE voided)
    """
)


def on_order_placed(session: Session, envelopes: list[Envelope[OrderPlaced]]) -> None:
    """Book every promotion of every placed order once, and turn what was held into used.

    Of an order that was voided before, nothing is left to be used, nor to be told.
    """
    uses = [(e.data, promotion) for e in envelopes for promotion in e.data.promotions]
    if not uses:
        return
    redeeming = [(order, p.coupon_code) for order, p in uses if p.coupon_code]
    events = [
        _redeemed(session, code, order.order_id, order.member_id) for order, code in redeeming
    ]
    columns = ("event_id", "type", "subject", "envelope")
    session.execute(
        _PLACED,
        {
            "all": ALL,
            "orders": [order.order_id for order, _ in uses],
            "promotions": [promotion.promotion_id for _, promotion in uses],
            "versions": [promotion.version for _, promotion in uses],
            "coupons": [promotion.coupon_code for _, promotion in uses],
            "members": [order.member_id for order, _ in uses],
            "stores": [order.store_id for order, _ in uses],
            "discounts": [promotion.discount_minor for _, promotion in uses],
            "times": [order.placed_at for order, _ in uses],
            "redeeming": [order.order_id for order, _ in redeeming],
            **{f"{name}s": [event[name] for event in events] for name in columns},
        },
    )


_TOMBSTONES = text(
    """
    INSERT INTO holds AS h (order_id, status)
    SELECT DISTINCT id, :status FROM unnest(CAST(:orders AS uuid[])) AS o(id) ORDER BY id
    ON CONFLICT (order_id) DO UPDATE SET status = excluded.status WHERE h.status = 'held'
    RETURNING order_id
    """
)

# A statement of its own: a hold that was being made while the tombstone waited for it is released
# by the tombstone, but what it holds can only be seen by a statement that begins after it.
_RELEASE = text(
    """
    WITH deltas AS (
      SELECT subject_id, member_id, count(*) AS held
      FROM hold_items WHERE order_id = ANY(CAST(:orders AS uuid[]))
      GROUP BY subject_id, member_id
    ), locked AS MATERIALIZED (
      SELECT u.subject_id, u.member_id, d.held
      FROM usages u JOIN deltas d USING (subject_id, member_id)
      ORDER BY u.subject_id, u.member_id FOR NO KEY UPDATE OF u
    )
    UPDATE usages u SET held = u.held - l.held FROM locked l
    WHERE u.subject_id = l.subject_id AND u.member_id = l.member_id
    """
)


def on_order_cancelled(session: Session, envelopes: list[Envelope[OrderCancelled]]) -> None:
    """Let go of what these orders hold, and refuse them a hold that would come later."""
    _let_go(session, [e.data.order_id for e in envelopes], "released")


def _let_go(session: Session, order_ids: list[UUID], status: str) -> None:
    """Close the holds of orders that have not been used; an order without one gets a tombstone."""
    closed = session.scalars(_TOMBSTONES, {"orders": order_ids, "status": status})
    session.execute(_RELEASE, {"orders": list(closed)})


_VOIDED = text(
    """
    WITH given_back AS (
      INSERT INTO redemptions (order_id, promotion_id, orders, version, coupon_code, member_id,
        store_id, discount_minor, at)
      SELECT r.order_id, r.promotion_id, -1, r.version, r.coupon_code, r.member_id, r.store_id,
        -r.discount_minor, v.at
      FROM redemptions r
      JOIN unnest(CAST(:orders AS uuid[]), CAST(:times AS timestamptz[])) AS v(order_id, at)
        ON v.order_id = r.order_id AND r.orders = 1
      ON CONFLICT DO NOTHING
      RETURNING order_id, promotion_id, coupon_code, member_id
    ), returned AS (
      UPDATE holds SET status = 'returned'
      WHERE order_id = ANY(CAST(:orders AS uuid[])) AND status = 'confirmed' RETURNING order_id
    ), held AS (
      SELECT i.order_id, i.subject_id, i.member_id FROM hold_items i JOIN returned USING (order_id)
    ), deltas AS (
      SELECT subject_id, member_id, count(*) AS used FROM (
        SELECT subject_id, member_id FROM held
        UNION ALL
        SELECT g.subject_id, :all FROM (
          SELECT order_id, promotion_id AS subject_id FROM given_back
          UNION ALL
          SELECT given_back.order_id, coupons.id FROM given_back
          JOIN coupons ON coupons.lookup = upper(given_back.coupon_code)
        ) g WHERE NOT EXISTS (
          SELECT 1 FROM held h
          WHERE h.order_id = g.order_id AND h.subject_id = g.subject_id AND h.member_id = :all)
      ) AS uses(subject_id, member_id) GROUP BY subject_id, member_id
    ), locked AS MATERIALIZED (
      SELECT u.subject_id, u.member_id, d.used
      FROM usages u JOIN deltas d USING (subject_id, member_id)
      ORDER BY u.subject_id, u.member_id FOR NO KEY UPDATE OF u
    ), counted AS (
      UPDATE usages u SET used = u.used - l.used FROM locked l
      WHERE u.subject_id = l.subject_id AND u.member_id = l.member_id
    )
    SELECT order_id, coupon_code, member_id FROM given_back WHERE coupon_code IS NOT NULL
    """
)


def on_order_voided(session: Session, envelopes: list[Envelope[OrderVoided]]) -> None:
    """Give coupons and counts of voided orders back, with compensating rows in the ledger (K9).

    A void that comes before its sale closes the hold all the same, so that the sale will not count.
    """
    order_ids = [e.data.order_id for e in envelopes]
    _let_go(session, order_ids, "returned")
    rows = session.execute(
        _VOIDED,
        {
            "all": ALL,
            "orders": order_ids,
            "times": [e.time for e in envelopes],
        },
    ).all()
    outbox.emit(
        session,
        *(redemption(r.coupon_code, r.order_id, r.member_id, returned=True) for r in rows),
    )


# A tombstone of a voided order has to outlast the sale that is still to come; there are few. What
# another replica is about to delete is left to it.
_PRUNE = text(
    """
    WITH old AS (
      SELECT order_id FROM holds h
      WHERE status <> 'held' AND held_at < now() - make_interval(days => :days)
        AND (status <> 'returned' OR EXISTS (
          SELECT 1 FROM redemptions r WHERE r.order_id = h.order_id AND r.orders = -1))
      ORDER BY order_id LIMIT :limit FOR UPDATE SKIP LOCKED
    ), items AS (
      DELETE FROM hold_items i USING old WHERE i.order_id = old.order_id
    )
    DELETE FROM holds h USING old WHERE h.order_id = old.order_id
    """
)


def prune(session: Session) -> None:
    """Forget closed holds, with what they held; the ledger of what was redeemed is kept."""
    parameters = {"days": KEPT_DAYS, "limit": PRUNE_AT_ONCE}
    session.execute(_PRUNE, parameters, execution_options=telemetry.UNCOUNTED)


def _redeemed(
    session: Session, code: str, order_id: UUID, member_id: UUID | None
) -> dict[str, object]:
    return outbox.prepare(session, *redemption(code, order_id, member_id, returned=False))


def redemption(
    code: str, order_id: UUID, member_id: UUID | None, *, returned: bool
) -> tuple[CouponRedeemed, str, int]:
    """The event; its subject is the use of one coupon by one order."""
    event = CouponRedeemed(code=code, order_id=order_id, member_id=member_id, returned=returned)
    return event, f"{order_id}/{code}", 2 if returned else 1
