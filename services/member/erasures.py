"""Erasure of a person: asked for, confirmed by somebody else, done in every service (K37).

Whether it is possible, order and loyalty say (`ErasureChecked`, `ErasureSettled`): nothing is
destroyed before. Then the profile is blanked, the others are told, and each answers with how much
it has destroyed; the erasure with those answers is the certificate, and holds ids only. The freed
phone may register as somebody new.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.member import privacy_rules
from services.member.models import Erasure as Row
from services.member.models import ErasureAnswer as AnswerRow
from services.member.models import Profile, Store
from services.member.personal import PERSONAL
from services.member.profiles import advance, locked
from shared import erasure, outbox
from shared.contracts import SERVICES, Envelope, Event
from shared.contracts.loyalty.erasure import ErasureSettled
from shared.contracts.member.erasure import (
    ConfirmErasure,
    Destroyed,
    Erasure,
    ErasureAnswer,
    ErasureCompleted,
    ErasureConfirmed,
    ErasureReason,
    ErasureRequested,
    ErasureRule,
    ErasureWithdrawn,
    ListErasures,
    MemberErased,
    RequestErasure,
    WithdrawErasure,
)
from shared.contracts.order.erasure import ErasureChecked
from shared.errors import Refusal
from shared.ids import new_id
from shared.paging import Page, decode_moment, page_of
from shared.seal import Caller, ScopeKind
from shared.stores import require_store, stores_within


def request(session: Session, caller: Caller, command: RequestErasure, now: datetime) -> Erasure:
    """Ask for an erasure once; see `RequestErasure`."""
    earlier = _found(session, command.id)
    if earlier is not None:
        if (earlier.member_id, earlier.reason) != (command.member_id, command.reason):
            raise Refusal("ERASURE_ID_TAKEN")
        require_reach(session, caller, earlier.member_id)
        return _shown(session, [earlier])[0]
    member = locked(session, command.member_id)
    require_reach(session, caller, member.id)
    row = _ask(session, command.id, member.id, command.reason, caller.id, now)
    if row is None:
        raise Refusal("ERASURE_OPEN")
    return _shown(session, [row])[0]


def ask_by_rule(session: Session, member_id: UUID, author_id: UUID, now: datetime) -> None:
    """Ask for the erasure of a member whose time is over, in the name of whose rule it is."""
    _ask(session, new_id(), member_id, "retention", author_id, now)


def _ask(
    session: Session,
    erasure_id: UUID,
    member_id: UUID,
    reason: ErasureReason,
    asked_by: UUID,
    now: datetime,
) -> Row | None:
    """The new request; None: one is open."""
    rule = privacy_rules.in_force(session, ErasureRule)
    wait = timedelta(hours=rule[1].wait_hours if rule else 0)
    row = session.scalar(
        insert(Row)
        .values(
            id=erasure_id,
            member_id=member_id,
            status="requested",
            reason=reason,
            requested_by=asked_by,
            requested_at=now,
            confirmable_from=now + wait,
            rule_version=rule[0] if rule else None,
        )
        .on_conflict_do_nothing()
        .returning(Row)
    )
    if row is not None:
        event = ErasureRequested(erasure_id=row.id, member_id=member_id, reason=reason)
        _tell(session, member_id, event)
    return row


def confirm(session: Session, caller: Caller, command: ConfirmErasure, now: datetime) -> Erasure:
    """Confirm it as another person; order and loyalty are asked from here on."""
    row = _locked(session, caller, command.id)
    if row.status in ("asking", "erasing", "erased") and row.confirmed_by == caller.id:
        return _shown(session, [row])[0]
    _require_requested(row)
    if caller.id == row.requested_by:
        raise Refusal("SECOND_PERSON_NEEDED")
    if now < row.confirmable_from:
        raise Refusal("ERASURE_TOO_EARLY", {"from_time": row.confirmable_from.isoformat()})
    row.status, row.confirmed_by, row.confirmed_at, row.refusal = "asking", caller.id, now, None
    session.flush()
    event = ErasureConfirmed(
        erasure_id=row.id, member_id=row.member_id, merged_ids=merged_into(session, row.member_id)
    )
    _tell(session, row.member_id, event)
    return _shown(session, [row])[0]


def withdraw(session: Session, caller: Caller, command: WithdrawErasure, now: datetime) -> Erasure:
    """Take it back, as long as nobody has confirmed it."""
    row = _locked(session, caller, command.id)
    if row.status != "withdrawn":
        _require_requested(row)
        row.status, row.ended_at = "withdrawn", now
        session.flush()
        _tell(session, row.member_id, ErasureWithdrawn(erasure_id=row.id, member_id=row.member_id))
    return _shown(session, [row])[0]


def list_erasures(session: Session, caller: Caller, command: ListErasures) -> Page[Erasure]:
    """Newest first, with their certificates."""
    home = select(Profile.id).join(Store, Store.id == Profile.home_store_id)
    wanted: list[Any] = []
    if caller.scope_kind is not ScopeKind.CHAIN:
        wanted.append(Row.member_id.in_(home.where(stores_within(Store, caller))))
    if command.id is not None:
        wanted.append(Row.id == command.id)
    if command.member_id is not None:
        survivor = select(Profile.survivor_id).where(Profile.id == command.member_id)
        wanted.append(or_(Row.member_id == command.member_id, Row.member_id.in_(survivor)))
    if command.after is not None:
        wanted.append(tuple_(Row.requested_at, Row.id) < decode_moment(command.after))
    rows = session.scalars(
        select(Row)
        .where(*wanted)
        .order_by(Row.requested_at.desc(), Row.id.desc())
        .limit(command.first + 1)
    ).all()
    page = page_of(rows, command.first, lambda row: (row.requested_at.isoformat(), str(row.id)))
    items = _shown(session, page.items)
    return Page(items=items, cursors=page.cursors, has_next=page.has_next)


def on_erasure_checked(session: Session, envelopes: list[Envelope[ErasureChecked]]) -> None:
    """Order's answer; without a refusal loyalty is the next to answer."""
    for told in envelopes:
        if told.data.refusal is not None:
            _reopen(session, told.data.erasure_id, told.data.refusal)


