"""Why a member has their tier: the ladder, its window, the purchases in it, what is missing (K29).

The sum is the one that tiers are reckoned from, and the parts are the rows it adds up; of who was
merged it is the survivor's, with what all in the group have bought.
"""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from services.loyalty import standing, tiers
from services.loyalty.explanation import worded
from services.loyalty.standing import Holding, LadderInForce, Progress
from shared.contracts.loyalty.tier_explanation import ExplainTier, TierExplanation, TierPart
from shared.errors import InvalidInput, Refusal
from shared.paging import decode_cursor, page_of
from shared.seal import Caller


def explain_tier(session: Session, caller: Caller, command: ExplainTier) -> TierExplanation:
    """As of now; see `explain_at`."""
    return explain_at(session, command, datetime.now(UTC))


def explain_at(session: Session, command: ExplainTier, now: datetime) -> TierExplanation:
    """Raises `Refusal`: UNKNOWN_MEMBER, NO_RULE; `InvalidInput`: INVALID_CURSOR."""
    after = None if command.after is None else _key(command.after)
    ladder, member = tiers.progress_of(session, command.member_id, now)
    if member is None:
        raise Refusal("UNKNOWN_MEMBER")
    if ladder is None:
        raise Refusal("NO_RULE")
    since = ladder.body.since(member.as_of)
    held = standing.hold(member, ladder.body)
    page = page_of(
        _parts(session, command, ladder, member, since, after), command.first, _cursor_key
    )
    zh, en = _words(ladder, member, held, since)
    return TierExplanation(
        member_id=member.member_id,
        ladder_version=ladder.version,
        basis=ladder.body.basis,
        window_days=ladder.body.window_days,
        calendar_year=ladder.body.calendar_year,
        since=since,
        as_of=member.as_of,
        currency=member.currency,
        progress=held.progress,
        tier=held.tier.code if held.tier else None,
        threshold=held.tier.threshold if held.tier else None,
        next_tier=held.next.code if held.next else None,
        missing=held.missing,
        held_by=held.held_by,
        until=held.until,
        tier_by_sum=held.by_sum.code if held.by_sum else None,
        to_keep=held.to_keep,
        zh=zh,
        en=en,
        parts=page.items,
        next=page.cursors[-1] if page.has_next else None,
    )


def _words(
    ladder: LadderInForce, member: Progress, held: Holding, since: date | None
) -> tuple[str, str]:
    tier, ahead, unit = held.tier, held.next, "points"
    if ladder.body.basis == "spend":
        unit = member.currency or ""
    total = worded(held.progress, unit)
    total_zh = f"{total} 积分" if unit == "points" else total
    total_en = f"{total} points" if unit == "points" else total
    why_zh, why_en = _why(held)
    zh = f"{tier.name_zh}{why_zh}" if tier else "未达任何等级"
    en = f"{tier.name_en}{why_en}" if tier else "No tier"
    zh += f"：{since} 起累计 {total_zh}" if since else f"：累计 {total_zh}"
    en += f": {total_en} since {since}" if since else f": {total_en} in all"
    if tier:
        threshold = worded(tier.threshold, unit)
        zh, en = f"{zh}，门槛 {threshold}", f"{en}, {threshold} are needed"
    if held.to_keep is not None:
        lacking = worded(held.to_keep, unit)
        zh, en = f"{zh}；保级还差 {lacking}", f"{en}; {lacking} would keep it"
    if ahead and held.missing is not None:
        missing = worded(held.missing, unit)
        zh = f"{zh}；距{ahead.name_zh}还差 {missing}"
        en = f"{en}; {missing} are missing to {ahead.name_en}"
    return f"{zh}（规则版本 {ladder.version}）", f"{en} (rule version {ladder.version})"


def _why(held: Holding) -> tuple[str, str]:
    """Why a tier is held that the sum does not give."""
    until_zh = f"，至 {held.until}" if held.until else ""
    until_en = f" through {held.until}" if held.until else ""
    match held.held_by:
        case "set":
            return f"（总部设定{until_zh}）", f" (set by headquarters{until_en})"
        case "grace":
            return f"（保级期{until_zh}）", f" (kept in grace{until_en})"
        case "sum":
            return "", ""


def _parts(
    session: Session,
    command: ExplainTier,
    ladder: LadderInForce,
    member: Progress,
    since: date | None,
    after: tuple[date, UUID, str] | None,
) -> list[TierPart]:
    on, document_id, kind = after or (None, None, None)
    rows = session.execute(
        _PARTS,
        {
            "member_id": member.member_id,
            "currency": member.currency,
            "since": since,
            "limit": command.first + 1,
            "on": on,
            "document_id": document_id,
            "kind": kind,
        },
    )
    return [_part(row, ladder.body.basis) for row in rows]


def _part(row: Row[Any], basis: str) -> TierPart:
    return TierPart(
        document_id=row.document_id,
        order_id=row.order_id,
        kind=row.kind,
        business_date=row.business_date,
        store_id=row.store_id,
        amount=row.spend_minor if basis == "spend" else row.points_earned,
    )


def _cursor_key(part: TierPart) -> tuple[str, str, str]:
    return part.business_date.isoformat(), str(part.document_id), part.kind


def _key(cursor: str) -> tuple[date, UUID, str]:
    on, document_id, kind = decode_cursor(cursor, 3)
    try:
        return date.fromisoformat(str(on)), UUID(str(document_id)), str(kind)
    except ValueError as error:
        raise InvalidInput("INVALID_CURSOR") from error


_PARTS = text(
    """SELECT document_id, order_id, kind, business_date, store_id, spend_minor, points_earned
    FROM orders_booked WHERE member_id = ANY(ARRAY(SELECT member_id FROM members
            WHERE member_id = :member_id OR survivor_id = :member_id)) AND currency = :currency
        AND (CAST(:since AS date) IS NULL OR business_date >= :since)
        AND (CAST(:on AS date) IS NULL OR (business_date, document_id, kind)
            < (CAST(:on AS date), CAST(:document_id AS uuid), CAST(:kind AS text)))
    ORDER BY business_date DESC, document_id DESC, kind DESC LIMIT :limit"""
)
