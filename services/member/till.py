"""The members that a till keeps for when it is without network: those who bought here lately, and
those who became members of this store lately and have not bought yet."""

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.member.models import Store
from shared import changes, stores
from shared.contracts.member.till import GetTillMembers, TillMember, TillMembers
from shared.seal import Caller

MEMBERS_LIMIT = 2_000
ELSEWHERE_LIMIT = 500
"""So many of those whom no staff registered, the newest, have a place beside those who were here;
further ones take what is left: an import of the whole chain drives nobody out who was here."""

# Whoever was merged has the purchases of both; the row that came with an order stays as it is.
_SEEN = text(
    f"""
    WITH elsewhere AS (
      SELECT id, registered_at AS at, {changes.written("members")} AS written,
        row_number() OVER (ORDER BY registered_at DESC, id DESC) > :elsewhere AS further
      FROM members
      WHERE home_store_id = :store_id AND registered_by IS NULL
        AND registered_at > CAST(:now AS timestamptz) - make_interval(days => :days)
      ORDER BY registered_at DESC, id DESC LIMIT :limit
    ), here AS (
      SELECT member_id, max(placed_at) AS at, max({changes.written("member_orders")}) AS written,
        false AS further
      FROM member_orders
      WHERE store_id = :store_id AND NOT voided
        AND placed_at > CAST(:now AS timestamptz) - make_interval(days => :days)
      GROUP BY member_id
      UNION ALL
      SELECT id, registered_at, {changes.written("members")}, false FROM members
      WHERE home_store_id = :store_id AND registered_by IS NOT NULL
        AND registered_at > CAST(:now AS timestamptz) - make_interval(days => :days)
      UNION ALL
      SELECT id, at, written, further FROM elsewhere
    ), seen AS (
      SELECT coalesce(m.survivor_id, m.id) AS id, max(here.at) AS at,
        max(greatest(here.written, {changes.written("m")})) AS written
      FROM here JOIN members m ON m.id = here.member_id
      GROUP BY 1 ORDER BY bool_and(here.further), 2 DESC, 1 DESC LIMIT :limit
    )
    SELECT m.id, m.name, m.card_code, m.last_four, t.tier,
      CAST(seen.at AS date) + CAST(:days AS int) AS until
    FROM seen JOIN members m ON m.id = seen.id LEFT JOIN member_tiers t ON t.member_id = m.id
    WHERE m.erased_at IS NULL AND greatest(
      seen.written, {changes.written("m")}, {changes.written("t")}) >= :since
    ORDER BY m.id
    """
)
_GONE = text(
    f"""
    SELECT member_id FROM erased_members WHERE {changes.written("erased_members")} >= :since
    UNION
    SELECT id FROM members m
    WHERE survivor_id IS NOT NULL AND {changes.written("m")} >= :since
    """
)


def get_members(
    session: Session, caller: Caller, command: GetTillMembers, now: datetime | None = None
) -> TillMembers:
    """Whom a till of this store has to learn anew, and whom it has to forget."""
    store = stores.require_store(session, Store, caller, command.store_id)
    asked = changes.since(session, command.since_version)
    values = {
        "store_id": store.id,
        "since": asked.since,
        "now": now or datetime.now(UTC),
        "days": command.days,
        "limit": MEMBERS_LIMIT,
        "elsewhere": ELSEWHERE_LIMIT,
    }
    items = [
        TillMember(
            id=row.id,
            name=row.name,
            card_code=row.card_code,
            last_four=row.last_four,
            tier=row.tier,
            until=row.until,
        )
        for row in session.execute(_SEEN, values)
    ]
    removed = [] if asked.whole else list(session.scalars(_GONE, {"since": asked.since}))
    return TillMembers(version=asked.version, whole=asked.whole, items=items, removed=removed)
