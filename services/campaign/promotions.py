"""Publishing, ending and listing promotions: versioned data, changed by HQ without a vendor (C26).

A version starts at its `valid_from`, but a later version never before it was published: what was
sold before was sold by the rules of then. An ended promotion may be published again.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.campaign.models import ALL
from services.campaign.offers import forget_offers
from shared import outbox
from shared.contracts.campaign import (
    AmountOff,
    Bundle,
    EndPromotion,
    ListPromotions,
    Promotion,
    PromotionEnded,
    PromotionInput,
    PromotionPublished,
    Promotions,
    PublishPromotion,
)
from shared.errors import Refusal
from shared.seal import Caller

LISTED_LIMIT = 1_000
"""Promotions, or versions of one, in one list; the newest ones."""

_NEW_HEAD = text(
    "INSERT INTO promotions (id, code, version) VALUES (:id, :code, 1)"
    " ON CONFLICT (id) DO NOTHING RETURNING id"
)
_NEXT_HEAD = text(
    "UPDATE promotions SET version = version + 1, code = :code"
    " WHERE id = :id AND version = :version RETURNING id"
)
_LOCK_HEAD = text("SELECT version FROM promotions WHERE id = :id FOR UPDATE")
_COUNT_USES = text(
    "INSERT INTO usages (subject_id, member_id, held, used) VALUES (:id, :all, 0, 0)"
    " ON CONFLICT DO NOTHING"
)
_NEW_VERSION = text(
    """
    INSERT INTO promotion_versions
      (promotion_id, version, body, author_id, published_at, starts_at, valid_until)
    VALUES (:id, :version, CAST(:body AS jsonb), :author_id, :now, :starts_at, :valid_until)
    """
)
_END = text(
    "UPDATE promotion_versions SET ended_at = :now WHERE promotion_id = :id AND ended_at IS NULL"
    " RETURNING version"
)
_KNOWN_STORES = text("SELECT id FROM stores WHERE id = ANY(CAST(:ids AS uuid[]))")

_SELECT = """
    SELECT v.*, u.used FROM promotions p
    JOIN promotion_versions v ON v.promotion_id = p.id
    JOIN usages u ON u.subject_id = p.id
      AND u.member_id = '00000000-0000-0000-0000-000000000000'
    """
_NEWEST = text(
    _SELECT
    + """
    WHERE v.version = p.version AND (:include_ended OR (
      v.ended_at IS NULL AND (v.valid_until IS NULL OR v.valid_until > :now)))
    ORDER BY v.published_at DESC, v.promotion_id LIMIT :limit
    """
)
_VERSIONS = text(_SELECT + "WHERE p.id = :id ORDER BY v.version DESC LIMIT :limit")
_ONE = text(_SELECT + "WHERE p.id = :id AND v.version = :version")


def publish(
    session: Session, caller: Caller, command: PublishPromotion, now: datetime | None = None
) -> Promotion:
    """Publish a promotion, or its next version; the same again gets the same answer.

    Raises INVALID_PROMOTION, UNKNOWN_STORE, UNKNOWN_PROMOTION, PROMOTION_CHANGED, CODE_TAKEN.
    """
    caller.require_chain()
    promotion, now = command.promotion, now or datetime.now(UTC)
    _check(promotion)
    _check_stores(session, promotion)
    version = command.version + 1
    if not _advance(session, command):
        again = _find(session, promotion.id, version, now)
        if again is not None and again.promotion == promotion:
            return again
        known = session.scalar(_LOCK_HEAD, {"id": promotion.id}) is not None
        raise Refusal("PROMOTION_CHANGED" if known else "UNKNOWN_PROMOTION")
    session.execute(_COUNT_USES, {"id": promotion.id, "all": ALL})
    starts_at = promotion.valid_from or now
    parameters = {
        "id": promotion.id,
        "version": version,
        "body": msgspec.json.encode(promotion).decode(),
        "author_id": caller.id,
        "now": now,
        "starts_at": starts_at if version == 1 else max(starts_at, now),
        "valid_until": promotion.valid_until,
    }
    session.execute(_NEW_VERSION, parameters)
    event = PromotionPublished(promotion_id=promotion.id, version=version, code=promotion.code)
    outbox.emit(session, (event, promotion.id, version))
    forget_offers()
    return _get(session, promotion.id, version, now)


def end(
    session: Session, caller: Caller, command: EndPromotion, now: datetime | None = None
) -> Promotion:
    """End a promotion now, versions that were to start later too; repeating it changes nothing.

    Raises UNKNOWN_PROMOTION.
    """
    caller.require_chain()
    now = now or datetime.now(UTC)
    version = session.scalar(_LOCK_HEAD, {"id": command.id})
    if version is None:
        raise Refusal("UNKNOWN_PROMOTION", {"promotion_id": command.id})
    if session.scalars(_END, {"id": command.id, "now": now}).all():
        event = PromotionEnded(promotion_id=command.id, version=version)
        outbox.emit(session, (event, command.id, version))
        forget_offers()
    return _get(session, command.id, version, now)


def list_promotions(
    session: Session, command: ListPromotions, now: datetime | None = None
) -> Promotions:
    """The newest version of each promotion, or all versions of one; newest first."""
    now = now or datetime.now(UTC)
    parameters: dict[str, Any] = {"limit": LISTED_LIMIT}
    if command.id is not None:
        rows: Any = session.execute(_VERSIONS, {**parameters, "id": command.id})
    else:
        parameters |= {"now": now, "include_ended": command.include_ended}
        rows = session.execute(_NEWEST, parameters)
    return Promotions(items=[_promotion(row, now) for row in rows])


def _advance(session: Session, command: PublishPromotion) -> bool:
    """Move the promotion to its next version, unless somebody else has; raises CODE_TAKEN."""
    promotion = command.promotion
    parameters: dict[str, Any] = {"id": promotion.id, "code": promotion.code}
    try:
        with session.begin_nested():
            if command.version == 0:
                return session.scalar(_NEW_HEAD, parameters) is not None
            parameters["version"] = command.version
            return session.scalar(_NEXT_HEAD, parameters) is not None
    except IntegrityError as error:
        raise Refusal("CODE_TAKEN", {"code": promotion.code}) from error


def _check(promotion: PromotionInput) -> None:
    """Refuse what the contract's types allow but nobody can have meant."""
    rule, from_, until = promotion.rule, promotion.valid_from, promotion.valid_until
    if any(instant is not None and instant.tzinfo is None for instant in (from_, until)):
        _invalid("起止时间须带时区", "its dates need a time zone")
    if from_ and until and until <= from_:
        _invalid("结束时间须晚于开始时间", "it ends before it begins")
    if isinstance(rule, AmountOff) and rule.off_minor > rule.threshold_minor:
        _invalid("减额不能大于门槛", "it takes off more than its threshold")
    if isinstance(rule, Bundle) and any(not (p.style_ids or p.categories) for p in rule.parts):
        _invalid("套装的每个部分须指定款式或品类", "a part names no style or category")
    total, each = promotion.cap_total, promotion.cap_per_member
    if total is not None and each is not None and each > total:
        _invalid("每人限用次数不能大于总次数", "the cap per member is above the total cap")


def _invalid(zh: str, en: str) -> None:
    raise Refusal("INVALID_PROMOTION", {"reason_zh": zh, "reason_en": en})


def _check_stores(session: Session, promotion: PromotionInput) -> None:
    wanted = promotion.eligibility.store_ids
    if not wanted:
        return
    known = set(session.scalars(_KNOWN_STORES, {"ids": list(wanted)}))
    for store_id in sorted(wanted - known):
        raise Refusal("UNKNOWN_STORE", {"store_id": store_id})


def _get(session: Session, id_: UUID, version: int, now: datetime) -> Promotion:
    row: Any = session.execute(_ONE, {"id": id_, "version": version}).one()
    return _promotion(row, now)


def _find(session: Session, id_: UUID, version: int, now: datetime) -> Promotion | None:
    row: Any = session.execute(_ONE, {"id": id_, "version": version}).one_or_none()
    return row and _promotion(row, now)


def _promotion(row: Any, now: datetime) -> Promotion:
    over = row.valid_until is not None and row.valid_until <= now
    return Promotion(
        version=row.version,
        author_id=row.author_id,
        published_at=row.published_at,
        ended=over or row.ended_at is not None,
        redeemed=row.used,
        promotion=msgspec.convert(row.body, PromotionInput),
    )