def on_erasure_settled(session: Session, envelopes: list[Envelope[ErasureSettled]]) -> None:
    """Loyalty's answer: it is not possible, or the accounts are closed and everybody destroys."""
    for told in envelopes:
        if told.data.refusal is not None:
            _reopen(session, told.data.erasure_id, told.data.refusal)
        else:
            _erase(session, told.data.erasure_id, told.time)


def on_answer(session: Session, envelopes: Iterable[Envelope[Any]]) -> None:
    """What another service has destroyed."""
    for told in envelopes:
        service = told.source.rpartition("/")[2]
        _answer(session, told.data.erasure_id, service, told.data.destroyed, told.time)


def _erase(session: Session, erasure_id: UUID, now: datetime) -> None:
    row = _found(session, erasure_id, lock=True)
    if row is None or row.status != "asking":
        return
    # Nobody is merged while an erasure is open, so who belongs to the member stays so.
    merged_ids = merged_into(session, row.member_id)
    ids = [row.member_id, *merged_ids]
    group = select(Profile.id).where(Profile.id.in_(ids)).order_by(Profile.id)
    session.execute(group.with_for_update())
    member = locked(session, row.member_id)
    row.status = "erasing"
    session.flush()
    event = MemberErased(erasure_id=row.id, member_id=row.member_id, merged_ids=merged_ids)
    sequence = advance(session, member, erased_at=now, version=member.version + 1)
    others = update(Profile).where(Profile.id.in_(merged_ids))
    session.execute(others.values(erased_at=now))
    outbox.emit(session, (event, row.member_id, sequence))
    destroyed = erasure.destroy(session, PERSONAL, ids, row.id)
    _answer(session, row.id, "member", destroyed, now)


