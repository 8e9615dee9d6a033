"""The promotions that a till keeps to price by without network: those it may apply alone."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.campaign import pricing
from services.campaign.models import Store
from services.campaign.offers import Offer
from shared import changes, stores
from shared.contracts.campaign import PromotionInput
from shared.contracts.campaign.till import (
    GetTillPromotions,
    TillPromotion,
    TillPromotions,
    TillPromotionVersion,
)
from shared.seal import Caller

# All versions of a promotion of which one has changed, but for those that are over for good.
_CHANGED = text(
    f"""
    SELECT v.promotion_id, v.version, v.body, v.starts_at,
      least(v.valid_until, v.ended_at) AS stops_at,
      coalesce(least(v.valid_until, v.ended_at) <= :now, false) OR EXISTS (
        SELECT FROM promotion_versions n WHERE n.promotion_id = v.promotion_id
          AND n.version > v.version AND n.starts_at <= :now) AS over
    FROM promotion_versions v
    WHERE v.promotion_id IN (
      SELECT promotion_id FROM promotion_versions
      WHERE {changes.written("promotion_versions")} >= :since)
    ORDER BY v.promotion_id, v.version DESC
    """
)


def get_promotions(
    session: Session, caller: Caller, command: GetTillPromotions, now: datetime | None = None
) -> TillPromotions:
    """What a till of this store has to learn anew, and what it has to forget."""
    store = stores.require_store(session, Store, caller, command.store_id)
    asked = changes.since(session, command.since_version)
    rows = session.execute(_CHANGED, {"since": asked.since, "now": now or datetime.now(UTC)})
    by_id: dict[UUID, list[TillPromotionVersion]] = defaultdict(list)
    for row in rows:
        versions = by_id[row.promotion_id]
        if not row.over:
            versions.append(_version(row, store))
    useful = {id_: found for id_, found in by_id.items() if any(each.terms for each in found)}
    return TillPromotions(
        version=asked.version,
        whole=asked.whole,
        items=[TillPromotion(id=id_, versions=found) for id_, found in useful.items()],
        removed=[] if asked.whole else [id_ for id_ in by_id if id_ not in useful],
    )


def _version(row: Any, store: stores.Store) -> TillPromotionVersion:
    promotion = msgspec.convert(row.body, PromotionInput)
    offer = Offer(row.version, promotion)
    usable = offer.alone and pricing.is_here(promotion, store.id, store.franchisee_id)
    return TillPromotionVersion(
        version=row.version,
        starts_at=row.starts_at,
        stops_at=row.stops_at,
        terms=terms_of(promotion) if usable else None,
    )


def terms_of(promotion: PromotionInput) -> dict[str, Any]:
    """What a till needs of a promotion to apply it; see `TillPromotionVersion`."""
    wanted = promotion.eligibility
    terms: dict[str, Any] = msgspec.to_builtins(
        {
            "code": promotion.code,
            "name_zh": promotion.name_zh,
            "name_en": promotion.name_en,
            "rule": promotion.rule,
            "style_ids": sorted(wanted.style_ids),
            "categories": sorted(wanted.categories),
            "tiers": sorted(wanted.tiers),
            "members_only": wanted.members_only,
            "priority": promotion.priority,
            "stacks": promotion.stacks,
            "group": promotion.group,
        }
    )
    return terms
