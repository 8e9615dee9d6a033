"""Consents per purpose and channel with their proof, and the notices they refer to."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.member import agreements, notices, profiles
from services.member.audit import CHECKS
from services.member.models import ConsentState, Store
from services.member.phones import Keyring
from shared.contracts.member import Member, UpdateMember
from shared.contracts.member.consents import (
    Consent,
    GetConsents,
    ListNotices,
    PublishNotice,
    RecordConsents,
)
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from shared.stores import forget_stores
from tests.services.member.conftest import AGREED, contents, events, open_store, staff

NOW = datetime(2031, 5, 1, tzinfo=UTC)
HQ = Caller(
    kind="staff",
    id=UUID(int=1),
    roles=frozenset({Role.HQ_OPERATIONS}),
    scope_kind=ScopeKind.CHAIN,
)


def notice(version: str, **more: Any) -> PublishNotice:
    given: dict[str, Any] = {
        "id": new_id(),
        "purpose": "marketing",
        "version": version,
        "text_zh": f"须知 {version}",
        "text_en": f"Notice {version}",
    }
    return PublishNotice(**given | more)


def marketing(granted: bool = True, **more: Any) -> Consent:
    given: dict[str, Any] = {"purpose": "marketing", "channel": "sms", "notice_version": "2"}
    return Consent(granted=granted, **given | more)


def recorded(member: Member, store_id: UUID, *consents: Consent) -> RecordConsents:
    return RecordConsents(
        id=new_id(), member_id=member.id, store_id=store_id, consents=list(consents)
    )


def shop_of(session: Session, franchisee_id: UUID) -> UUID:
    store_id = open_store(session)
    session.execute(update(Store).where(Store.id == store_id).values(franchisee_id=franchisee_id))
    forget_stores()
    return store_id


def in_force_now(session: Session, *versions: str) -> None:
    for day, version in enumerate(versions, 1):
        at = datetime.now(UTC) - timedelta(days=30 - day)
        notices.publish(session, HQ, notice(version, valid_from=at), at)


def differences(session: Session) -> list[Any]:
    check = CHECKS["what counts of the consents is the newest of the ledger"]
    return list(session.execute(text(check)))


def test_the_notice_in_force_is_the_latest_that_has_begun(session: Session) -> None:
    later = NOW + timedelta(days=10)
    notices.publish(session, HQ, notice("1"), NOW - timedelta(days=1))
    notices.publish(session, HQ, notice("3", valid_from=later), NOW)
    notices.publish(session, HQ, notice("2"), NOW)

    def in_force(now: datetime) -> list[str]:
        return [each.text_zh for each in notices.get_notices_in_force(session, now).items]

    assert in_force(NOW) == ["须知 2"]
    assert in_force(later) == ["须知 3"]
    notices.publish(session, HQ, notice("1", purpose="membership"), NOW)
    assert in_force(NOW) == ["须知 2", "须知 1"]
    assert in_force(NOW - timedelta(days=2)) == []
    listed = notices.list_notices(session, ListNotices(purpose="marketing"))
    assert [each.version for each in listed.items] == ["3", "2", "1"]


def test_a_notice_is_published_once(session: Session) -> None:
    command = notice("1")
    first = notices.publish(session, HQ, command, NOW)

    assert notices.publish(session, HQ, command, NOW + timedelta(hours=1)) == first
    before = contents(session)
    with pytest.raises(Refusal, match="NOTICE_VERSION_TAKEN"):
        notices.publish(session, HQ, notice("1", text_zh="另一份"), NOW)
    with pytest.raises(Refusal, match="NOTICE_ID_TAKEN"):
        notices.publish(session, HQ, msgspec.structs.replace(command, text_en="Other"), NOW)
    assert contents(session) == before
    assert len(events(session, "member.notice_published")) == 1


def test_only_the_chain_publishes_notices(session: Session, store_id: UUID) -> None:
    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        notices.publish(session, staff(Role.HQ_OPERATIONS, store_id), notice("1"), NOW)


@pytest.mark.parametrize("version", ["1", "9", "3"])
def test_a_consent_to_another_version_than_the_one_in_force_is_refused(
    session: Session,
    register: Callable[..., Member],
    associate: Caller,
    store_id: UUID,
    version: str,
) -> None:
    member = register()
    in_force_now(session, "1", "2")
    coming = notice("3", valid_from=datetime.now(UTC) + timedelta(days=1))
    notices.publish(session, HQ, coming, datetime.now(UTC))
    before = contents(session)

    with pytest.raises(Refusal, match="NOTICE_NOT_IN_FORCE") as refused:
        agreements.record(
            session,
            associate,
            recorded(member, store_id, marketing(notice_version=version)),
        )

    assert refused.value.parameters == {"version": version, "in_force": "2"}
    assert contents(session) == before


def test_what_is_taken_over_from_elsewhere_may_refer_to_an_older_version(
    session: Session, register: Callable[..., Member], associate: Caller, store_id: UUID
) -> None:
    member = register()
    in_force_now(session, "1", "2")

    answer = agreements.record(
        session,
        associate,
        recorded(member, store_id, marketing(notice_version="1", proof="import")),
    )

    assert answer.current[0].notice_version == "1"
    unknown = marketing(notice_version="0", proof="import")
    with pytest.raises(Refusal, match="NOTICE_NOT_IN_FORCE"):
        agreements.record(session, associate, recorded(member, store_id, unknown))


def test_a_consent_is_kept_with_its_proof(
    session: Session, register: Callable[..., Member], associate: Caller, store_id: UUID
) -> None:
    member = register()
    at_the_till = msgspec.structs.replace(associate, device_id=new_id())
    command = recorded(member, store_id, marketing(proof="paper"))

    answer = agreements.record(session, at_the_till, command)
    again = agreements.record(session, at_the_till, command)

    assert answer == again
    proved = answer.history[0]
    assert (proved.purpose, proved.channel, proved.granted) == ("marketing", "sms", True)
    assert (proved.notice_version, proved.proof) == ("2", "paper")
    assert (proved.recorded_by, proved.recorded_by_kind) == (associate.id, "staff")
    assert (proved.store_id, proved.device_id) == (store_id, at_the_till.device_id)
    assert len(answer.history) == 2  # that of membership, and this one
    told = events(session, "member.consents_recorded")
    assert len(told) == 1
    assert '"channel":"sms"' in told[0]
    other = msgspec.structs.replace(command, consents=[marketing(granted=False)])
    with pytest.raises(Refusal, match="CONSENT_ID_TAKEN"):
        agreements.record(session, at_the_till, other)


def test_a_withdrawal_counts_at_once_and_needs_no_notice(
    session: Session, register: Callable[..., Member], associate: Caller, store_id: UUID
) -> None:
    member = register()
    in_force_now(session, "1", "2")
    agreements.record(session, associate, recorded(member, store_id, marketing()))

    withdrawn = marketing(granted=False, notice_version="1")
    answer = agreements.record(session, associate, recorded(member, store_id, withdrawn))

    states = {(each.purpose, each.channel): each.granted for each in answer.current}
    assert states == {("membership", "any"): True, ("marketing", "sms"): False}
    assert [each.granted for each in answer.history] == [False, True, True]
    assert '"granted":false' in events(session, "member.consents_recorded")[-1]
    assert differences(session) == []


def test_consents_of_a_registration_are_told_with_it(
    session: Session, register: Callable[..., Member]
) -> None:
    register(consents=[AGREED, marketing(), marketing(granted=False)])

    told = msgspec.json.decode(events(session, "member.registered")[0])["data"]["consents"]
    assert [(each["purpose"], each["granted"]) for each in told] == [
        ("membership", True),
        ("marketing", False),
    ]
    assert session.scalars(select(ConsentState.granted)).all() == [True, False]
    assert differences(session) == []


def test_consents_with_a_change_of_the_profile_are_an_event_of_their_own(
    session: Session, keys: Keyring, register: Callable[..., Member], associate: Caller
) -> None:
    member = register()

    profiles.update_member(
        session,
        keys,
        associate,
        UpdateMember(member_id=member.id, version=1, consents=[marketing()]),
    )

    sequences = [
        msgspec.json.decode(events(session, f"member.{kind}")[0])["sequence"]
        for kind in ("updated", "consents_recorded")
    ]
    assert sequences == [2, 3]


def test_k40_consent_for_one_franchisee_is_seen_where_that_franchisee_is(
    session: Session, register: Callable[..., Member], associate: Caller, store_id: UUID
) -> None:
    """K40: one identity for all; what is agreed to with one company stays with it (PIPL 23)."""
    member, franchisee = register(), new_id()
    theirs = shop_of(session, franchisee)
    their_clerk = staff(Role.ASSOCIATE, theirs)
    agreed = marketing(franchisee_id=franchisee, channel="wechat")

    agreements.record(session, their_clerk, recorded(member, theirs, agreed))

    def seen(caller: Caller) -> list[Any]:
        answer = agreements.get(session, caller, GetConsents(member_id=member.id))
        return [(each.purpose, each.franchisee_id) for each in answer.current]

    both = [("marketing", franchisee), ("membership", None)]
    owner = Caller(
        kind="staff",
        id=new_id(),
        roles=frozenset({Role.FRANCHISE_OWNER}),
        scope_kind=ScopeKind.FRANCHISEE,
        scope_id=franchisee,
    )
    assert seen(their_clerk) == seen(owner) == seen(HQ) == both
    assert seen(associate) == [("membership", None)]


@pytest.mark.parametrize(
    ("consent", "code"),
    [
        (marketing(franchisee_id=UUID(int=7)), "UNKNOWN_FRANCHISEE"),
        (
            Consent(
                purpose="membership",
                notice_version="1",
                granted=True,
                franchisee_id=UUID(int=7),
            ),
            "CONSENT_NOT_LIMITED",
        ),
    ],
)
def test_what_nobody_can_agree_to_is_refused(
    session: Session,
    register: Callable[..., Member],
    associate: Caller,
    store_id: UUID,
    consent: Consent,
    code: str,
) -> None:
    member = register()
    before = contents(session)

    with pytest.raises(Refusal, match=code):
        agreements.record(session, associate, recorded(member, store_id, consent))

    assert contents(session) == before


def test_consents_are_of_known_members_and_own_stores(
    session: Session, register: Callable[..., Member], associate: Caller, store_id: UUID
) -> None:
    member = register()
    elsewhere = recorded(member, open_store(session), marketing())
    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        agreements.record(session, associate, elsewhere)
    with pytest.raises(Refusal, match="UNKNOWN_MEMBER"):
        agreements.get(session, associate, GetConsents(member_id=new_id()))


def test_what_counts_is_checked_against_the_ledger(
    session: Session, register: Callable[..., Member]
) -> None:
    member = register()
    session.execute(update(ConsentState).values(granted=False))

    assert [row.member_id for row in differences(session)] == [member.id]


@pytest.mark.parametrize("change", ["UPDATE notices SET version = '0'", "DELETE FROM notices"])
def test_notices_are_append_only(session: Session, change: str) -> None:
    notices.publish(session, HQ, notice("1"), NOW)

    with pytest.raises(IntegrityError, match="notices is append-only"), session.begin_nested():
        session.execute(text(change))


def test_one_state_for_a_purpose_and_channel(
    session: Session, register: Callable[..., Member]
) -> None:
    register()
    row = session.execute(select(ConsentState.__table__)).one()._mapping
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(insert(ConsentState).values({**row, "consent_id": row["consent_id"] + 1}))