def _answer(
    session: Session, erasure_id: UUID, service: str, destroyed: Sequence[Destroyed], at: datetime
) -> None:
    """Write an answer down; the last one makes the certificate whole."""
    row = _found(session, erasure_id, lock=True)
    if row is None:
        return
    values = {
        "erasure_id": erasure_id,
        "service": service,
        "at": at,
        "destroyed": msgspec.to_builtins(destroyed),
    }
    session.execute(insert(AnswerRow).values(values).on_conflict_do_nothing())
    answered = session.scalar(
        select(func.count()).select_from(AnswerRow).where(AnswerRow.erasure_id == erasure_id)
    )
    if answered == len(SERVICES) and row.status == "erasing":
        row.status, row.ended_at = "erased", at
        session.flush()
        event = ErasureCompleted(erasure_id=row.id, member_id=row.member_id)
        _tell(session, row.member_id, event)


def _reopen(session: Session, erasure_id: UUID, refusal: str) -> None:
    """Back to where it was before it was confirmed."""
    session.execute(
        update(Row)
        .where(Row.id == erasure_id, Row.status == "asking")
        .values(status="requested", confirmed_by=None, confirmed_at=None, refusal=refusal)
    )


def merged_into(session: Session, member_id: UUID) -> list[UUID]:
    """The ids that stand for a member, but for its own."""
    merged = select(Profile.id).where(Profile.survivor_id == member_id)
    return list(session.scalars(merged.order_by(Profile.id)))


def _tell(session: Session, member_id: UUID, event: Event) -> None:
    """Emit an event of a member, erased or not."""
    sequence = session.scalar(
        update(Profile)
        .where(Profile.id == member_id)
        .values(event_sequence=Profile.event_sequence + 1)
        .returning(Profile.event_sequence)
    )
    outbox.emit(session, (event, member_id, sequence or 1))


def require_reach(session: Session, caller: Caller, member_id: UUID) -> None:
    """Raise `Forbidden` unless the caller's scope has the member's home store."""
    home = session.scalar(select(Profile.home_store_id).where(Profile.id == member_id))
    if home is not None and caller.scope_kind is not ScopeKind.CHAIN:
        require_store(session, Store, caller, home)


def refuse_open(session: Session, member_ids: Sequence[UUID]) -> None:
    """Raise `Refusal("ERASURE_OPEN")` if an erasure of one of these members is on its way."""
    underway = Row.status.in_(("requested", "asking", "erasing"))
    found = select(Row.id).where(Row.member_id.in_(member_ids), underway)
    if session.scalar(found.limit(1)) is not None:
        raise Refusal("ERASURE_OPEN")


def _require_requested(row: Row) -> None:
    if row.status != "requested":
        raise Refusal("ERASURE_NOT_OPEN", {"status": row.status})


def _locked(session: Session, caller: Caller, erasure_id: UUID) -> Row:
    row = _found(session, erasure_id, lock=True)
    if row is None:
        raise Refusal("UNKNOWN_ERASURE")
    require_reach(session, caller, row.member_id)
    return row


def _found(session: Session, erasure_id: UUID, lock: bool = False) -> Row | None:
    query = select(Row).where(Row.id == erasure_id).execution_options(populate_existing=True)
    return session.scalar(query.with_for_update() if lock else query)


def _shown(session: Session, rows: Sequence[Row]) -> list[Erasure]:
    answers: dict[UUID, list[ErasureAnswer]] = {row.id: [] for row in rows}
    for found in session.scalars(
        select(AnswerRow)
        .where(AnswerRow.erasure_id.in_(answers))
        .order_by(AnswerRow.at, AnswerRow.service)
    ):
        destroyed = msgspec.convert(found.destroyed, list[Destroyed])
        answer = ErasureAnswer(service=found.service, at=found.at, destroyed=destroyed)
        answers[found.erasure_id].append(answer)
    names = [name for name in Erasure.__struct_fields__ if name != "answers"]
    return [
        Erasure(**{name: getattr(row, name) for name in names}, answers=answers[row.id])
        for row in rows
    ]
