"""Read copies fed by events: styles, SKUs and dated prices; members' tags and tiers.

Every handler takes a batch in one or two statements. Versions make them independent of the order
in which events of different services come: a tier may be told before the member is.
"""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.campaign.models import ALL, Store
from shared import stores
from shared.contracts import Envelope, one_by_one
from shared.contracts.directory import StoreChanged
from shared.contracts.inventory import PriceChanged, StyleSaved
from shared.contracts.loyalty import TierChanged, TiersChanged
from shared.contracts.member import MemberTagged
from shared.contracts.member.identity import MemberMerged, MemberUnmerged
from shared.contracts.member.imports import MembersImported
from shared.contracts.member.tag_rules import TagsRevised

_STYLES = text(
    """
    INSERT INTO styles AS s (id, version, code, name, category, tax_basis_points)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS int[]), CAST(:codes AS text[]),
      CAST(:names AS text[]), CAST(:categories AS text[]), CAST(:taxes AS int[]))
    ON CONFLICT (id) DO UPDATE SET version = excluded.version, code = excluded.code,
      name = excluded.name, category = excluded.category,
      tax_basis_points = excluded.tax_basis_points
    WHERE s.version < excluded.version
    """
)

_SKUS = text(
    """
    INSERT INTO skus AS k (id, style_id, version, code, colour, size)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:style_ids AS uuid[]),
      CAST(:versions AS int[]), CAST(:codes AS text[]), CAST(:colours AS text[]),
      CAST(:sizes AS text[]))
    ON CONFLICT (id) DO UPDATE SET style_id = excluded.style_id, version = excluded.version,
      code = excluded.code, colour = excluded.colour, size = excluded.size
    WHERE k.version < excluded.version
    """
)

_PRICES = text(
    """
    INSERT INTO prices AS p (id, style_id, scope_id, price_minor, currency, valid_from, sequence)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:style_ids AS uuid[]),
      CAST(:scope_ids AS uuid[]), CAST(:prices AS bigint[]), CAST(:currencies AS text[]),
      CAST(:froms AS timestamptz[]), CAST(:sequences AS bigint[]))
    ON CONFLICT (id) DO UPDATE SET style_id = excluded.style_id, scope_id = excluded.scope_id,
      price_minor = excluded.price_minor, currency = excluded.currency,
      valid_from = excluded.valid_from, sequence = excluded.sequence
    WHERE p.sequence < excluded.sequence
    """
)

# Arrays of arrays have to be even in PostgreSQL, so each row's tags travel as JSON.
_TAGS = text(
    """
    INSERT INTO members AS m (id, tags, tags_version)
    SELECT id, ARRAY(SELECT jsonb_array_elements_text(tags)), version
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, tags jsonb, version int)
    ON CONFLICT (id) DO UPDATE SET tags = excluded.tags, tags_version = excluded.tags_version
    WHERE m.tags_version < excluded.tags_version
    """
)

_TIERS = text(
    """
    INSERT INTO members AS m (id, tier, tier_version)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:tiers AS text[]), CAST(:versions AS int[]))
    ON CONFLICT (id) DO UPDATE SET tier = excluded.tier, tier_version = excluded.tier_version
    WHERE m.tier_version < excluded.tier_version
    """
)


# Several of one batch may name the same member: the newest of them counts.
_STAND_FOR = text(
    """
    INSERT INTO members AS m (id, survivor_id, merge_number)
    SELECT DISTINCT ON (id) id, nullif(survivor_id, id), number
    FROM unnest(CAST(:ids AS uuid[]), CAST(:survivors AS uuid[]), CAST(:numbers AS bigint[]))
      AS told(id, survivor_id, number)
    ORDER BY id, number DESC
    ON CONFLICT (id) DO UPDATE SET survivor_id = excluded.survivor_id,
      merge_number = excluded.merge_number
    WHERE m.merge_number < excluded.merge_number
    """
)


def on_store_changed(session: Session, envelopes: list[Envelope[StoreChanged]]) -> None:
    stores.upsert_stores(session, Store, envelopes)


