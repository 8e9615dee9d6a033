"""Several identifiers for a person, each of one person only (M11, M12)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.member import identifiers, links, profiles, search
from services.member.phones import Keyring
from shared.contracts.member import FindMembers, Member
from shared.contracts.member.identity import (
    IdentifierInput,
    LinkIdentifier,
    ListIdentifiers,
    UnlinkIdentifier,
)
from shared.database import Database
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Caller, Role
from tests.services.member.conftest import contents, events, open_store, registration, staff

UNION = IdentifierInput(kind="union_id", value="oAbC-123_xyz", verified=True)
EMAIL = IdentifierInput(kind="email", value=" Ming@Example.COM ")
CARD = IdentifierInput(kind="card", value="vip 0042-7")
TMALL = IdentifierInput(kind="shop_account", shop="tmall", value="小明爱买衣服")
PHONE = IdentifierInput(kind="phone", value="139 1234 5678")


@pytest.fixture
def link(session: Session, keys: Keyring, associate: Caller) -> Callable[..., Any]:
    def made(member_id: UUID, given: IdentifierInput, id_: UUID | None = None) -> Any:
        command = LinkIdentifier(id=id_ or new_id(), member_id=member_id, identifier=given)
        return links.link(session, keys, associate, command)

    return made


@pytest.mark.parametrize(
    ("given", "query", "shown"),
    [
        (UNION, "oAbC-123_xyz", "****_xyz"),
        (EMAIL, "ming@example.com", "m***@example.com"),
        (CARD, "VIP00427", "****7"),
        (TMALL, "小明爱买衣服", "小***服"),
        (PHONE, "13912345678", "+86 139****5678"),
        (PHONE, "5678", "+86 139****5678"),
    ],
)
def test_m12_a_member_is_found_by_any_identifier(
    session: Session, keys: Keyring, associate: Caller, register: Callable[..., Member],
    link: Callable[..., Any], given: IdentifierInput, query: str, shown: str,
) -> None:  # fmt: skip
    member = register()

    linked = link(member.id, given)

    found = search.find(session, keys, associate, FindMembers(query=query)).items
    assert [each.id for each in found] == [member.id]
    assert (linked.kind, linked.shown, linked.verified) == (given.kind, shown, given.verified)
    told = "".join(events(session, "member.identifier_linked"))
    assert str(linked.id) in told
    assert given.value not in told


def test_managers_see_cards_and_accounts_whole(
    session: Session, keys: Keyring, manager: Caller, register: Callable[..., Member],
    link: Callable[..., Any],
) -> None:  # fmt: skip
    member = register()
    for given in (UNION, EMAIL, CARD, TMALL):
        link(member.id, given)

    command = ListIdentifiers(member_id=member.id)
    shown = links.list_identifiers(session, keys, manager, command).items

    assert sorted(each.shown for each in shown) == sorted(
        ["+86 138****1234", "****_xyz", "m***@example.com", "VIP00427", "小明爱买衣服"]
    )


def test_the_same_link_twice_is_one(
    session: Session, register: Callable[..., Member], link: Callable[..., Any]
) -> None:
    member = register()
    first = link(member.id, EMAIL)

    assert link(member.id, EMAIL, first.id) == first
    assert link(member.id, EMAIL) == first
    proved = link(member.id, IdentifierInput(kind="email", value=EMAIL.value, verified=True))
    assert (proved.id, proved.verified) == (first.id, True)


def test_an_identifier_is_of_one_person(
    session: Session, keys: Keyring, store_id: UUID, associate: Caller,
    register: Callable[..., Member], link: Callable[..., Any],
) -> None:  # fmt: skip
    member, other = register(), register(phone="13900000002")
    link(member.id, TMALL)
    link(member.id, PHONE)
    before = contents(session)

    with pytest.raises(Refusal) as refused:
        link(other.id, TMALL)
    assert refused.value.code == "IDENTIFIER_TAKEN"
    assert refused.value.parameters == {"member_id": member.id}
    registering = registration(store_id, phone=PHONE.value)
    with pytest.raises(Refusal) as refused:
        profiles.register(session, keys, associate, registering)
    assert refused.value.code == "PHONE_TAKEN"
    assert refused.value.parameters == {"member_id": member.id}
    registering = registration(store_id, phone="13900000003", identifiers=[TMALL])
    with pytest.raises(Refusal) as refused:
        profiles.register(session, keys, associate, registering)
    assert refused.value.code == "IDENTIFIER_TAKEN"
    assert contents(session) == before
    elsewhere = IdentifierInput(kind="shop_account", shop="jd", value=TMALL.value)
    assert link(other.id, elsewhere).member_id == other.id


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (IdentifierInput(kind="email", value="ming at example"), "INVALID_IDENTIFIER"),
        (IdentifierInput(kind="union_id", value="o b"), "INVALID_IDENTIFIER"),
        (IdentifierInput(kind="shop_account", value="x"), "INVALID_IDENTIFIER"),
        (IdentifierInput(kind="card", value="1234567", shop="jd"), "INVALID_IDENTIFIER"),
        (IdentifierInput(kind="phone", value="12"), "INVALID_PHONE"),
    ],
)
def test_what_is_no_identifier_is_refused(
    session: Session, register: Callable[..., Member], link: Callable[..., Any],
    given: IdentifierInput, code: str,
) -> None:  # fmt: skip
    member = register()
    before = contents(session)

    with pytest.raises(Refusal, match=code):
        link(member.id, given)

    assert contents(session) == before


def test_the_last_phone_stays_and_another_takes_the_place_of_the_first(
    session: Session, keys: Keyring, manager: Caller, register: Callable[..., Member],
    link: Callable[..., Any],
) -> None:  # fmt: skip
    member = register()
    link(member.id, EMAIL)
    command = ListIdentifiers(member_id=member.id)
    own = links.list_identifiers(session, keys, manager, command).items[0]
    taking_off = UnlinkIdentifier(member_id=member.id, identifier_id=own.id, reason="换号了")

    with pytest.raises(Refusal, match="LAST_IDENTIFIER"):
        links.unlink(session, keys, manager, taking_off)
    link(member.id, PHONE)
    left = links.unlink(session, keys, manager, taking_off).items

    assert sorted(each.kind for each in left) == ["email", "phone"]
    shown = search.find(session, keys, manager, FindMembers(query="13912345678")).items[0]
    assert shown.phone_masked == "+86 139****5678"
    assert search.find(session, keys, manager, FindMembers(query="13812341234")).items == []
    with pytest.raises(Refusal, match="UNKNOWN_IDENTIFIER"):
        links.unlink(session, keys, manager, taking_off)


@pytest.mark.long
def test_two_who_claim_the_same_at_once_are_one(
    own_database: Callable[..., Database], keys: Keyring
) -> None:
    database = own_database("member", connections=20)
    with database.transaction() as session:
        store_id = open_store(session)
    caller = staff(Role.ASSOCIATE, store_id)

    def claim(number: int) -> str:
        command = registration(store_id, phone=f"1390000{number:04d}", identifiers=[UNION])
        try:
            with database.transaction() as session:
                profiles.register(session, keys, caller, command)
        except Refusal as refusal:
            return refusal.code
        return "registered"

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(claim, range(8)))

    assert answers == ["IDENTIFIER_TAKEN"] * 7 + ["registered"]
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM members")) == 1
        assert identifiers.identified(
            session, list(session.scalars(text("SELECT id FROM members")))
        )
