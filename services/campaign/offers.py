"""The promotions in force at an instant, kept in memory for a moment.

A version is in force from its start until the next version starts, its `valid_until` or its end;
what a basket costs is decided by the instant of the sale, not of the look-up.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct, convert
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.contracts.campaign import PromotionInput
from shared.database import memory_key

CACHE_SECONDS = 2.0
_BACK = timedelta(hours=1)
_AHEAD = timedelta(minutes=1)


class Offer(Struct, frozen=True):
    """One version of a promotion, as pricing sees it."""

    version: int
    promotion: PromotionInput

    @property
    def capped(self) -> bool:
        return bool(self.promotion.cap_total or self.promotion.cap_per_member)

    @property
    def alone(self) -> bool:
        """Whether a till without network may apply it: nothing of it is counted or held, and it
        asks nothing of a member but the tier."""
        wanted = self.promotion.eligibility
        personal = self.promotion.needs_coupon or wanted.tags or wanted.privileges
        return not (self.capped or personal)


class _Dated(Struct, frozen=True):
    offer: Offer
    starts_at: datetime
    stops_at: datetime | None


class _Loaded(Struct, frozen=True):
    """The versions of a span of time, newest first."""

    since: datetime
    until: datetime
    fresh_until: float
    versions: list[_Dated]


_cache: dict[int, _Loaded] = {}

_IN_SPAN = text(
    """
    SELECT v.version, v.body, v.starts_at, least(v.valid_until, v.ended_at) AS stops_at
    FROM promotion_versions v
    WHERE v.starts_at <= :until
      AND (v.valid_until IS NULL OR v.valid_until > :since)
      AND (v.ended_at IS NULL OR v.ended_at > :since)
      AND NOT EXISTS (
        SELECT 1 FROM promotion_versions n
        WHERE n.promotion_id = v.promotion_id AND n.version > v.version AND n.starts_at <= :since)
    ORDER BY v.promotion_id, v.version DESC
    """
)


def offers_at(session: Session, at: datetime) -> list[Offer]:
    """The promotions in force at `at`, in the order they are applied: priority, then code."""
    key = memory_key(session)
    loaded = _cache.get(key)
    if loaded is None or loaded.fresh_until < time.monotonic():
        now = datetime.now(UTC)
        loaded = _cache[key] = _load(session, now - _BACK, now + _AHEAD)
    if not loaded.since <= at <= loaded.until:
        loaded = _load(session, at, at)
    newest: dict[UUID, _Dated] = {}
    for dated in loaded.versions:
        if dated.starts_at <= at:
            newest.setdefault(dated.offer.promotion.id, dated)
    in_force = [d.offer for d in newest.values() if d.stops_at is None or at < d.stops_at]
    return sorted(in_force, key=lambda offer: (offer.promotion.priority, offer.promotion.code))


def forget_offers() -> None:
    """Empty the memory of this process."""
    _cache.clear()


def _load(session: Session, since: datetime, until: datetime) -> _Loaded:
    rows: Any = session.execute(_IN_SPAN, {"since": since, "until": until})
    versions = [
        _Dated(Offer(row.version, convert(row.body, PromotionInput)), row.starts_at, row.stops_at)
        for row in rows
    ]
    return _Loaded(since, until, time.monotonic() + CACHE_SECONDS, versions)