def on_style_saved(session: Session, envelopes: list[Envelope[StyleSaved]]) -> None:
    """Styles with their SKUs; SKUs that are not named stay as they are."""
    in_order = sorted((e.data for e in envelopes), key=lambda style: style.version)
    styles = {style.style_id: style for style in in_order}
    session.execute(
        _STYLES,
        {
            "ids": list(styles),
            "versions": [style.version for style in styles.values()],
            "codes": [style.code for style in styles.values()],
            "names": [style.name for style in styles.values()],
            "categories": [style.category for style in styles.values()],
            "taxes": [style.tax_basis_points for style in styles.values()],
        },
    )
    skus = {sku.id: (style, sku) for style in in_order for sku in style.skus}
    session.execute(
        _SKUS,
        {
            "ids": list(skus),
            "style_ids": [style.style_id for style, _ in skus.values()],
            "versions": [style.version for style, _ in skus.values()],
            "codes": [sku.code for _, sku in skus.values()],
            "colours": [sku.colour for _, sku in skus.values()],
            "sizes": [sku.size for _, sku in skus.values()],
        },
    )


def on_price_changed(session: Session, envelopes: list[Envelope[PriceChanged]]) -> None:
    newest = {e.data.price_id: e for e in sorted(envelopes, key=lambda e: e.sequence)}
    prices = [e.data for e in newest.values()]
    session.execute(
        _PRICES,
        {
            "ids": list(newest),
            "style_ids": [price.style_id for price in prices],
            "scope_ids": [price.scope_id or ALL for price in prices],
            "prices": [price.price_minor for price in prices],
            "currencies": [price.currency for price in prices],
            "froms": [price.valid_from for price in prices],
            "sequences": [e.sequence for e in newest.values()],
        },
    )


def on_members_imported(session: Session, envelopes: list[Envelope[MembersImported]]) -> None:
    """The tags of those who came with imports and have any."""
    tagged = [each for each in one_by_one(envelopes) if each.data.tags]
    if tagged:
        on_member_tagged(session, tagged)


def on_member_merged(session: Session, envelopes: list[Envelope[MemberMerged]]) -> None:
    _stand_for(session, [(e.data, e.data.survivor_id) for e in envelopes])


def on_member_unmerged(session: Session, envelopes: list[Envelope[MemberUnmerged]]) -> None:
    _stand_for(session, [(e.data, e.data.merged_id) for e in envelopes])


def on_member_tagged(
    session: Session,
    envelopes: list[Envelope[MemberTagged]] | list[Envelope[TagsRevised]],
) -> None:
    """All tags of members, whether put by hand or by rule; the versions are of one count."""
    told = sorted((e.data for e in envelopes), key=lambda data: data.version)
    newest = {data.member_id: data for data in told}
    rows: list[dict[str, Any]] = [
        {"id": str(id_), "tags": event.tags, "version": event.version}
        for id_, event in newest.items()
    ]
    session.execute(_TAGS, {"rows": msgspec.json.encode(rows).decode()})


def on_tiers_changed(session: Session, envelopes: list[Envelope[TiersChanged]]) -> None:
    on_tier_changed(session, one_by_one(envelopes))


def on_tier_changed(session: Session, envelopes: list[Envelope[TierChanged]]) -> None:
    newest: dict[UUID, TierChanged] = {
        e.data.member_id: e.data for e in sorted(envelopes, key=lambda e: e.data.version)
    }
    session.execute(
        _TIERS,
        {
            "ids": list(newest),
            "tiers": [event.tier for event in newest.values()],
            "versions": [event.version for event in newest.values()],
        },
    )


def _stand_for(session: Session, told: list[tuple[MemberMerged | MemberUnmerged, UUID]]) -> None:
    rows = [(id_, whom, event.number) for event, whom in told for id_ in event.member_ids]
    ids, survivors, numbers = map(list, zip(*rows, strict=True))
    session.execute(_STAND_FOR, {"ids": ids, "survivors": survivors, "numbers": numbers})
