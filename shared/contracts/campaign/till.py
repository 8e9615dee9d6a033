"""The promotions that a till may apply without network."""

from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts import Command, Message, Text


class TillPromotionVersion(Message, frozen=True, kw_only=True):
    """A version of a promotion: in force from `starts_at` until a later version starts, or until
    `stops_at`. `terms` None: from then on a till may not apply it alone.

    `terms` has `code`, `name_zh`, `name_en`, `rule` (with its `type`), `style_ids`, `categories`,
    `tiers`, `members_only`, `priority`, `stacks` and `group`, as `PromotionInput` explains them.
    """

    version: int
    starts_at: datetime
    stops_at: datetime | None
    terms: dict[str, Any] | None


class TillPromotion(Message, frozen=True, kw_only=True):
    """A promotion with the versions that are in force or are to come, newest first."""

    id: UUID
    versions: list[TillPromotionVersion]


class TillPromotions(Message, frozen=True, kw_only=True):
    """What has changed since the version asked with; `whole`: what the till had is replaced.
    `removed` are promotions that a till may not apply any more."""

    version: str
    whole: bool
    items: list[TillPromotion]
    removed: list[UUID]


class GetTillPromotions(Command[TillPromotions], frozen=True, kw_only=True):
    """Promotions of a store that a till may apply alone: those that are not counted or held (no
    coupon, no cap) and ask nothing of a member but the tier (no tag, no privilege)."""

    store_id: UUID
    since_version: Text | None = None
