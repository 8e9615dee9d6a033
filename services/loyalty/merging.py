"""Merges of members, as the member service tells them (M12, K28).

From then on an id stands for the survivor: what is free on its accounts goes there, an order under
it earns there, and the tier rests on what both have bought. An undo takes the same way back.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty import carrying, tiers
from services.loyalty.accounts import Opening, open_accounts
from shared import outbox
from shared.contracts import Envelope
from shared.contracts.loyalty.merging import AccountsMerged
from shared.contracts.member.identity import MemberMerged, MemberUnmerged


def on_member_merged(session: Session, envelopes: list[Envelope[MemberMerged]]) -> None:
    """Carry what is free to the survivors."""
    for each in envelopes:
        merge(session, each.data, datetime.now(UTC))


def on_member_unmerged(session: Session, envelopes: list[Envelope[MemberUnmerged]]) -> None:
    """Carry back what is still there."""
    for each in envelopes:
        unmerge(session, each.data, datetime.now(UTC))


def merge(session: Session, event: MemberMerged, now: datetime) -> None:
    """As `on_member_merged`, at a given time. One whose undo came first changes nothing."""
    _open(session, event)
    if _note(session, event, undone=False, now=now):
        _stand_for(session, event, event.survivor_id)
        _book(session, event, now, undone=False)


def unmerge(session: Session, event: MemberUnmerged, now: datetime) -> None:
    """As `on_member_unmerged`, at a given time."""
    _open(session, event)
    if _note(session, event, undone=True, now=now):
        _stand_for(session, event, event.merged_id)
        _book(session, event, now, undone=True)


def _open(session: Session, event: MemberMerged | MemberUnmerged) -> None:
    """Lock the members, and open the survivor's accounts in the other's currency, if it has
    none."""
    ids = sorted({*event.member_ids, event.survivor_id})
    open_accounts(session, [Opening(member_id) for member_id in ids])
    rows = session.execute(_LOCK, {"ids": ids})
    currencies = {row.member_id: row.currency for row in rows}
    merged, survivor = currencies[event.merged_id], currencies[event.survivor_id]
    if survivor is None and merged is not None:
        open_accounts(session, [Opening(event.survivor_id, None, merged)])


def _note(
    session: Session, event: MemberMerged | MemberUnmerged, undone: bool, now: datetime
) -> bool:
    """Whether this is news."""
    parameters = {
        "merge_id": event.merge_id,
        "merged_id": event.merged_id,
        "survivor_id": event.survivor_id,
        "undone": undone,
        "now": now,
    }
    return session.execute(_NOTE, parameters).one_or_none() is not None


def _stand_for(session: Session, event: MemberMerged | MemberUnmerged, survivor_id: UUID) -> None:
    session.execute(
        _STAND_FOR,
        {"ids": event.member_ids, "survivor_id": survivor_id, "number": event.number},
    )


def _book(
    session: Session, event: MemberMerged | MemberUnmerged, now: datetime, undone: bool
) -> None:
    document = (event.merge_id, "merge_back" if undone else "merge")
    ids = [*event.member_ids, event.survivor_id]
    carried = carrying.carry(session, ids, now, document)
    # What the other has bought was never the survivor's: no grace after an undo.
    tiers.assess(session, [event.survivor_id], now, grace=not undone)
    if undone:
        tiers.assess(session, [event.merged_id], now)
    to = event.merged_id if undone else event.survivor_id
    spent: dict[str, int] = {}
    if undone:
        for (member_id, kind), amount in carried.spent.items():
            if member_id == event.survivor_id:
                spent[kind] = amount
    told: dict[str, Any] = {
        "points": carried.into(to, "points"),
        "principal_minor": carried.into(to, "principal"),
        "bonus_minor": carried.into(to, "bonus"),
        "spent_points": spent.get("points", 0),
        "spent_wallet_minor": spent.get("principal", 0) + spent.get("bonus", 0),
        "kept_currency": session.scalar(
            _KEPT, {"merged_id": event.merged_id, "survivor_id": event.survivor_id}
        ),
    }
    booked = AccountsMerged(
        merge_id=event.merge_id,
        merged_id=event.merged_id,
        survivor_id=event.survivor_id,
        undone=undone,
        **told,
    )
    outbox.emit(session, (booked, event.merge_id, 2 if undone else 1))


_LOCK = text(
    "SELECT member_id, currency FROM members WHERE member_id = ANY(:ids)"
    " ORDER BY member_id FOR NO KEY UPDATE"
)
_NOTE = text(
    """INSERT INTO merges AS g (merge_id, merged_id, survivor_id, undone, at)
    VALUES (:merge_id, :merged_id, :survivor_id, :undone, :now)
    ON CONFLICT (merge_id) DO UPDATE SET undone = true WHERE excluded.undone AND NOT g.undone
    RETURNING merge_id"""
)
_STAND_FOR = text(
    """UPDATE members SET survivor_id = nullif(CAST(:survivor_id AS uuid), member_id),
        merge_number = :number
    WHERE member_id = ANY(:ids) AND merge_number < :number"""
)
_KEPT = text(
    """SELECT a.unit FROM member_accounts ma JOIN accounts a ON a.id = ma.account_id
    JOIN balances b USING (account_id)
    JOIN members s ON s.member_id = :survivor_id AND s.currency <> a.unit
    WHERE ma.member_id = :merged_id AND a.kind <> 'points' AND b.balance <> 0 LIMIT 1"""
)
