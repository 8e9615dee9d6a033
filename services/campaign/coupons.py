"""Coupons: issued rights with a code (C2, C15); their look-up, and whether one may be used.

Codes are compared without regard to capitals: they are typed in by hand.
"""

from collections import Counter
from datetime import UTC, datetime
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.campaign.facts import CouponFact, Facts
from services.campaign.offers import Offer
from services.campaign.pricing import Setting
from shared import outbox
from shared.contracts.campaign import (
    Coupon,
    CouponInput,
    Coupons,
    CouponsIssued,
    GetCoupons,
    IssueCoupons,
    PriceAndHold,
    Priced,
)
from shared.errors import InvalidInput, Refusal
from shared.ids import new_id
from shared.seal import Caller

MEMBERS_COUPONS_LIMIT = 200
"""Coupons of one member that are shown."""

_INSERT = text(
    """
    WITH issued AS (
      INSERT INTO coupons (id, code, lookup, promotion_id, member_id, cap_total, cap_per_member,
        valid_from, valid_until, author_id)
      SELECT c.*, :author_id FROM unnest(CAST(:ids AS uuid[]), CAST(:codes AS text[]),
        CAST(:lookups AS text[]), CAST(:promotions AS uuid[]), CAST(:members AS uuid[]),
        CAST(:totals AS bigint[]), CAST(:eachs AS bigint[]), CAST(:froms AS timestamptz[]),
        CAST(:untils AS timestamptz[])) AS c
      ON CONFLICT DO NOTHING RETURNING id, lookup
    ), counted AS (
      INSERT INTO usages (subject_id, member_id, held, used)
      SELECT id, CAST('00000000-0000-0000-0000-000000000000' AS uuid), 0, 0 FROM issued
    )
    SELECT lookup FROM issued
    """
)

_SELECT = """
    SELECT c.code, c.lookup, c.promotion_id, c.member_id, c.cap_total, c.cap_per_member,
           c.valid_from, c.valid_until, u.held, u.used,
           v.body->>'name_zh' AS name_zh, v.body->>'name_en' AS name_en
    FROM coupons c
    JOIN usages u ON u.subject_id = c.id
      AND u.member_id = '00000000-0000-0000-0000-000000000000'
    JOIN promotions p ON p.id = c.promotion_id
    JOIN promotion_versions v ON v.promotion_id = p.id AND v.version = p.version
    """

_BY_CODE = text(_SELECT + "WHERE c.lookup = ANY(CAST(:lookups AS text[]))")

# A coupon that only waits for its first day can still be used: it is shown.
_OF_MEMBER = text(
    _SELECT
    + """
    WHERE c.member_id = ANY(ARRAY(
        SELECT g.id FROM members asked
        JOIN members g ON g.id = coalesce(asked.survivor_id, asked.id)
          OR g.survivor_id = coalesce(asked.survivor_id, asked.id)
        WHERE asked.id = :member_id)) AND (c.valid_until IS NULL OR c.valid_until > :now)
      AND (v.valid_until IS NULL OR v.valid_until > :now) AND v.ended_at IS NULL
      AND (c.cap_total IS NULL OR u.held + u.used < c.cap_total)
    ORDER BY c.valid_until, c.code LIMIT :limit
    """
)

_PROMOTIONS = text(
    """
    SELECT v.promotion_id, CAST(v.body->>'needs_coupon' AS boolean) AS needs_coupon, v.ended_at
    FROM promotions p JOIN promotion_versions v ON v.promotion_id = p.id AND v.version = p.version
    WHERE p.id = ANY(CAST(:ids AS uuid[]))
    """
)

_KNOWN_MEMBERS = text("SELECT id FROM members WHERE id = ANY(CAST(:ids AS uuid[]))")

_STARTS = text("SELECT min(starts_at) FROM promotion_versions WHERE promotion_id = :id")


