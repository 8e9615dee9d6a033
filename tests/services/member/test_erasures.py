"""Erasure of a person: two people, other services asked first, blanked in place, certified."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.member import erasures, privacy_rules, profiles, search, tags, timeline
from services.member.audit import CHECKS
from services.member.models import Profile
from services.member.phones import Keyring
from shared.contracts import SERVICES, Envelope, Event
from shared.contracts.campaign import ForgottenByCampaign
from shared.contracts.directory.erasure import ForgottenByDirectory
from shared.contracts.inventory import ForgottenByInventory
from shared.contracts.loyalty.erasure import ErasureSettled, ForgottenByLoyalty
from shared.contracts.member import (
    FindMembers,
    GetMembers,
    GetTimeline,
    Member,
    RecordContact,
    TagMember,
    UpdateMember,
)
from shared.contracts.member.erasure import (
    ConfirmErasure,
    Destroyed,
    Erasure,
    ErasureRule,
    ListErasures,
    RequestErasure,
    WithdrawErasure,
)
from shared.contracts.member.privacy import PublishPrivacyRule
from shared.contracts.order.erasure import ErasureChecked, ForgottenByOrder
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from tests.services.member.conftest import contents, events, open_store, staff

NOW = datetime(2031, 5, 1, 8, tzinfo=UTC)
HQ = Caller(
    kind="staff",
    id=UUID(int=1),
    roles=frozenset({Role.HQ_OPERATIONS}),
    scope_kind=ScopeKind.CHAIN,
)
OTHERS: dict[str, type[Any]] = {
    "directory": ForgottenByDirectory,
    "loyalty": ForgottenByLoyalty,
    "inventory": ForgottenByInventory,
    "order": ForgottenByOrder,
    "campaign": ForgottenByCampaign,
}


def told(source: str, event: Event) -> Envelope[Any]:
    return Envelope(
        id=new_id(),
        source=f"chainstitch/{source}",
        type=event.type,
        subject="x",
        sequence=1,
        time=NOW,
        data=event,
    )


def requested(session: Session, caller: Caller, member: Member) -> Erasure:
    command = RequestErasure(id=new_id(), member_id=member.id, reason="asked_by_member")
    return erasures.request(session, caller, command, NOW)


def settled(session: Session, erasure: Erasure, refusal: str | None = None) -> None:
    event = ErasureSettled(erasure_id=erasure.id, member_id=erasure.member_id, refusal=refusal)
    erasures.on_erasure_settled(session, [told("loyalty", event)])


def answered(session: Session, erasure: Erasure) -> None:
    rows = [Destroyed(table="some", data_class="tags", columns=["tags"], rows=1)]
    for service, kind in OTHERS.items():
        event = kind(erasure_id=erasure.id, member_id=erasure.member_id, destroyed=rows)
        for _ in range(2):
            erasures.on_answer(session, [told(service, event)])


def shown(session: Session, erasure: Erasure, caller: Caller = HQ) -> Erasure:
    return erasures.list_erasures(session, caller, ListErasures(id=erasure.id)).items[0]


def erased(session: Session, manager: Caller, member: Member) -> Erasure:
    erasure = requested(session, manager, member)
    erasures.confirm(session, HQ, ConfirmErasure(id=erasure.id), NOW)
    settled(session, erasure)
    return erasure


def differences(session: Session) -> list[str]:
    return [name for name, check in CHECKS.items() if session.execute(text(check)).all()]


@pytest.fixture
def known(
    session: Session,
    keys: Keyring,
    register: Callable[..., Member],
    associate: Caller,
    manager: Caller,
    store_id: UUID,
) -> Member:
    """Somebody of whom there is something of everything."""
    member = register(name="顾客壬", city="苏州", sizes={"top": "M"}, style="学院")
    tags.tag(session, keys, manager, TagMember(member_id=member.id, add=["意见领袖"]))
    contact = RecordContact(
        id=new_id(), member_id=member.id, store_id=store_id, kind="note", text="喜欢蓝色真丝"
    )
    timeline.record_contact(session, keys, associate, contact)
    return member


def test_k37_the_person_goes_and_the_rows_stay(
    session: Session,
    keys: Keyring,
    known: Member,
    register: Callable[..., Member],
    manager: Caller,
) -> None:
    """K37: anonymised in place: keys destroyed, rows kept."""
    erasure = erased(session, manager, known)

    row = session.execute(select(Profile.__table__).where(Profile.id == known.id)).one()
    kept = {name for name, value in row._mapping.items() if value not in (None, [], {})}
    assert kept == {
        "id", "version", "event_sequence", "source_channel", "home_store_id", "registered_at",
        "registered_by",
        "erased_at",
    }  # fmt: skip
    texts = session.scalars(text("SELECT text FROM happenings WHERE member_id = :id"), {
        "id": known.id,
    }).all()  # fmt: skip
    assert texts == [None, None]
    assert session.scalar(text("SELECT count(*) FROM name_keys")) == 0
    for query in ("顾客壬", "13812341234", known.card_code, "gkr"):
        found = search.find(session, keys, manager, FindMembers(query=query))
        assert found.items == []
    assert profiles.get_members(session, keys, HQ, GetMembers(ids=[known.id])).items == []
    with pytest.raises(Refusal, match="UNKNOWN_MEMBER"):
        timeline.get_timeline(session, keys, HQ, GetTimeline(member_id=known.id))
    change = UpdateMember(member_id=known.id, version=row.version, city="上海")
    with pytest.raises(Refusal, match="UNKNOWN_MEMBER"):
        profiles.update_member(session, keys, manager, change)
    assert len(events(session, "member.erased")) == 1
    assert differences(session) == []

    with pytest.raises(Refusal, match="MEMBER_ID_TAKEN"):
        register(name="顾客壬", member_id=known.id)  # sent once more
    again = register(name="另一位")  # with the same phone
    assert again.id != known.id
    assert shown(session, erasure).status == "erasing"


def test_the_certificate_is_whole_when_all_have_answered(
    session: Session, known: Member, manager: Caller
) -> None:
    erasure = erased(session, manager, known)
    assert [each.service for each in shown(session, erasure).answers] == ["member"]

    answered(session, erasure)

    certificate = shown(session, erasure)
    assert certificate.status == "erased"
    assert certificate.ended_at == NOW
    assert {each.service for each in certificate.answers} == set(SERVICES)
    assert (certificate.requested_by, certificate.confirmed_by) == (manager.id, HQ.id)
    own = next(each for each in certificate.answers if each.service == "member")
    destroyed = {(each.table, each.data_class): each.rows for each in own.destroyed}
    assert destroyed == {
        ("members", "identity"): 1,
        ("members", "contact"): 1,
        ("members", "profile"): 1,
        ("members", "tags"): 1,
        ("name_keys", "identity"): 4,
        ("identifiers", "contact"): 1,
        ("happenings", "notes"): 1,
    }
    assert len(events(session, "member.erasure_completed")) == 1
    assert differences(session) == []


def test_nothing_is_destroyed_while_money_is_in_the_wallet(
    session: Session, known: Member, manager: Caller
) -> None:
    erasure = requested(session, manager, known)
    erasures.confirm(session, HQ, ConfirmErasure(id=erasure.id), NOW)
    before = session.execute(text("SELECT * FROM members")).all()

    settled(session, erasure, "WALLET_NOT_EMPTY")

    assert session.execute(text("SELECT * FROM members")).all() == before
    now = shown(session, erasure)
    assert (now.status, now.refusal, now.confirmed_by) == ("requested", "WALLET_NOT_EMPTY", None)
    assert events(session, "member.erased") == []
    erasures.confirm(session, HQ, ConfirmErasure(id=erasure.id), NOW)
    settled(session, erasure)
    assert shown(session, erasure).status == "erasing"


def test_an_order_on_its_way_is_in_the_way(
    session: Session, known: Member, manager: Caller
) -> None:
    erasure = requested(session, manager, known)
    erasures.confirm(session, HQ, ConfirmErasure(id=erasure.id), NOW)
    event = ErasureChecked(erasure_id=erasure.id, member_id=known.id, refusal="ORDER_ON_ITS_WAY")

    erasures.on_erasure_checked(session, [told("order", event)])

    assert shown(session, erasure).refusal == "ORDER_ON_ITS_WAY"


def test_two_people_are_needed(session: Session, known: Member, manager: Caller) -> None:
    erasure = requested(session, manager, known)
    before = contents(session)

    with pytest.raises(Refusal, match="SECOND_PERSON_NEEDED"):
        erasures.confirm(session, manager, ConfirmErasure(id=erasure.id), NOW)

    assert contents(session) == before
    with pytest.raises(IntegrityError, match="two_people"), session.begin_nested():
        session.execute(text("UPDATE erasures SET confirmed_by = requested_by"))


def test_a_rule_makes_an_erasure_wait(session: Session, known: Member, manager: Caller) -> None:
    rule = PublishPrivacyRule(id=new_id(), body=ErasureRule(wait_hours=24))
    assert privacy_rules.publish(session, HQ, rule, NOW).version == 1
    assert privacy_rules.publish(session, HQ, rule, NOW).version == 1  # sent again
    erasure = requested(session, manager, known)

    with pytest.raises(Refusal, match="ERASURE_TOO_EARLY"):
        erasures.confirm(
            session, HQ, ConfirmErasure(id=erasure.id), NOW + timedelta(hours=23, minutes=59)
        )
    later = NOW + timedelta(hours=24)
    done = erasures.confirm(session, HQ, ConfirmErasure(id=erasure.id), later)
    assert (done.status, done.rule_version) == ("asking", 1)


def test_it_can_be_withdrawn_until_it_is_confirmed(
    session: Session, known: Member, manager: Caller
) -> None:
    first = requested(session, manager, known)
    with pytest.raises(Refusal, match="ERASURE_OPEN"):
        requested(session, manager, known)
    assert erasures.withdraw(session, HQ, WithdrawErasure(id=first.id), NOW).status == "withdrawn"
    with pytest.raises(Refusal, match="ERASURE_NOT_OPEN"):
        erasures.confirm(session, HQ, ConfirmErasure(id=first.id), NOW)

    second = requested(session, manager, known)
    erasures.confirm(session, HQ, ConfirmErasure(id=second.id), NOW)
    with pytest.raises(Refusal, match="ERASURE_NOT_OPEN"):
        erasures.withdraw(session, HQ, WithdrawErasure(id=second.id), NOW)


def test_asking_and_confirming_twice_is_once(
    session: Session, known: Member, manager: Caller
) -> None:
    command = RequestErasure(id=new_id(), member_id=known.id, reason="legal")
    first = erasures.request(session, manager, command, NOW)
    assert erasures.request(session, manager, command, NOW) == first
    with pytest.raises(Refusal, match="ERASURE_ID_TAKEN"):
        erasures.request(
            session,
            manager,
            RequestErasure(id=command.id, member_id=known.id, reason="mistaken"),
            NOW,
        )
    confirmed = erasures.confirm(session, HQ, ConfirmErasure(id=first.id), NOW)
    assert erasures.confirm(session, HQ, ConfirmErasure(id=first.id), NOW) == confirmed
    assert len(events(session, "member.erasure_confirmed")) == 1


def test_only_those_whose_scope_has_the_home_store(
    session: Session, known: Member, manager: Caller
) -> None:
    stranger = staff(Role.STORE_MANAGER, open_store(session))
    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        requested(session, stranger, known)
    erasure = requested(session, manager, known)
    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        erasures.confirm(session, stranger, ConfirmErasure(id=erasure.id), NOW)
    assert erasures.list_erasures(session, stranger, ListErasures()).items == []
    with pytest.raises(Refusal, match="UNKNOWN_ERASURE"):
        erasures.withdraw(session, HQ, WithdrawErasure(id=new_id()), NOW)


def test_what_was_written_can_be_blanked_but_not_rewritten(session: Session, known: Member) -> None:
    for change in ("text = '别的'", "kind = 'call'", "store_id = NULL"):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(text(f"UPDATE happenings SET {change} WHERE text IS NOT NULL"))


def test_the_audit_sees_what_came_back(session: Session, known: Member, manager: Caller) -> None:
    erased(session, manager, known)
    session.execute(update(Profile).where(Profile.id == known.id).values(city="苏州", tags=["x"]))

    assert set(differences(session)) == {
        "nothing is left in members of who was erased (contact)",
        "nothing is left in members of who was erased (tags)",
    }
