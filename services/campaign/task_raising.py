"""Tasks that events raise, by the rule in force: each once, whatever is told again.

The id of such a task follows from what raised it and its kind, so that the same event finds it
there. What it says is put into words when it is raised, and stays: a later version of the rule
changes no task. No name of a person is in it, only of pieces and tiers.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.campaign import task_rules
from services.campaign.task_history import stepped
from shared import money
from shared.contracts import Envelope
from shared.contracts.campaign.tasks import RaisedTaskKind, TaskTerms
from shared.contracts.inventory import StockDiscrepancy, StockLow
from shared.contracts.loyalty import PointsExpiring
from shared.contracts.loyalty.tiers import NearNextTier, TierLapsing
from shared.contracts.member.birthdays import BirthdayWindow

PRUNE_AT_ONCE = 1_000
_KINDS = UUID("6b1d8a52-54a4-4e0c-9d6b-3b2f9a1f7c10")
"""The name space of ids that follow from what raised a task."""


class Cause(NamedTuple):
    """Something that raises a task, if the rule says so. `day`: the instant or the (last) day it is
    about. `said`: what fills the words, by name: zh-CN, en."""

    kind: RaisedTaskKind
    source_id: UUID
    source: str
    said: Mapping[str, tuple[str, str]]
    store_id: UUID | None = None
    member_id: UUID | None = None
    sku_id: UUID | None = None
    order_id: UUID | None = None
    day: date | datetime | None = None
    privilege: str | None = None


def on_stock_discrepancy(
    session: Session, envelopes: list[Envelope[StockDiscrepancy]], now: datetime
) -> None:
    """A sale that has happened took more than the books had: count what is there (K19)."""
    _raise(
        session,
        (
            Cause(
                "stock_discrepancy", e.id, e.type, {"available": _both(e.data.available)},
                store_id=e.data.store_id, sku_id=e.data.sku_id, order_id=e.data.order_id,
            )
            for e in envelopes
        ),
        now,
    )  # fmt: skip


def on_stock_low(session: Session, envelopes: list[Envelope[StockLow]], now: datetime) -> None:
    """A piece runs low (I2)."""
    _raise(
        session,
        (
            Cause(
                "stock_low", e.id, e.type,
                {"available": _both(e.data.available)},
                store_id=e.data.store_id, sku_id=e.data.sku_id,
            )
            for e in envelopes
        ),
        now,
    )  # fmt: skip


def on_near_next_tier(
    session: Session, envelopes: list[Envelope[NearNextTier]], now: datetime
) -> None:
    """A little is missing to the next tier (T4)."""
    _raise(
        session,
        (
            Cause(
                "near_next_tier", e.id, e.type,
                {
                    "tier": (e.data.next_tier_name_zh, e.data.next_tier_name_en),
                    "missing": _missing(e.data.missing, e.data.currency),
                },
                store_id=e.data.store_id, member_id=e.data.member_id,
            )
            for e in envelopes
        ),
        now,
    )  # fmt: skip


def on_tier_lapsing(
    session: Session, envelopes: list[Envelope[TierLapsing]], now: datetime
) -> None:
    """A member is about to lose a tier."""
    _raise(
        session,
        (
            Cause(
                "tier_lapsing", e.id, e.type,
                {
                    "tier": (e.data.tier_name_zh, e.data.tier_name_en),
                    "missing": _missing(e.data.missing, e.data.currency),
                    "until": _both(e.data.until.isoformat()),
                },
                store_id=e.data.store_id, member_id=e.data.member_id, day=e.data.until,
            )
            for e in envelopes
        ),
        now,
    )  # fmt: skip


def on_points_expiring(
    session: Session, envelopes: list[Envelope[PointsExpiring]], now: datetime
) -> None:
    """Points of a member end soon."""
    _raise(
        session,
        (
            Cause(
                "points_expiring", e.id, e.type,
                {
                    "points": _both(f"{e.data.points:,}"),
                    "until": _both(e.data.valid_until.isoformat()),
                },
                store_id=e.data.store_id, member_id=e.data.member_id, day=e.data.valid_until,
            )
            for e in envelopes
        ),
        now,
    )  # fmt: skip


def on_birthday_window(
    session: Session, envelopes: list[Envelope[BirthdayWindow]], now: datetime
) -> None:
    """A birthday privilege begins soon; a window that moves takes its task along, one that is
    withdrawn ends it. Windows are told one after the other: `birthday_windows` has the newest."""
    newest = {e.data.window_id: e for e in sorted(envelopes, key=lambda e: e.data.version)}
    current = set(session.execute(_WINDOWS, {
        "ids": list(newest), "versions": [e.data.version for e in newest.values()],
    }).scalars())  # fmt: skip
    told = [e for id_, e in sorted(newest.items()) if id_ in current]
    gone = [e.data.window_id for e in told if e.data.withdrawn]
    if gone:
        dropped = session.execute(_DROP, {"ids": gone, "now": now}).all()
        stepped(session, dropped, "dropped", now)
    _raise(
        session,
        (
            Cause(
                "birthday", e.data.window_id, e.type, {}, member_id=e.data.member_id,
                day=e.data.starts_at, privilege=e.data.privilege,
            )
            for e in told
            if not e.data.withdrawn and e.data.ends_at > now
        ),
        now,
    )  # fmt: skip


def drop_of_erased(session: Session, member_ids: list[UUID], now: datetime) -> None:
    """Nothing is to be done any more for who is erased."""
    dropped = session.execute(_DROP_OF, {"ids": member_ids, "now": now}).all()
    stepped(session, dropped, "dropped", now)


def prune(session: Session, now: datetime) -> None:
    """Forget what ended longer ago than the rule keeps it, with its history."""
    _, rule = task_rules.in_force(session, now)
    before = now - timedelta(days=rule.keep_days)
    session.execute(_PRUNE, {"before": before, "limit": PRUNE_AT_ONCE})


def _raise(session: Session, causes: Iterable[Cause], now: datetime) -> None:
    """Write the tasks that the rule in force wants, in the stores they belong to."""
    version, rule = task_rules.in_force(session, now)
    wanted = [(cause, terms) for cause in causes if (terms := _terms(rule.kinds, cause))]
    if not wanted:
        return
    asked = [
        {"place": place, "store_id": cause.store_id, "member_id": cause.member_id,
         "sku_id": cause.sku_id}
        for place, (cause, _) in enumerate(wanted)
    ]  # fmt: skip
    known = session.execute(_ABOUT, {"rows": msgspec.json.encode(asked).decode()}).all()
    rows = []
    for about in known:
        cause, terms = wanted[about.place]
        rows.append(_row(cause, terms, about, now) | {"rule_version": version})
    rows.sort(key=lambda row: str(row["id"]))
    written = {"rows": msgspec.json.encode(rows).decode(), "now": now}
    stepped(session, session.execute(_INSERT, written).all(), "raised", now)
    moved = session.execute(_MOVE_DUE, written).all()
    stepped(session, moved, "due_changed", now)


def _terms(kinds: list[TaskTerms], cause: Cause) -> TaskTerms | None:
    fits = [each for each in kinds if each.kind == cause.kind]
    own = [each for each in fits if each.privilege == cause.privilege]
    return next(iter(own or [each for each in fits if each.privilege is None]), None)


def _row(cause: Cause, terms: TaskTerms, about: Any, now: datetime) -> dict[str, Any]:
    zone = ZoneInfo(about.time_zone)
    said = dict(cause.said)
    if about.piece is not None:
        said["piece"] = _both(about.piece)
    if isinstance(cause.day, datetime):
        said["starts"] = _both(cause.day.astimezone(zone).date().isoformat())
    zh, en = task_rules.templates(terms)
    return {
        "id": uuid5(_KINDS, f"{cause.source_id}:{cause.kind}"),
        "kind": cause.kind,
        "source_id": cause.source_id,
        "source": cause.source,
        "store_id": about.store_id,
        "associate_id": about.associate_id if terms.given_to == "associate" else None,
        "member_id": cause.member_id,
        "sku_id": cause.sku_id,
        "order_id": cause.order_id,
        "reason_zh": zh.format_map(_Said(said, 0)),
        "reason_en": en.format_map(_Said(said, 1)),
        "due_at": _due(cause, terms, zone, now),
        "moves": terms.due_before_hours is not None,
    }


class _Said(dict[str, str]):
    """What fills a template, in one language; what is not known is a dash."""

    def __init__(self, said: Mapping[str, tuple[str, str]], language: int) -> None:
        super().__init__({name: pair[language] for name, pair in said.items()})

    def __missing__(self, name: str) -> str:
        return "–"


def _due(cause: Cause, terms: TaskTerms, zone: ZoneInfo, now: datetime) -> datetime:
    if terms.due_after_hours is not None or cause.day is None:
        return now + timedelta(hours=terms.due_after_hours or 24)
    if isinstance(cause.day, datetime):
        at = cause.day
    else:  # through that day
        at = datetime.combine(cause.day + timedelta(days=1), time(), zone)
    return max(now, at - timedelta(hours=terms.due_before_hours or 0))


def _both(value: object) -> tuple[str, str]:
    return str(value), str(value)


def _missing(amount: int, currency: str | None) -> tuple[str, str]:
    """Points, or minor units of a currency."""
    if currency is None:
        return f"{amount:,} 积分", f"{amount:,} points"
    return _both(money.written(amount, currency))


_WINDOWS = text(
    """
    SELECT w.id FROM birthday_windows w
    JOIN unnest(CAST(:ids AS uuid[]), CAST(:versions AS int[])) AS told(id, version)
      ON told.id = w.id AND told.version = w.version
    """
)
# Where it belongs, who looks after the member there, and what the piece is called. Of who is not
# at home anywhere known here, or was erased, nothing is raised.
_ABOUT = text(
    """
    SELECT told.place, st.id AS store_id, st.time_zone, named.piece,
      (SELECT s.id FROM staff s WHERE s.id = p.associate_id AND s.active
        AND (s.scope_kind = 'chain' OR s.scope_id IN (st.id, st.franchisee_id, st.region_id))
      ) AS associate_id
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS told(place int, store_id uuid, member_id uuid,
      sku_id uuid)
    LEFT JOIN members m ON m.id = told.member_id
    LEFT JOIN members p ON p.id = coalesce(m.survivor_id, m.id)
    JOIN stores st ON st.id = CASE WHEN told.member_id IS NULL THEN told.store_id
      ELSE coalesce(p.home_store_id, told.store_id) END
    LEFT JOIN LATERAL (
      SELECT concat_ws(' ', y.name, k.colour, k.size) AS piece
      FROM skus k JOIN styles y ON y.id = k.style_id WHERE k.id = told.sku_id
    ) AS named ON true
    WHERE NOT EXISTS (SELECT FROM erased_members e WHERE e.member_id = told.member_id)
    ORDER BY told.place
    """
)
_TOLD = """
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, kind text,
      source_id uuid, source text, rule_version int, store_id uuid, associate_id uuid,
      member_id uuid, sku_id uuid, order_id uuid, reason_zh text, reason_en text,
      due_at timestamptz, moves boolean)
