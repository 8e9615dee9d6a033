"""Registering, updating and reading members; looking at a phone."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.member import birthdays, cards, profiles
from services.member.phones import Keyring
from shared.contracts.member import (
    Consent,
    GetMembers,
    Member,
    RegisterMember,
    RevealPhone,
    UpdateMember,
)
from shared.contracts.member.birthdays import Birthday
from shared.errors import Forbidden, InvalidInput, Refusal
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from shared.service import decode
from tests.services.member.conftest import (
    AGREED,
    PHONE,
    contents,
    events,
    open_store,
    registration,
    staff,
)

REFUSED = Consent(purpose="membership", notice_version="2025-01", granted=False)
MARKETING = Consent(purpose="marketing", channel="sms", notice_version="2025-01", granted=True)


def check_birthday(birthday: date | None, today: date) -> None:
    birthdays.check(birthdays.given(birthday, None), today)


def refusal_of(session: Session, call: Callable[[], Any]) -> Refusal:
    """The refusal of a call that must change nothing."""
    before = contents(session)
    with pytest.raises(Refusal) as refused:
        call()
    assert contents(session) == before
    return refused.value


def test_a_member_is_registered_once_and_for_all_stores(
    session: Session, keys: Keyring, store_id: UUID, associate: Caller
) -> None:
    command = registration(
        store_id,
        name="  王  顾客 ",
        gender="female",
        birthday=date(1990, 2, 28),
        city="上海",
        sizes={"top": "M"},
        height_cm=165,
        style="简约",
        consents=[AGREED, MARKETING],
    )

    member = profiles.register(session, keys, associate, command)

    changing = {"registered_at": None, "purchases": None, "age": None, "next_birthday": None}
    assert msgspec.structs.asdict(member) | changing == {
        "id": command.member_id,
        "version": 1,
        "card_code": cards.card_code(command.member_id),
        "name": "王 顾客",
        "phone_masked": "+86 138****1234",
        "gender": "female",
        "birthday": date(1990, 2, 28),
        "city": "上海",
        "source_channel": "store",
        "home_store_id": store_id,
        "associate_id": associate.id,
        "tags": [],
        "tags_by_rule": [],
        "sizes": {"top": "M"},
        "height_cm": 165,
        "style": "简约",
        "born": Birthday(month=2, day=28, year=1990),
        "next_birthday": None,
        "age": None,
        "wechat": None,
        "spending_power": None,
        "style_preferences": [],
        "registered_at": None,
        "purchases": None,
        "fields": [],
        "merged_ids": [],
    }
    assert member.purchases.count == 0
    ledger = session.execute(
        text("SELECT purpose, channel, granted, recorded_by, store_id FROM consents ORDER BY id")
    ).all()
    assert [tuple(row) for row in ledger] == [
        ("membership", "any", True, associate.id, store_id),
        ("marketing", "sms", True, associate.id, store_id),
    ]


def test_events_and_outbox_hold_nothing_personal(
    session: Session, keys: Keyring, register: Callable[..., Member], manager: Caller
) -> None:
    member = register(name="Kathleen", city="Shanghai")
    profiles.update_member(
        session,
        keys,
        manager,
        UpdateMember(member_id=member.id, version=1, name="Catherine", height_cm=171),
    )
    profiles.reveal_phone(
        session, keys, manager, RevealPhone(member_id=member.id, purpose="called back")
    )

    told = "".join(session.scalars(text("SELECT envelope FROM outbox")))

    assert len(events(session, "member.registered")) == 1
    for personal in ("Kathleen", "Catherine", "Shanghai", PHONE, f'"{PHONE[-4:]}"', ":171"):
        assert personal not in told


@pytest.mark.parametrize("role", [Role.STORE_MANAGER, Role.INTEGRATION])
def test_only_an_associate_takes_the_member_over(
    session: Session, keys: Keyring, store_id: UUID, role: Role
) -> None:
    member = profiles.register(session, keys, staff(role, store_id), registration(store_id))

    assert member.associate_id is None


def test_the_same_command_again_gets_the_same_answer(
    session: Session, keys: Keyring, store_id: UUID, associate: Caller
) -> None:
    command = registration(store_id)
    first = profiles.register(session, keys, associate, command)
    before = contents(session)
    respelt = msgspec.structs.replace(command, phone="+86 138 1234 1234", name=" 顾客明")

    assert profiles.register(session, keys, associate, command) == first
    assert profiles.register(session, keys, associate, respelt) == first
    assert contents(session) == before


def test_the_same_id_with_other_content_is_refused(
    session: Session, keys: Keyring, store_id: UUID, associate: Caller
) -> None:
    command = registration(store_id)
    profiles.register(session, keys, associate, command)
    other = msgspec.structs.replace(command, name="某丁")

    refused = refusal_of(session, lambda: profiles.register(session, keys, associate, other))

    assert refused.code == "MEMBER_ID_TAKEN"


def test_a_phone_belongs_to_one_member(
    session: Session, keys: Keyring, store_id: UUID, register: Callable[..., Member]
) -> None:
    member = register()
    elsewhere = open_store(session)
    command = registration(elsewhere, phone="+86 138-1234-1234", name="某丁")
    caller = staff(Role.ASSOCIATE, elsewhere)

    refused = refusal_of(session, lambda: profiles.register(session, keys, caller, command))

    assert (refused.code, refused.parameters) == ("PHONE_TAKEN", {"member_id": member.id})


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"phone": "12345"}, "INVALID_PHONE"),
        ({"phone": "no phone"}, "INVALID_PHONE"),
        ({"consents": [MARKETING]}, "CONSENT_MISSING"),
        ({"consents": [REFUSED]}, "CONSENT_MISSING"),
        ({"consents": [AGREED, REFUSED]}, "CONSENT_MISSING"),
        ({"birthday": date(1899, 12, 31)}, "INVALID_BIRTHDAY"),
        ({"birthday": date(2999, 1, 1)}, "INVALID_BIRTHDAY"),
        ({"name": " \t\n"}, "INVALID_INPUT"),
        ({"city": "  "}, "INVALID_INPUT"),
        ({"home_store_id": UUID(int=1)}, "UNKNOWN_STORE"),
    ],
)
def test_bad_registrations_change_nothing(
    session: Session,
    keys: Keyring,
    store_id: UUID,
    associate: Caller,
    fields: dict[str, Any],
    code: str,
) -> None:
    command = registration(store_id, **fields)

    refused = refusal_of(session, lambda: profiles.register(session, keys, associate, command))

    assert refused.code == code


def test_a_store_out_of_scope_or_closed_registers_nobody(
    session: Session, keys: Keyring, associate: Caller
) -> None:
    elsewhere, closed = open_store(session), open_store(session, active=False)

    foreign = refusal_of(
        session, lambda: profiles.register(session, keys, associate, registration(elsewhere))
    )
    shut = refusal_of(
        session,
        lambda: profiles.register(
            session, keys, staff(Role.ASSOCIATE, closed), registration(closed)
        ),
    )

    assert (foreign.code, shut.code) == ("FORBIDDEN_SCOPE", "STORE_CLOSED")


@pytest.mark.parametrize(
    "today", [date(2025, 6, 30), date(2024, 2, 29)], ids=["a day", "a leap day"]
)
def test_a_birthday_lies_between_1900_and_today(today: date) -> None:
    check_birthday(None, today)
    check_birthday(date(1900, 1, 1), today)
    check_birthday(today, today)
    for impossible in (date(1899, 12, 31), today + timedelta(days=1)):
        with pytest.raises(Refusal) as refused:
            check_birthday(impossible, today)
        assert refused.value.code == "INVALID_BIRTHDAY"


def test_today_is_the_stores_own_date(session: Session, keys: Keyring) -> None:
    ahead = open_store(session, time_zone="Pacific/Kiritimati")  # UTC+14
    behind = open_store(session, time_zone="Etc/GMT+12")  # UTC-12
    now = datetime.now(UTC)
    last_today = (now + timedelta(hours=14)).date()
    still_today = (now - timedelta(hours=12)).date()

    member = profiles.register(
        session,
        keys,
        staff(Role.ASSOCIATE, ahead),
        registration(ahead, phone="+8613812341234", birthday=last_today),
    )
    command = registration(behind, phone="+8613812341235", birthday=still_today + timedelta(days=1))

    assert member.birthday == last_today
    with pytest.raises(Refusal):
        profiles.register(session, keys, staff(Role.ASSOCIATE, behind), command)


@pytest.mark.parametrize(
    "name",
    ["王", "欧阳顾客", "O'Brien-Смит", "顾客👩‍👩‍👧", "x" * 60, "名" * 60, "%_\\", "Zoë"],
)
def test_names_are_kept_as_they_are(register: Callable[..., Member], name: str) -> None:
    assert register(name=name).name == name


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 61),
        ("name", "a\x00b"),
        ("name", "\u202eabc"),
        ("name", "abc\u200f"),
        ("name", "x" * 1_000_000),
        ("name", 5),
        ("phone", "1" * 41),
        ("birthday", "1990-02-30"),
        ("birthday", "yesterday"),
        ("gender", "unknown"),
        ("height_cm", 39),
        ("height_cm", 251),
        ("sizes", {"top": "a b"}),
        ("sizes", {f"s{n}": "M" for n in range(21)}),
        ("style", "x" * 501),
        ("consents", []),
        ("consents", [{"purpose": "anything", "notice_version": "1", "granted": True}]),
        ("source_channel", "a shop"),
        ("member_id", "1"),
    ],
)
def test_a_command_that_is_not_as_the_contract_says_is_refused(field: str, value: Any) -> None:
    raw = msgspec.to_builtins(registration(UUID(int=1))) | {field: value}

    with pytest.raises(InvalidInput) as refused:
        decode(raw, RegisterMember)

    assert refused.value.code == "INVALID_INPUT"
    assert refused.value.parameters["field"].startswith(f"$.{field}")


def test_a_taken_card_code_makes_way_for_another(
    session: Session, register: Callable[..., Member]
) -> None:
    first = register()
    member_id = new_id()
    session.execute(
        text("UPDATE members SET card_code = :code WHERE id = :id"),
        {"code": cards.card_code(member_id), "id": first.id},
    )

    member = register(member_id=member_id, phone="13912341234")

    assert member.card_code == cards.card_code(member_id, 1)


def test_an_update_replaces_what_is_given_and_names_it(
    session: Session, keys: Keyring, register: Callable[..., Member], manager: Caller
) -> None:
    member = register(city="上海", sizes={"top": "M"}, style="简约")
    command = UpdateMember(
        member_id=member.id,
        version=1,
        name="王顾客",
        city="上海",
        sizes={},
        style="",
        associate_id=manager.id,
        consents=[MARKETING],
    )

    updated = profiles.update_member(session, keys, manager, command)

    expected = msgspec.structs.replace(
        member, version=2, name="王顾客", sizes={}, style=None, associate_id=manager.id
    )
    assert updated == expected
    told = msgspec.json.decode(events(session, "member.updated")[0])
    assert told["sequence"] == 2
    assert told["data"] == {
        "member_id": str(member.id),
        "version": 2,
        "fields": ["associate_id", "consents", "name", "sizes", "style"],
    }


def test_an_update_that_changes_nothing_tells_nothing(
    session: Session, keys: Keyring, register: Callable[..., Member], manager: Caller
) -> None:
    member = register(city="上海")
    before = contents(session)

    same = profiles.update_member(
        session, keys, manager, UpdateMember(member_id=member.id, version=1, city="上海")
    )

    assert same == member
    assert contents(session) == before


def test_an_update_of_an_older_version_is_refused_but_not_the_same_again(
    session: Session, keys: Keyring, register: Callable[..., Member], manager: Caller
) -> None:
    member = register()
    command = UpdateMember(member_id=member.id, version=1, name="王顾客", consents=[MARKETING])
    updated = profiles.update_member(session, keys, manager, command)
    before = contents(session)
    other = UpdateMember(member_id=member.id, version=1, name="某丁")

    assert profiles.update_member(session, keys, manager, command) == updated
    assert contents(session) == before
    refused = refusal_of(session, lambda: profiles.update_member(session, keys, manager, other))
    assert refused.code == "MEMBER_CHANGED"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"birthday": date(2999, 1, 1)}, "INVALID_BIRTHDAY"),
        ({"name": "  "}, "INVALID_INPUT"),
        ({"member_id": UUID(int=1)}, "UNKNOWN_MEMBER"),
        ({"version": 2}, "MEMBER_CHANGED"),
    ],
)
def test_bad_updates_change_nothing(
    session: Session,
    keys: Keyring,
    register: Callable[..., Member],
    manager: Caller,
    fields: dict[str, Any],
    code: str,
) -> None:
    member = register()
    command = UpdateMember(**{"member_id": member.id, "version": 1, "city": "北京"} | fields)

    refused = refusal_of(session, lambda: profiles.update_member(session, keys, manager, command))

    assert refused.code == code


def test_a_withdrawal_is_one_more_row(
    session: Session, keys: Keyring, register: Callable[..., Member], manager: Caller
) -> None:
    member = register(consents=[AGREED, MARKETING])
    withdrawn = msgspec.structs.replace(MARKETING, granted=False)

    profiles.update_member(
        session, keys, manager, UpdateMember(member_id=member.id, version=1, consents=[withdrawn])
    )

    ledger = session.execute(
        text("SELECT purpose, granted, recorded_by, store_id FROM consents ORDER BY id")
    ).all()
    assert [tuple(row) for row in ledger] == [
        ("membership", True, member.associate_id, member.home_store_id),
        ("marketing", True, member.associate_id, member.home_store_id),
        ("marketing", False, manager.id, manager.scope_id),
    ]


def test_many_members_are_read_in_any_store(
    session: Session, keys: Keyring, register: Callable[..., Member]
) -> None:
    members = [register(phone=f"1381234{number:04}") for number in range(3)]
    elsewhere = staff(Role.ASSOCIATE, open_store(session))
    ids = [members[2].id, new_id(), members[0].id, members[2].id]

    found = profiles.get_members(session, keys, elsewhere, GetMembers(ids=ids))
    nobody = profiles.get_members(session, keys, elsewhere, GetMembers(ids=[]))

    assert found.items == [members[0], members[2]]
    assert nobody.items == []


def test_a_manager_and_the_own_associate_see_the_phone_and_each_look_is_told(
    session: Session,
    keys: Keyring,
    register: Callable[..., Member],
    manager: Caller,
    associate: Caller,
) -> None:
    member = register()
    command = RevealPhone(member_id=member.id, purpose=" called back ")

    for caller in (manager, associate):
        shown = profiles.reveal_phone(session, keys, caller, command)
        assert shown.phone == "+8613812341234"

    told = [msgspec.json.decode(each) for each in events(session, "member.phone_revealed")]
    assert [each["sequence"] for each in told] == [2, 3]
    purpose = {"purpose": "called back", "field": None}
    assert told[0]["data"] == {"member_id": str(member.id)} | purpose
    again = profiles.get_members(session, keys, manager, GetMembers(ids=[member.id]))
    assert again.items[0].version == 1


def test_nobody_else_sees_the_phone(
    session: Session, keys: Keyring, register: Callable[..., Member], store_id: UUID
) -> None:
    member = register()
    colleague = staff(Role.ASSOCIATE, store_id)
    client = Caller(
        kind="client",
        id=member.associate_id or new_id(),
        roles=frozenset({Role.INTEGRATION}),
        scope_kind=ScopeKind.CHAIN,
    )
    command = RevealPhone(member_id=member.id, purpose="curious")

    for caller in (colleague, client):
        refused = refusal_of(
            session,
            lambda caller=caller: profiles.reveal_phone(session, keys, caller, command),
        )
        assert isinstance(refused, Forbidden)


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"purpose": "  "}, "INVALID_INPUT"), ({"member_id": UUID(int=1)}, "UNKNOWN_MEMBER")],
)
def test_a_look_without_a_purpose_or_a_member_is_refused(
    session: Session,
    keys: Keyring,
    register: Callable[..., Member],
    manager: Caller,
    fields: dict[str, Any],
    code: str,
) -> None:
    command = RevealPhone(**{"member_id": register().id, "purpose": "called back"} | fields)

    refused = refusal_of(session, lambda: profiles.reveal_phone(session, keys, manager, command))

    assert refused.code == code


def test_what_is_stored_of_a_phone_cannot_be_read(
    session: Session, register: Callable[..., Member]
) -> None:
    register()

    row = session.execute(text("SELECT * FROM members")).one()
    stored = " ".join(
        bytes(value).decode("latin-1") if isinstance(value, memoryview | bytes) else str(value)
        for value in row
    )

    assert row.last_four == "1234"
    assert "3812341234" not in stored
