"""Handing members over when an associate leaves (M21, F14, F15)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from services.member import audit, handovers, profiles, timeline
from services.member.models import Profile, PurchaseFacts, Staff
from services.member.phones import Keyring
from shared.contracts import Envelope
from shared.contracts.directory import StaffChanged
from shared.contracts.member import GetTimeline, HandOverMembers, Member, UpdateMember
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from tests.services.member.conftest import events, open_store

Hire = Callable[..., UUID]
STAFF = new_id()
NOW = datetime(2025, 5, 1, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture
def hire(session: Session, store_id: UUID) -> Hire:
    """`hire(store)`: somebody at work in a store, as directory tells of them."""

    def hired(at: UUID = store_id, **fields: Any) -> UUID:
        values = {"id": new_id(), "version": 1, "scope_kind": "store", "scope_id": at}
        session.execute(insert(Staff).values({**values, "active": True} | fields))
        return fields.get("id", values["id"])

    return hired


@pytest.fixture
def members(register: Callable[..., Member], session: Session, associate: Caller) -> list[Member]:
    """Six members of the associate, who have spent 100, 200, … 600."""
    made = [register(phone=f"1380000000{number}") for number in range(6)]
    for number, member in enumerate(made):
        session.execute(
            insert(PurchaseFacts).values(
                member_id=member.id, currency="CNY", orders=1, spent_minor=100 * (number + 1),
                first_on=TODAY, last_on=TODAY, last_at=func.now(), last_store_id=new_id(),
            )
        )  # fmt: skip
    return made


def command(associate: Caller, *to: UUID, **fields: Any) -> HandOverMembers:
    given = {"id": new_id(), "from_associate_id": associate.id, "to_associate_ids": list(to)}
    return HandOverMembers(**given | fields)


def owners(session: Session) -> dict[UUID, UUID | None]:
    rows = session.execute(select(Profile.id, Profile.associate_id))
    return {row.id: row.associate_id for row in rows}


def test_all_members_go_to_one(
    session: Session,
    keys: Keyring,
    members: list[Member],
    associate: Caller,
    manager: Caller,
    hire: Hire,
) -> None:
    heir = hire()
    asked = command(associate, heir)

    answer = handovers.hand_over(session, manager, asked)

    assert (answer.associate_ids, answer.members) == ([heir], [6])
    assert set(owners(session).values()) == {heir}
    shown = timeline.get_timeline(
        session, keys, manager, GetTimeline(member_id=members[0].id, kinds=["handed_over"])
    ).items
    assert [(each.staff_id, each.document_id) for each in shown] == [(heir, answer.id)]
    (event,) = map(msgspec.json.decode, events(session, "member.members_handed_over"))
    assert event["data"]["members"] == [6]
    check = audit.CHECKS["whoever looks after a member is the one of the timeline"]
    assert session.execute(text(check)).all() == []


@pytest.mark.parametrize(
    ("split", "spent"), [("count", None), ("spend", [[600, 100], [500, 200], [400, 300]])]
)
def test_members_are_dealt_out_evenly(
    session: Session, members: list[Member], associate: Caller, manager: Caller, hire: Hire,
    split: str, spent: list[list[int]] | None,
) -> None:  # fmt: skip
    heirs = [hire(), hire(), hire()]

    answer = handovers.hand_over(session, manager, command(associate, *heirs, split=split))

    assert answer.members == [2, 2, 2]
    after = owners(session)
    if spent:
        for heir, amounts in zip(heirs, spent, strict=True):
            given = [100 * (n + 1) for n, each in enumerate(members) if after[each.id] == heir]
            assert sorted(given, reverse=True) == amounts


def test_the_same_again_gets_the_first_answer_and_moves_nothing(
    session: Session, members: list[Member], associate: Caller, manager: Caller, hire: Hire,
    register: Callable[..., Member],
) -> None:  # fmt: skip
    asked = command(associate, hire())
    first = handovers.hand_over(session, manager, asked)
    later = register(phone="13900000001")

    assert handovers.hand_over(session, manager, asked) == first
    assert owners(session)[later.id] == associate.id
    with pytest.raises(Refusal, match="HANDOVER_ID_TAKEN"):
        handovers.hand_over(session, manager, msgspec.structs.replace(asked, split="spend"))


def test_only_members_at_home_within_reach_are_handed_over(
    session: Session, members: list[Member], associate: Caller, manager: Caller, hire: Hire
) -> None:
    elsewhere = open_store(session)
    session.execute(
        text("UPDATE members SET home_store_id = :store WHERE id = :id"),
        {"store": elsewhere, "id": members[0].id},
    )

    answer = handovers.hand_over(session, manager, command(associate, hire()))

    assert answer.members == [5]
    assert owners(session)[members[0].id] == associate.id


def test_somebody_who_is_not_at_work_there_is_given_nobody(
    session: Session, members: list[Member], associate: Caller, manager: Caller, hire: Hire,
    store_id: UUID,
) -> None:  # fmt: skip
    left, other = hire(active=False), hire(open_store(session))
    chain = hire(scope_kind="chain", scope_id=None)
    before = owners(session)

    for receiver in (new_id(), left, other, chain, associate.id):
        with pytest.raises(Refusal, match="UNKNOWN_ASSOCIATE"), session.begin_nested():
            handovers.hand_over(session, manager, command(associate, hire(), receiver))
    asked = command(associate, hire(), store_id=open_store(session))
    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"), session.begin_nested():
        handovers.hand_over(session, manager, asked)

    assert owners(session) == before


def test_the_chain_may_hand_over_across_stores(
    session: Session, members: list[Member], associate: Caller, hire: Hire
) -> None:
    hq = Caller(
        kind="staff", id=new_id(), roles=frozenset({Role.HQ_OPERATIONS}),
        scope_kind=ScopeKind.CHAIN,
    )  # fmt: skip
    heir = hire(open_store(session))

    assert handovers.hand_over(session, hq, command(associate, heir)).members == [6]


def test_an_edit_that_has_seen_the_old_associate_is_refused(
    session: Session, keys: Keyring, members: list[Member], associate: Caller, manager: Caller,
    hire: Hire,
) -> None:  # fmt: skip
    handovers.hand_over(session, manager, command(associate, hire()))
    edit = UpdateMember(
        member_id=members[0].id, version=members[0].version, associate_id=associate.id
    )

    with pytest.raises(Refusal, match="MEMBER_CHANGED"):
        profiles.update_member(session, keys, manager, edit)

    again = msgspec.structs.replace(edit, version=members[0].version + 1)
    assert profiles.update_member(session, keys, manager, again).associate_id == associate.id
    shown = timeline.get_timeline(
        session, keys, manager, GetTimeline(member_id=members[0].id, kinds=["handed_over"])
    ).items
    assert shown[0].staff_id == associate.id


def test_the_newest_word_about_somebody_counts(session: Session, store_id: UUID) -> None:
    def told(version: int, active: bool) -> Envelope[StaffChanged]:
        data = StaffChanged(
            staff_id=STAFF, version=version, roles=frozenset({Role.ASSOCIATE}),
            scope_kind=ScopeKind.STORE, scope_id=store_id, active=active,
        )  # fmt: skip
        return Envelope(
            id=new_id(), source="test", type=data.type, subject=str(STAFF), sequence=version,
            time=NOW, data=data,
        )  # fmt: skip

    handovers.on_staff_changed(session, [told(1, True), told(3, False)])
    handovers.on_staff_changed(session, [told(2, True)])

    assert session.execute(select(Staff.version, Staff.active)).all() == [(3, False)]