"""
_INSERT = text(
    f"""
    INSERT INTO tasks (id, version, store_id, kind, state, associate_id, member_id, sku_id,
      order_id, reason_zh, reason_en, due_at, raised_at, source_id, source, rule_version)
    SELECT id, 1, store_id, kind, 'open', associate_id, member_id, sku_id, order_id, reason_zh,
      reason_en, due_at, :now, source_id, source, rule_version
    FROM ({_TOLD}) AS told ON CONFLICT DO NOTHING RETURNING *
    """
)
# Only a birthday window is told again with another day; what was raised just now is as it is told.
_MOVE_DUE = text(
    f"""
    UPDATE tasks t SET due_at = told.due_at, reason_zh = told.reason_zh,
      reason_en = told.reason_en, version = t.version + 1
    FROM ({_TOLD}) AS told WHERE t.id = told.id AND t.kind = 'birthday' AND t.state = 'open'
      AND (t.reason_zh <> told.reason_zh OR (told.moves AND t.due_at <> told.due_at))
    RETURNING t.*
    """
)
_DROP = text(
    "UPDATE tasks SET state = 'dropped', finished_at = :now, version = version + 1"
    " WHERE source_id = ANY(CAST(:ids AS uuid[])) AND kind = 'birthday' AND state = 'open'"
    " RETURNING *"
)
_DROP_OF = text(
    "UPDATE tasks SET state = 'dropped', finished_at = :now, version = version + 1"
    " WHERE member_id = ANY(CAST(:ids AS uuid[])) AND state = 'open' RETURNING *"
)
_PRUNE = text(
    """
    DELETE FROM tasks WHERE id = ANY(ARRAY(SELECT id FROM tasks
      WHERE state <> 'open' AND finished_at < :before ORDER BY finished_at LIMIT :limit))
    """
)
