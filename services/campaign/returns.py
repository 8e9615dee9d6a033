"""Coupons and counts that come back with the goods they were used for (K9, K25).

Order names the promotions that nothing of an order is left of; what each used comes back once, with
a compensating row in the ledger, whichever return it is that takes the last piece.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.campaign import holds
from services.campaign.models import ALL
from shared import outbox
from shared.contracts import Envelope
from shared.contracts.order.returns import OrderReturned

# What a member has used under a cap is known from the hold, as long as that is kept; after that
# from the member's own count. Locks as everywhere: usages by subject and member.
_RETURNED = text(
    """
    WITH back AS MATERIALIZED (
      SELECT * FROM unnest(CAST(:orders AS uuid[]), CAST(:promotions AS uuid[]),
        CAST(:times AS timestamptz[])) AS b(order_id, promotion_id, at)
    ), given_back AS (
      INSERT INTO redemptions (order_id, promotion_id, orders, version, coupon_code, member_id,
        store_id, discount_minor, at)
      SELECT r.order_id, r.promotion_id, -1, r.version, r.coupon_code, r.member_id, r.store_id,
        -r.discount_minor, b.at
      FROM redemptions r JOIN back b USING (order_id, promotion_id) WHERE r.orders = 1
      ON CONFLICT DO NOTHING
      RETURNING order_id, promotion_id, coupon_code, member_id
    ), subjects AS (
      SELECT order_id, promotion_id AS subject_id, member_id FROM given_back
      UNION ALL
      SELECT g.order_id, c.id, g.member_id FROM given_back g
      JOIN coupons c ON c.lookup = upper(g.coupon_code)
    ), uses AS (
      SELECT subject_id, :all AS member_id FROM subjects
      UNION ALL
      SELECT s.subject_id, s.member_id FROM subjects s
      WHERE s.member_id IS NOT NULL AND (
        EXISTS (SELECT FROM hold_items i WHERE i.order_id = s.order_id
          AND i.subject_id = s.subject_id AND i.member_id = s.member_id)
        OR NOT EXISTS (SELECT FROM holds h WHERE h.order_id = s.order_id))
    ), deltas AS (
      SELECT subject_id, member_id, count(*) AS used FROM uses GROUP BY subject_id, member_id
    ), locked AS MATERIALIZED (
      SELECT u.subject_id, u.member_id, d.used
      FROM usages u JOIN deltas d USING (subject_id, member_id)
      ORDER BY u.subject_id, u.member_id FOR NO KEY UPDATE OF u
    ), counted AS (
      UPDATE usages u SET used = greatest(u.used - l.used, 0) FROM locked l
      WHERE u.subject_id = l.subject_id AND u.member_id = l.member_id
    )
    SELECT order_id, coupon_code, member_id FROM given_back WHERE coupon_code IS NOT NULL
    """
)


def on_order_returned(session: Session, envelopes: list[Envelope[OrderReturned]]) -> None:
    """Give back what nothing is left of, and tell of the coupons that can be used again."""
    back = [(e.data, promotion) for e in envelopes for promotion in e.data.promotions]
    if not back:
        return
    rows = session.execute(
        _RETURNED,
        {
            "all": ALL,
            "orders": [order.order_id for order, _ in back],
            "promotions": [promotion for _, promotion in back],
            "times": [order.returned_at for order, _ in back],
        },
    ).all()
    outbox.emit(
        session,
        *(holds.redemption(r.coupon_code, r.order_id, r.member_id, returned=True) for r in rows),
    )
