"""Hand-over: the members of an associate who leaves go to others in one step (M21, F14, F15).

What is known of a member is in the timeline and not in somebody's head, so all a hand-over has to
move is who looks after them. It is two statements, however many members there are: they are locked
in the order of their ids, dealt out, and each hand-over stands in the member's timeline.
"""

import hashlib
from collections import Counter
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.member import looking_after
from services.member.models import HandOver, Staff, Store
from shared import outbox
from shared.contracts import Envelope
from shared.contracts.directory import StaffChanged
from shared.contracts.member import HandedOver, HandOverMembers, MembersHandedOver
from shared.contracts.member.associates import LookedAfter
from shared.copies import keep_newest
from shared.errors import Refusal
from shared.seal import Caller, ScopeKind
from shared.stores import find_store, require_store, stores_within

# Dealt out like cards, turning round at each end (0 1 2 2 1 0 0 1 …), so that nobody is given the
# best one of every round.
_HAND_OVER = text("""
WITH mine AS MATERIALIZED (
    SELECT members.id FROM members
    WHERE members.associate_id = :from_id AND members.survivor_id IS NULL
      AND members.home_store_id = ANY(CAST(:store_ids AS uuid[]))
    ORDER BY members.id FOR NO KEY UPDATE OF members
), ranked AS (
    SELECT mine.id, row_number() OVER (ORDER BY
        CASE WHEN :by_spend THEN coalesce(spent.minor, 0) END DESC, mine.id) - 1 AS place
    FROM mine LEFT JOIN LATERAL (
        SELECT sum(spent_minor) AS minor FROM purchase_facts WHERE member_id = ANY(ARRAY(
            SELECT id FROM members m WHERE m.id = mine.id OR m.survivor_id = mine.id))
    ) AS spent ON :by_spend
), dealt AS (
    SELECT id, (CAST(:to_ids AS uuid[]))[1 + CASE WHEN place / :hands % 2 = 0 THEN place % :hands
        ELSE :hands - 1 - place % :hands END] AS to_id
    FROM ranked
), given AS (
    UPDATE members SET associate_id = dealt.to_id, version = members.version + 1,
        event_sequence = members.event_sequence + 1
    FROM dealt WHERE members.id = dealt.id
    RETURNING members.id, members.version, members.associate_id
), told AS (
    INSERT INTO happenings (id, member_id, at, kind, staff_id, document_id)
    SELECT gen_random_uuid(), id, clock_timestamp(), 'handed_over', associate_id, :id FROM given
)
SELECT id AS member_id, version, associate_id FROM given ORDER BY id
""")


_ANSWER = text("UPDATE hand_overs SET answer = CAST(:answer AS jsonb) WHERE id = :id")


def hand_over(session: Session, caller: Caller, command: HandOverMembers) -> HandedOver:
    """Hand over once; see `HandOverMembers`."""
    content = hashlib.sha256(msgspec.json.encode(command)).hexdigest()
    # The row comes first: whoever sends the same a second time waits here.
    claimed = session.scalar(
        insert(HandOver)
        .values(id=command.id, content=content, by=caller.id, answer={})
        .on_conflict_do_nothing()
        .returning(HandOver.id)
    )
    if claimed is None:
        return _answered(session, command.id, content)
    store_ids = _homes(session, caller, command.store_id)
    to_ids = list(dict.fromkeys(command.to_associate_ids))
    _require_receivers(session, caller, command, to_ids)
    rows = session.execute(
        _HAND_OVER,
        {
            "id": command.id,
            "from_id": command.from_associate_id,
            "store_ids": store_ids,
            "to_ids": to_ids,
            "hands": len(to_ids),
            "by_spend": command.split == "spend",
        },
    )
    given = [LookedAfter(**row._mapping) for row in rows]
    counted = Counter(each.associate_id for each in given)
    answer = HandedOver(
        id=command.id, associate_ids=to_ids, members=[counted[id_] for id_ in to_ids]
    )
    session.execute(_ANSWER, {"id": command.id, "answer": msgspec.json.encode(answer).decode()})
    event = MembersHandedOver(
        hand_over_id=command.id,
        from_associate_id=command.from_associate_id,
        to_associate_ids=to_ids,
        members=answer.members,
    )
    told = looking_after.handed_over(command.id, given)
    outbox.emit(session, (event, command.id, 1), *told)
    return answer


def on_staff_changed(session: Session, envelopes: list[Envelope[StaffChanged]]) -> None:
    """Take over what directory tells of its staff; older versions change nothing."""
    staff = (each.data for each in envelopes)
    keep_newest(
        session,
        Staff,
        (
            {
                "id": e.staff_id,
                "version": e.version,
                "scope_kind": e.scope_kind.value,
                "scope_id": e.scope_id,
                "active": e.active,
            }
            for e in staff
        ),
    )


def _answered(session: Session, hand_over_id: UUID, content: str) -> HandedOver:
    """The answer that was given before to the same command."""
    earlier = session.execute(
        select(HandOver.content, HandOver.answer).where(HandOver.id == hand_over_id)
    ).one()
    if earlier.content != content:
        raise Refusal("HANDOVER_ID_TAKEN")
    return msgspec.convert(earlier.answer, HandedOver)


def _homes(session: Session, caller: Caller, store_id: UUID | None) -> list[UUID]:
    """Whose members are meant: those at home in one store, or in any of the caller's scope."""
    if store_id is not None:
        return [require_store(session, Store, caller, store_id).id]
    return list(session.scalars(select(Store.id).where(stores_within(Store, caller))))


def _require_receivers(
    session: Session, caller: Caller, command: HandOverMembers, to_ids: list[UUID]
) -> None:
    """Raise `Refusal("UNKNOWN_ASSOCIATE")` for one who has left, or works elsewhere."""
    known = {
        row.id: row
        for row in session.execute(
            select(Staff.__table__).where(Staff.id.in_(to_ids), Staff.active)
        )
    }
    for id_ in to_ids:
        row = known.get(id_)
        if id_ == command.from_associate_id or row is None:
            raise Refusal("UNKNOWN_ASSOCIATE", {"associate_id": id_})
        if not _works_there(session, caller, command.store_id, row):
            raise Refusal("UNKNOWN_ASSOCIATE", {"associate_id": id_})


def _works_there(session: Session, caller: Caller, store_id: UUID | None, staff: Any) -> bool:
    """Whether somebody works in the store that is meant, or within the caller's scope."""
    if staff.scope_kind == ScopeKind.STORE:
        store = find_store(session, Store, staff.scope_id)
        return store.within(caller) and store_id in (None, store.id)
    own = (caller.scope_kind, caller.scope_id) == (staff.scope_kind, staff.scope_id)
    return own or caller.scope_kind is ScopeKind.CHAIN
