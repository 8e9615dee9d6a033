"""Finding members at the counter (M14, M17)."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from services.member import names, profiles, search
from services.member.models import PurchaseFacts
from services.member.phones import Keyring
from shared.contracts.member import FindMembers, Member, UpdateMember
from shared.errors import InvalidInput, Refusal
from shared.seal import Caller, Role, ScopeKind
from shared.service import decode
from tests.services.member.conftest import open_store, registration, staff


@pytest.fixture
def find(session: Session, keys: Keyring) -> Callable[..., list[UUID]]:
    """`find("顾")`: ids of the members found; by default from a store that knows none of them."""
    elsewhere = staff(Role.ASSOCIATE, open_store(session))

    def found(query: str, caller: Caller = elsewhere) -> list[UUID]:
        answer = search.find(session, keys, caller, FindMembers(query=query))
        return [member.id for member in answer.items]

    return found


@pytest.mark.parametrize(
    "query",
    [
        "1234",
        "１２３４",
        "13812341234",
        " +86 138-1234-1234 ",
        "008613812341234",
        "顾",
        "顾客",
        "顾客明",
        " 顾客明 ",
    ],
)
def test_a_member_is_found_from_any_store(
    register: Callable[..., Member], find: Callable[..., list[UUID]], query: str
) -> None:
    member = register()
    register(phone="13912345678", name="访客乙")

    assert find(query) == [member.id]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("shanguke", "单顾客"),
        ("Shan", "单顾客"),
        ("sgk", "单顾客"),
        ("SGK", "单顾客"),
        ("dangu", "单顾客"),  # another reading of the surname
        ("zeng gu", "曾顾客"),
        ("zgk", "曾顾客"),
        ("oygk", "欧阳顾客"),
        ("lvgu", "吕顾客"),
        ("vipw", "VIP 王"),
    ],
)
def test_a_chinese_name_is_found_in_pinyin_and_by_its_initials(
    register: Callable[..., Member], find: Callable[..., list[UUID]], query: str, name: str
) -> None:
    member = register(name=name)
    register(phone="13912345678", name="访客乙")

    assert find(query) == [member.id]


def test_a_name_that_is_spelled_out_comes_before_one_that_only_begins_so(
    register: Callable[..., Member], find: Callable[..., list[UUID]]
) -> None:
    longer = register(phone="13912345670", name="顾客甲")
    latin = register(phone="13912345671", name="Gukeli")
    exact = register(phone="13912345672", name="顾客")

    assert find("guke")[0] == exact.id
    assert set(find("guke")) == {longer.id, latin.id, exact.id}


def test_who_changed_their_name_is_found_by_the_new_one_only(
    session: Session, keys: Keyring, associate: Caller,
    register: Callable[..., Member], find: Callable[..., list[UUID]],
) -> None:  # fmt: skip
    member = register(name="单顾客")
    renamed = UpdateMember(member_id=member.id, version=member.version, name="曾顾客")
    profiles.update_member(session, keys, associate, renamed)

    assert find("zengg") == [member.id]
    assert find("shang") == []


def test_a_name_of_many_readings_is_kept_in_a_few() -> None:
    assert len(names.keys_of("单重" * 15)) <= 2 * names.READINGS_LIMIT
    assert names.keys_of("O'Brien Anne") == set()
    assert names.keys_of("🙂") == set()


def test_a_name_of_characters_and_letters_has_keys_of_both() -> None:
    assert names.keys_of("Amy顾 Li3") == {"amyguli", "agl"}
    assert names.keys_of("顾·") == {"gu", "g"}


@pytest.mark.parametrize("query", ["O'B", "o'brien", "Ｏ'Brien  anne", "O'BRIEN ANNE"])
def test_names_are_found_without_case_and_width(
    register: Callable[..., Member], find: Callable[..., list[UUID]], query: str
) -> None:
    member = register(name="O'Brien Anne")

    assert find(query) == [member.id]


def test_a_card_is_found_as_it_is_scanned_or_typed(
    register: Callable[..., Member], find: Callable[..., list[UUID]]
) -> None:
    member = register()
    code = member.card_code

    assert find(code) == [member.id]
    assert find(f"{code[:5].lower()} {code[5:]}") == [member.id]


@pytest.mark.parametrize(
    "query",
    ["9999", "13912341234", "138123", "小明", "%%", "_小", "顾%", "M00000000K", "顾\U0010ffff"],
)
def test_what_fits_nobody_finds_nobody(
    register: Callable[..., Member], find: Callable[..., list[UUID]], query: str
) -> None:
    register()

    assert find(query) == []


@pytest.mark.parametrize("query", ["1", "12", "123", "１２３", "a", " a ", " ", "é", "*", "👍", ""])
def test_too_little_to_go_by_is_refused(find: Callable[..., list[UUID]], query: str) -> None:
    with pytest.raises(Refusal) as refused:
        find(query)

    assert refused.value.code == "QUERY_TOO_SHORT"


@pytest.mark.parametrize("query", ["x" * 61, "a\x00b", "ab\u202e"])
def test_a_query_that_is_not_as_the_contract_says_is_refused(query: str) -> None:
    with pytest.raises(InvalidInput):
        decode({"query": query}, FindMembers)


def test_national_numbers_are_those_of_the_callers_store(
    session: Session, keys: Keyring, find: Callable[..., list[UUID]]
) -> None:
    hong_kong = open_store(session, time_zone="Asia/Hong_Kong")
    caller = staff(Role.ASSOCIATE, hong_kong)
    command = registration(hong_kong, phone="9123 4567")
    member = profiles.register(session, keys, caller, command)
    chain = Caller(
        kind="client",
        id=member.id,
        roles=frozenset({Role.INTEGRATION}),
        scope_kind=ScopeKind.CHAIN,
    )

    assert find("91234567", caller) == [member.id]
    assert find("91234567", chain) == []
    assert find("+852 91234567", chain) == [member.id]


def test_the_best_come_first_and_no_more_than_twenty(
    session: Session,
    keys: Keyring,
    register: Callable[..., Member],
    find: Callable[..., list[UUID]],
    associate: Caller,
) -> None:
    long = [register(phone=f"1381234{n:04}", name="贵宾乙丙") for n in range(1000, 1021)]
    exact = register(phone="13912340001", name="贵宾乙")
    elsewhere = open_store(session)
    foreign = profiles.register(
        session,
        keys,
        staff(Role.ASSOCIATE, elsewhere),
        registration(elsewhere, phone="13912340002", name="贵宾乙"),
    )
    for member, day in ((foreign, 9), (long[5], 7), (long[9], 8)):
        session.execute(
            insert(PurchaseFacts).values(
                member_id=member.id,
                currency="CNY",
                orders=1,
                spent_minor=100,
                first_on=date(2025, 1, day),
                last_on=date(2025, 1, day),
                last_at=datetime(2025, 1, day, tzinfo=UTC),
                last_store_id=elsewhere,
            )
        )

    here, there = find("贵宾乙", associate), find("贵宾乙")

    assert len(here) == len(there) == 20
    assert here[:4] == [exact.id, foreign.id, long[9].id, long[5].id]
    assert there[:4] == [foreign.id, exact.id, long[9].id, long[5].id]


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("SELECT id FROM members WHERE phone_hash = '\\x00'", "uq_members_phone_hash"),
        ("SELECT id FROM members WHERE card_code = 'M000000000'", "uq_members_card_code"),
        ("SELECT id FROM members WHERE last_four = '1234'", "ix_members_last_four"),
        (
            "SELECT id FROM members WHERE search_name >= '王' AND search_name < '王z'"
            " ORDER BY search_name LIMIT 500",
            "ix_members_search_name",
        ),
        (
            "SELECT member_id FROM name_keys WHERE key >= 'sm' AND key < 'smz'"
            " ORDER BY key LIMIT 500",
            "pk_name_keys",
        ),
    ],
)
def test_every_way_of_searching_has_an_index(session: Session, statement: str, index: str) -> None:
    session.execute(text("SET LOCAL enable_seqscan = off"))
    session.execute(text("SET LOCAL enable_sort = off"))

    plan = "\n".join(session.scalars(text(f"EXPLAIN {statement}")))

    assert index in plan