def issue(session: Session, caller: Caller, command: IssueCoupons) -> Coupons:
    """Issue coupons, all or none; those issued before with the same content stay as they are.

    Raises INVALID_INPUT, UNKNOWN_PROMOTION, INVALID_PROMOTION (it needs no coupon, or has ended),
    UNKNOWN_MEMBER and CODE_TAKEN.
    """
    caller.require_chain()
    items = {item.code.upper(): item for item in command.items}
    for number, item in enumerate(command.items):
        _check(number, item)
        if items[item.code.upper()] != item:
            raise Refusal("CODE_TAKEN", {"code": item.code})
    promotions = _promotions(session, items)
    fresh = _insert(session, caller, items)
    _check_fresh(session, [items[lookup] for lookup in fresh], promotions)
    rows: Any = session.execute(_BY_CODE, {"lookups": list(items)})
    issued = {row.lookup: row for row in rows}
    for lookup, item in items.items():
        if _input_of(issued[lookup]) != item:
            raise Refusal("CODE_TAKEN", {"code": item.code})
    counts = Counter(items[lookup].promotion_id for lookup in fresh)
    outbox.emit(
        session,
        # Each issue is a subject of its own: coupons have no versions to count.
        *((CouponsIssued(promotion_id=id_, count=n), new_id(), 1) for id_, n in counts.items()),
    )
    return Coupons(items=[_coupon(issued[item.code.upper()]) for item in command.items])


def get_coupons(session: Session, command: GetCoupons, now: datetime | None = None) -> Coupons:
    """Coupons by code, in the order asked for (unknown ones are left out), then a member's."""
    found: list[Coupon] = []
    if command.codes:
        lookups = list(dict.fromkeys(code.upper() for code in command.codes))
        rows: Any = session.execute(_BY_CODE, {"lookups": lookups})
        by_lookup = {row.lookup: _coupon(row) for row in rows}
        found += [by_lookup[lookup] for lookup in lookups if lookup in by_lookup]
    if command.member_id:
        parameters = {
            "member_id": command.member_id,
            "now": now or datetime.now(UTC),
            "limit": MEMBERS_COUPONS_LIMIT,
        }
        own: Any = session.execute(_OF_MEMBER, parameters)
        seen = {coupon.code for coupon in found}
        found += [_coupon(row) for row in own if row.code not in seen]
    return Coupons(items=found)


def presented(
    session: Session, command: PriceAndHold, offers: list[Offer], facts: Facts
) -> dict[UUID, CouponFact]:
    """The coupons of a basket by promotion; raises the COUPON_* refusals that need no price."""
    in_force = {offer.promotion.id: offer for offer in offers}
    found: dict[UUID, CouponFact] = {}
    for code in dict.fromkeys(code.upper() for code in command.coupon_codes):
        coupon = facts.coupons.get(code)
        if coupon is None:
            raise Refusal("UNKNOWN_COUPON", {"code": code})
        offer = in_force.get(coupon.promotion_id)
        _require_usable(session, coupon, offer, command, facts)
        if coupon.promotion_id in found:
            _no_effect(coupon.code, "同一活动每单限用一张券", "one coupon of a promotion an order")
        if offer and not offer.promotion.needs_coupon:
            _no_effect(coupon.code, "该活动无需用券", "its promotion needs no coupon")
        found[coupon.promotion_id] = coupon
    return found


def require_left(setting: Setting) -> None:
    """Raise COUPON_USED_UP for a coupon whose promotion has no use left."""
    for promotion_id, code in setting.coupons.items():
        if promotion_id in setting.used_up:
            raise Refusal("COUPON_USED_UP", {"code": code})


def require_effect(setting: Setting, priced: Priced) -> None:
    """Raise COUPON_NO_EFFECT for a coupon that takes nothing off this basket (K9)."""
    applied = {promotion.promotion_id for promotion in priced.promotions}
    for promotion_id, code in setting.coupons.items():
        if promotion_id in applied:
            continue
        said = [r for line in priced.lines for r in line.reasons if r.promotion_id == promotion_id]
        if not said:
            _no_effect(code, "成交价已由收银系统给定", "the prices were stated by another till")
        telling = next((r for r in said if r.code != "NOT_THIS_PIECE"), said[0])
        _no_effect(code, telling.text_zh, telling.text_en)


