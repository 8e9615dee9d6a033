"""Imports meet persons under any of their phones, and under the ids that were merged (M12, M22)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.member import arrivals, cards, links
from services.member.import_rows import Draft, Plan
from services.member.models import Identifier, ImportRun, Profile
from services.member.phones import Keyring
from shared.contracts import Envelope
from shared.contracts.member import Member
from shared.contracts.member.identity import IdentifierInput, LinkIdentifier
from shared.contracts.member.imports import CheckImport, ColumnMapping, OpeningsBroughtIn
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Caller
from tests.services.member.conftest import PHONE, events
from tests.services.member.import_shop import MAPPING, ImportShop, hq, row, totals
from tests.services.member.test_erasures import erased
from tests.services.member.test_exports import taken
from tests.services.member.test_merging import Counter

SECOND = "13900000002"
WITH_CITY = [
    *MAPPING,
    ColumnMapping(column=6, target="city"),
    ColumnMapping(column=7, target="gender"),
]


@pytest.fixture
def shop(session: Session, keys: Keyring, store_id: UUID) -> ImportShop:
    return ImportShop(session, keys, store_id)


@pytest.fixture
def counter(session: Session, keys: Keyring, manager: Caller) -> Counter:
    return Counter(session, keys, manager)


@pytest.fixture
def pair(register: Callable[..., Member], session: Session) -> tuple[Member, Member]:
    """An older member and a younger one with the phone `SECOND`."""
    one, other = register(city=None), register(phone=SECOND, city=None)
    query = text("UPDATE members SET registered_at = registered_at - interval '1 year'"
                 " WHERE id = :id")  # fmt: skip
    session.execute(query, {"id": one.id})
    return one, other


def linked(session: Session, keys: Keyring, manager: Caller, member: Member) -> None:
    given = IdentifierInput(kind="phone", value=SECOND)
    command = LinkIdentifier(id=new_id(), member_id=member.id, identifier=given)
    links.link(session, keys, manager, command)


def openings(session: Session) -> list[tuple[UUID, int]]:
    told = [msgspec.json.decode(each, type=Envelope[OpeningsBroughtIn]).data
            for each in events(session, OpeningsBroughtIn.type)]  # fmt: skip
    return [(item.member_id, item.points) for event in told for item in event.items]


def draft_of(session: Session, keys: Keyring, import_id: UUID) -> tuple[Plan, Draft]:
    """The draft of a row with the phone `SECOND`."""
    asked = session.execute(select(ImportRun.plan).where(ImportRun.id == import_id)).scalar_one()
    plan = Plan(session, keys, hq(), msgspec.convert(asked, CheckImport))
    draft = plan.judge(2, list(row(1, phone=SECOND))).draft
    assert draft is not None
    return plan, draft


def test_m11_the_phone_of_who_arrives_is_an_identifier(
    session: Session, shop: ImportShop, counter: Counter
) -> None:
    shop.brought([row(1), row(2)])

    rows = session.execute(
        select(Identifier.kind, Identifier.verified, Identifier.linked_by, Identifier.last_four)
    ).all()
    assert sorted(map(tuple, rows)) == [
        ("phone", False, shop.caller.id, "0001"),
        ("phone", False, shop.caller.id, "0002"),
    ]
    assert events(session, "member.identifier_linked") == []
    assert len(counter.found("0002")) == 1
    assert counter.differences() == {}


def test_m12_a_second_phone_in_a_file_is_the_member_it_belongs_to(
    session: Session, shop: ImportShop, keys: Keyring, manager: Caller, counter: Counter,
    register: Callable[..., Member],
) -> None:  # fmt: skip
    member = register()
    linked(session, keys, manager, member)

    done = shop.brought([row(1, phone=SECOND, points="50")])

    assert (done.found, done.created) == (1, 0)
    assert openings(session) == [(member.id, 50)]
    assert shop.count("members") == 1
    assert counter.differences() == {}


def test_m12_who_was_merged_is_met_as_the_survivor(
    session: Session, shop: ImportShop, counter: Counter, pair: tuple[Member, Member]
) -> None:
    """M12: two rows for one person: each fills in what the one before has left empty."""
    one, other = pair
    counter.merge(one.id, other.id)
    first, second = row(1, phone=SECOND, points="50"), row(2, phone=PHONE, points="7")
    rows = [[*first, "杭州", ""], [*second, "宁波", "女"]]
    import_id = shop.upload(rows, ["", *"abcdefg"])
    shop.check(import_id, mapping=WITH_CITY, existing="fill", control=totals(57))

    done = shop.run(import_id)

    assert (done.found, done.created, done.filled) == (2, 0, 2)
    assert openings(session) == [(one.id, 50), (one.id, 7)]
    known = counter.member(other.id)
    assert (known.id, known.city) == (one.id, "杭州")
    assert shop.count("members") == 2
    assert counter.differences() == {}


def test_a_phone_that_is_linked_meanwhile_makes_no_second_person(
    session: Session, shop: ImportShop, keys: Keyring, manager: Caller, counter: Counter,
    register: Callable[..., Member],
) -> None:  # fmt: skip
    import_id = shop.upload([row(1, phone=SECOND)])
    shop.check(import_id)
    plan, draft = draft_of(session, keys, import_id)
    member = register()
    linked(session, keys, manager, member)

    created, there = arrivals.create(session, plan, import_id, [draft], {})

    assert created == []
    assert [(hash_, each.id) for hash_, each in there.items()] == [(draft.hash, member.id)]
    assert session.scalars(select(Profile.id)).all() == [member.id]
    assert events(session, "member.registered")[1:] == []
    assert counter.differences() == {}


def test_k37_who_was_merged_and_erased_stays_out_of_a_file_that_waits(
    session: Session, shop: ImportShop, manager: Caller, counter: Counter,
    pair: tuple[Member, Member],
) -> None:  # fmt: skip
    one, other = pair
    counter.merge(one.id, other.id)
    import_id = shop.upload([row(1, phone=SECOND, points="50"), row(2)])
    shop.check(import_id, control=totals(50))
    erased(session, manager, one)

    done = shop.run(import_id)

    assert (done.state, done.created, done.faulty) == ("finished", 1, 1)
    assert shop.faults(import_id) == [(2, "手机", "ROW_ERASED")]
    assert openings(session) == []
    assert counter.differences() == {}


def test_m23_who_was_merged_is_taken_out_once(
    session: Session, keys: Keyring, counter: Counter, pair: tuple[Member, Member]
) -> None:
    one, other = pair
    counter.merge(one.id, other.id)

    rows: list[Any] = taken(session, keys, hq(), columns=["card_code"])

    assert rows == [[one.card_code]]


CARDS = [*MAPPING[:2], ColumnMapping(column=2, target="card_code")]
WITH_CARD = ["姓名", "手机", "卡号"]


def test_a_card_of_a_file_and_a_linked_one_are_the_same_card(
    session: Session, keys: Keyring, manager: Caller, register: Callable[..., Member],
    shop: ImportShop,
) -> None:  # fmt: skip
    member = register()
    card = IdentifierInput(kind="card", value="vip 0042")
    links.link(
        session, keys, manager, LinkIdentifier(id=new_id(), member_id=member.id, identifier=card)
    )
    rows: list[list[str | None]] = [
        ["甲", SECOND, "VIP-0042"],
        ["乙", "13900000003", "V-1234"],
        ["丙", "13900000004", "V1-234"],
        ["顾客明", PHONE, "VIP0042"],
    ]  # fmt: skip

    import_id = shop.upload(rows, WITH_CARD)
    shop.check(import_id, mapping=CARDS)

    assert shop.faults(import_id) == [
        (2, "卡号", "ROW_CARD_TAKEN"), (4, "卡号", "ROW_CARD_TWICE"), (5, "卡号", "ROW_CARD_TWICE"),
    ]  # fmt: skip
    shop.run(import_id)
    brought = IdentifierInput(kind="card", value="v1234")
    with pytest.raises(Refusal, match="IDENTIFIER_TAKEN"):
        links.link(
            session, keys, manager,
            LinkIdentifier(id=new_id(), member_id=member.id, identifier=brought),
        )  # fmt: skip
    with pytest.raises(Refusal, match="IDENTIFIER_TAKEN"):
        register(phone="13900000009", identifiers=[brought])
    # As brought in before cards were identifiers.
    session.execute(text("DELETE FROM identifiers WHERE kind = 'card'"))
    with pytest.raises(Refusal, match="IDENTIFIER_TAKEN"):
        links.link(
            session, keys, manager,
            LinkIdentifier(
                id=new_id(), member_id=member.id,
                identifier=IdentifierInput(kind="card", value="V-1234"),
            ),
        )  # fmt: skip


def test_a_card_that_is_linked_while_its_row_is_on_its_way_gives_way_to_one_of_ours(
    session: Session, keys: Keyring, manager: Caller, register: Callable[..., Member],
    shop: ImportShop,
) -> None:  # fmt: skip
    import_id = shop.upload([["甲", SECOND, "VIP-0042"]], WITH_CARD)
    shop.check(import_id, mapping=CARDS)
    card = IdentifierInput(kind="card", value="VIP0042")
    links.link(
        session, keys, manager,
        LinkIdentifier(id=new_id(), member_id=register().id, identifier=card),
    )  # fmt: skip

    shop.run(import_id)

    (code,) = session.scalars(select(Profile.card_code).where(Profile.name == "甲"))
    assert cards.recognise(code) == code
