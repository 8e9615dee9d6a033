"""What pricing a basket has to look up: the pieces with their prices, the member, coupons and their
use, and the order's hold. One statement, whatever the basket's size (K45, K46)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct, convert
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.campaign.models import ALL
from services.campaign.pricing import Buyer
from shared.contracts.campaign import BasketLine, PriceAndHold, Priced
from shared.errors import Refusal


class CouponFact(Struct, frozen=True, kw_only=True):
    id: UUID
    code: str
    lookup: str
    promotion_id: UUID
    member_id: UUID | None
    cap_total: int | None
    cap_per_member: int | None
    valid_from: datetime | None
    valid_until: datetime | None


class HoldFact(Struct, frozen=True):
    """A hold of this order: `digest` and `answer` are None of a tombstone."""

    status: str
    digest: str | None
    answer: Priced | None


class Stocked(Struct, frozen=True, array_like=True):
    """A piece as the copies know it; no price when none is in force in the store."""

    sku_id: UUID
    style_id: UUID
    sku_code: str
    name: str
    category: str
    colour: str
    size: str
    tax_basis_points: int
    price_minor: int | None


class Facts(Struct, frozen=True):
    """`taken` counts orders that hold or have used a promotion or coupon, by (id, member);
    `stocked` has the pieces that are known, by SKU. `member_id` is whom the basket's member stands
    for, `group` all ids that do."""

    stocked: dict[UUID, Stocked]
    buyer: Buyer | None
    hold: HoldFact | None
    coupons: dict[str, CouponFact]
    taken: dict[tuple[UUID, UUID], int]
    member_id: UUID | None
    group: list[UUID]

    def used_up(self, subject_id: UUID, total: int | None, each: int | None) -> bool:
        """Whether no use is left of `total` for everybody, or of `each` for this member."""
        if total is not None and self.taken.get((subject_id, ALL), 0) >= total:
            return True
        if each is None or self.member_id is None:
            return False
        return sum(self.taken.get((subject_id, id_), 0) for id_ in self.group) >= each

    def left_of(self, subject_id: UUID, each: int | None) -> int | None:
        """The cap of this member's own uses: what the others of the group have left of it."""
        if each is None:
            return None
        others = (id_ for id_ in self.group if id_ != self.member_id)
        return each - sum(self.taken.get((subject_id, id_), 0) for id_ in others)


_FACTS = text(
    """
    WITH whose AS (
      SELECT coalesce(survivor_id, id) AS id FROM members WHERE id = CAST(:member_id AS uuid)
    ), one AS (
      SELECT id FROM whose
      UNION ALL SELECT g.id FROM members g WHERE g.survivor_id = (SELECT id FROM whose)
    )
    SELECT
      (SELECT jsonb_agg(jsonb_build_array(k.id, k.style_id, k.code, s.name, s.category, k.colour,
          k.size, s.tax_basis_points, p.price_minor))
        FROM unnest(CAST(:sku_ids AS uuid[])) AS w(id)
        JOIN skus k ON k.id = w.id
        JOIN styles s ON s.id = k.style_id
        LEFT JOIN LATERAL (
          SELECT price_minor FROM prices
          WHERE style_id = k.style_id AND scope_id = ANY(CAST(:scopes AS uuid[]))
            AND currency = :currency AND valid_from <= :at
          ORDER BY array_position(CAST(:scopes AS uuid[]), scope_id), valid_from DESC,
            sequence DESC
          LIMIT 1
        ) p ON true) AS stocked,
      (SELECT jsonb_build_object('tier', tier, 'tags', tags, 'privileges', (
          SELECT coalesce(jsonb_agg(jsonb_build_object('code', w.privilege,
            'rule_version', w.rule_version) ORDER BY w.privilege), '[]')
          FROM birthday_windows w WHERE w.member_id = members.id AND NOT w.withdrawn
            AND w.starts_at <= :at AND w.ends_at > :at))
        FROM members WHERE id = (SELECT id FROM whose)) AS buyer,
      (SELECT id FROM whose) AS member_id,
      ARRAY(SELECT id FROM one) AS member_ids,
      (SELECT jsonb_build_array(status, digest, answer) FROM holds
        WHERE order_id = CAST(:order_id AS uuid)) AS hold,
      (SELECT jsonb_agg(to_jsonb(c)) FROM coupons c
        WHERE c.lookup = ANY(CAST(:lookups AS text[]))) AS coupons,
      (SELECT jsonb_agg(jsonb_build_array(subject_id, member_id, held + used)) FROM usages
        WHERE subject_id = ANY(CAST(:capped AS uuid[]) || ARRAY(
            SELECT id FROM coupons WHERE lookup = ANY(CAST(:lookups AS text[]))))
          AND member_id = ANY(CAST(:all AS uuid) || ARRAY(SELECT id FROM one))) AS taken
    """
)

_HOLD = text("SELECT status, digest, answer FROM holds WHERE order_id = :order_id")


def read_facts(
    session: Session, command: PriceAndHold, scopes: list[UUID], capped: list[UUID]
) -> Facts:
    """Of each piece, the price of the first of `scopes` that has one counts.

    Raises `Refusal("UNKNOWN_MEMBER")`.
    """
    member_id = command.member_id
    parameters = {
        "sku_ids": list({line.sku_id for line in command.lines}),
        "scopes": scopes,
        "currency": command.currency,
        "at": command.at,
        "member_id": member_id,
        "order_id": command.order_id,
        "lookups": [code.upper() for code in command.coupon_codes],
        "capped": capped,
        "all": ALL,
    }
    row: Any = session.execute(_FACTS, parameters).one()
    if member_id and row.buyer is None:
        raise Refusal("UNKNOWN_MEMBER", {"member_id": member_id})
    coupons = convert(row.coupons or [], list[CouponFact])
    taken = convert(row.taken or [], list[tuple[UUID, UUID, int]])
    return Facts(
        {piece.sku_id: piece for piece in convert(row.stocked or [], list[Stocked])},
        convert(row.buyer, Buyer) if row.buyer else None,
        _hold(row.hold) if row.hold else None,
        {coupon.lookup: coupon for coupon in coupons},
        {(subject, member): count for subject, member, count in taken},
        row.member_id,
        list(row.member_ids),
    )


def read_hold(session: Session, order_id: UUID) -> HoldFact | None:
    row = session.execute(_HOLD, {"order_id": order_id}).one_or_none()
    return _hold(row) if row else None


def require_stocked(facts: Facts, lines: list[BasketLine]) -> None:
    """Raise `Refusal("UNKNOWN_SKU")` for a line whose piece is not known."""
    for line in lines:
        if line.sku_id not in facts.stocked:
            raise Refusal("UNKNOWN_SKU", {"sku_id": line.sku_id, "line": line.line})


def _hold(row: Any) -> HoldFact:
    status, digest, answer = row
    return HoldFact(status, digest, convert(answer, Priced | None))