def _require_usable(
    session: Session,
    coupon: CouponFact,
    offer: Offer | None,
    command: PriceAndHold,
    facts: Facts,
) -> None:
    """Whose it is, when, and whether a use is left."""
    parameters = {"code": coupon.code}
    each = offer.promotion.cap_per_member if offer else None
    if command.member_id is None and (coupon.member_id or coupon.cap_per_member or each):
        raise Refusal("COUPON_NEEDS_MEMBER", parameters)
    if coupon.member_id is not None and coupon.member_id not in facts.group:
        raise Refusal("COUPON_OF_OTHER_MEMBER", parameters)
    if coupon.valid_from and command.at < coupon.valid_from:
        raise Refusal("COUPON_NOT_YET", parameters)
    if coupon.valid_until and command.at >= coupon.valid_until:
        raise Refusal("COUPON_EXPIRED", parameters)
    if offer is None:
        starts_at = session.scalar(_STARTS, {"id": coupon.promotion_id})
        waiting = starts_at is not None and command.at < starts_at
        raise Refusal("COUPON_NOT_YET" if waiting else "COUPON_EXPIRED", parameters)
    caps = coupon.cap_total, coupon.cap_per_member
    if facts.used_up(coupon.id, *caps):
        raise Refusal("COUPON_USED_UP", parameters)


def _no_effect(code: str, zh: str, en: str) -> NoReturn:
    raise Refusal("COUPON_NO_EFFECT", {"code": code, "why_zh": zh, "why_en": en})


def _check(number: int, item: CouponInput) -> None:
    for name, instant in (("valid_from", item.valid_from), ("valid_until", item.valid_until)):
        if instant is not None and instant.tzinfo is None:
            field = {"field": f"$.items[{number}].{name}", "reason": "no time zone"}
            raise InvalidInput("INVALID_INPUT", field)
    if item.valid_from and item.valid_until and item.valid_until <= item.valid_from:
        field = {"field": f"$.items[{number}].valid_until", "reason": "not after valid_from"}
        raise InvalidInput("INVALID_INPUT", field)


def _promotions(session: Session, items: dict[str, CouponInput]) -> dict[UUID, Any]:
    ids = {item.promotion_id for item in items.values()}
    rows: Any = session.execute(_PROMOTIONS, {"ids": list(ids)})
    promotions = {row.promotion_id: row for row in rows}
    for id_ in sorted(ids - promotions.keys()):
        raise Refusal("UNKNOWN_PROMOTION", {"promotion_id": id_})
    return promotions


def _insert(session: Session, caller: Caller, items: dict[str, CouponInput]) -> list[str]:
    """Insert what is new, in the order of codes; returns the look-ups of those."""
    ordered = sorted(items.items())
    parameters = {
        "author_id": caller.id,
        "ids": [new_id() for _ in ordered],
        "codes": [item.code for _, item in ordered],
        "lookups": [lookup for lookup, _ in ordered],
        "promotions": [item.promotion_id for _, item in ordered],
        "members": [item.member_id for _, item in ordered],
        "totals": [item.cap_total for _, item in ordered],
        "eachs": [item.cap_per_member for _, item in ordered],
        "froms": [item.valid_from for _, item in ordered],
        "untils": [item.valid_until for _, item in ordered],
    }
    return list(session.scalars(_INSERT, parameters))


def _check_fresh(session: Session, fresh: list[CouponInput], promotions: dict[UUID, Any]) -> None:
    """What only matters when a coupon is issued: that its promotion can be, and its member."""
    for item in fresh:
        promotion = promotions[item.promotion_id]
        if not promotion.needs_coupon:
            reason = {"reason_zh": "该促销无需用券", "reason_en": "it needs no coupon"}
            raise Refusal("INVALID_PROMOTION", reason)
        if promotion.ended_at is not None:
            reason = {"reason_zh": "该促销已结束", "reason_en": "it has ended"}
            raise Refusal("INVALID_PROMOTION", reason)
    wanted = {item.member_id for item in fresh if item.member_id}
    known = set(session.scalars(_KNOWN_MEMBERS, {"ids": list(wanted)})) if wanted else set()
    for member_id in sorted(wanted - known):
        raise Refusal("UNKNOWN_MEMBER", {"member_id": member_id})


def _input_of(row: Any) -> CouponInput:
    return CouponInput(
        code=row.code,
        promotion_id=row.promotion_id,
        member_id=row.member_id,
        cap_total=row.cap_total,
        cap_per_member=row.cap_per_member,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )


def _coupon(row: Any) -> Coupon:
    return Coupon(
        code=row.code,
        promotion_id=row.promotion_id,
        name_zh=row.name_zh,
        name_en=row.name_en,
        member_id=row.member_id,
        cap_total=row.cap_total,
        cap_per_member=row.cap_per_member,
        used=row.used,
        held=row.held,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )
