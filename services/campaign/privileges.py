"""Birthday privileges: when which member has one, as the member service tells it (T8).

Nothing of the birthday itself is known here. A window may bring a coupon, which is issued when the
window is told, once for each member, privilege and year: it has the window's id (C4).
"""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.campaign.models import ALL
from shared import outbox, telemetry
from shared.contracts import Envelope
from shared.contracts.campaign import CouponsIssued
from shared.contracts.member.birthdays import BirthdayWindow
from shared.ids import new_id

KEPT_DAYS = 60
"""How long windows are kept after their end: sales of devices that were away come late."""
PRUNE_AT_ONCE = 10_000

# A coupon goes with its window: moved with it, over when it is withdrawn. A promotion that needs no
# coupon has none to give.
_WINDOWS = text(
    """
    WITH told AS (
      SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(window_id uuid, version int,
        member_id uuid, privilege text, rule_version int, starts_at timestamptz,
        ends_at timestamptz, withdrawn boolean, coupon_promotion_id uuid)
    ), taken AS (
      INSERT INTO birthday_windows AS w (id, version, member_id, privilege, rule_version,
        starts_at, ends_at, withdrawn)
      SELECT window_id, version, member_id, privilege, rule_version, starts_at, ends_at, withdrawn
      FROM told
      ON CONFLICT (id) DO UPDATE SET version = excluded.version,
        rule_version = excluded.rule_version, starts_at = excluded.starts_at,
        ends_at = excluded.ends_at, withdrawn = excluded.withdrawn
      WHERE w.version < excluded.version
      RETURNING w.id
    ), ended AS (
      UPDATE coupons c SET valid_until = least(c.valid_until, CAST(:now AS timestamptz))
      FROM told JOIN taken ON taken.id = told.window_id
      WHERE c.id = told.window_id AND told.withdrawn
    ), issued AS (
      INSERT INTO coupons AS c (id, code, lookup, promotion_id, member_id, cap_total, valid_until,
        author_id)
      SELECT t.window_id, named.code, named.code, t.coupon_promotion_id, t.member_id, 1, t.ends_at,
        CAST(:nobody AS uuid)
      FROM told t JOIN taken ON taken.id = t.window_id
      JOIN promotions p ON p.id = t.coupon_promotion_id
      JOIN promotion_versions v ON v.promotion_id = p.id AND v.version = p.version
      CROSS JOIN LATERAL (
        SELECT 'BD-' || upper(right(replace(CAST(t.window_id AS text), '-', ''), 20)) AS code
      ) AS named
      WHERE NOT t.withdrawn AND v.ended_at IS NULL AND CAST(v.body->>'needs_coupon' AS boolean)
      ON CONFLICT (id) DO UPDATE SET valid_until = excluded.valid_until
      RETURNING c.id, c.promotion_id
    ), counted AS (
      INSERT INTO usages (subject_id, member_id, held, used)
      SELECT id, CAST(:nobody AS uuid), 0, 0 FROM issued ON CONFLICT DO NOTHING
      RETURNING subject_id
    )
    SELECT promotion_id, count(*) AS issued FROM issued JOIN counted ON counted.subject_id = id
    GROUP BY promotion_id
    """
)
_PRUNE = text(
    """
    DELETE FROM birthday_windows WHERE id = ANY(ARRAY(SELECT id FROM birthday_windows
      WHERE ends_at < now() - make_interval(days => :days) ORDER BY ends_at LIMIT :limit))
    """
)


def on_birthday_window(
    session: Session, envelopes: list[Envelope[BirthdayWindow]], now: datetime
) -> None:
    """Keep the newest version of each window, and issue the coupons that come with them."""
    newest: dict[UUID, BirthdayWindow] = {
        e.data.window_id: e.data for e in sorted(envelopes, key=lambda e: e.data.version)
    }
    windows = msgspec.json.encode([newest[id_] for id_ in sorted(newest)]).decode()
    rows = session.execute(_WINDOWS, {"rows": windows, "now": now, "nobody": ALL}).all()
    told = (CouponsIssued(promotion_id=row.promotion_id, count=row.issued) for row in rows)
    outbox.emit(session, *((event, new_id(), 1) for event in told))


def prune(session: Session) -> None:
    """Forget windows that are over."""
    parameters = {"days": KEPT_DAYS, "limit": PRUNE_AT_ONCE}
    session.execute(_PRUNE, parameters, execution_options=telemetry.UNCOUNTED)
