"""Imports and erasure: nobody comes back from a file that was checked before (K37, M22)."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.member import erasures, import_work
from services.member.audit import CHECKS
from services.member.models import Profile
from services.member.phones import Keyring
from shared.contracts import Envelope
from shared.contracts.loyalty.erasure import ErasureSettled
from shared.contracts.loyalty.openings import OpeningsBooked
from shared.contracts.member import Member, MemberTagged
from shared.contracts.member.erasure import ConfirmErasure, Erasure, RequestErasure
from shared.contracts.member.imports import ColumnMapping, OpeningsBroughtIn
from shared.ids import new_id
from shared.seal import Caller
from tests.services.member.conftest import events
from tests.services.member.import_shop import MAPPING, ImportShop, hq, row, totals

PHONE = "13800000001"
NOW = datetime(2031, 5, 1, 8, tzinfo=UTC)


@pytest.fixture
def shop(session: Session, keys: Keyring, store_id: UUID) -> ImportShop:
    return ImportShop(session, keys, store_id)


def confirmed(session: Session, manager: Caller, member: Member) -> Erasure:
    """Two people want a person erased; order and loyalty have not answered yet."""
    command = RequestErasure(id=new_id(), member_id=member.id, reason="asked_by_member")
    erasure = erasures.request(session, manager, command, NOW)
    return erasures.confirm(session, hq(), ConfirmErasure(id=erasure.id), NOW)


def erased(session: Session, manager: Caller, member: Member) -> None:
    erasure = confirmed(session, manager, member)
    event = ErasureSettled(erasure_id=erasure.id, member_id=member.id, refusal=None)
    erasures.on_erasure_settled(session, [told(event)])


def told(event: ErasureSettled | OpeningsBooked) -> Envelope:
    return Envelope(
        id=new_id(),
        source="chainstitch/loyalty",
        type=event.type,
        subject="x",
        sequence=1,
        time=NOW,
        data=event,
    )


def registered(session: Session) -> int:
    return len(session.scalars(select(Profile.id).where(Profile.erased_at.is_(None))).all())


def differences(session: Session) -> list[str]:
    return [name for name, check in CHECKS.items() if session.execute(text(check)).all()]


def test_k37_who_is_erased_while_a_file_waits_stays_out_with_the_balances(
    session: Session, shop: ImportShop, register: Callable[..., Member], manager: Caller
) -> None:
    member = register(phone=PHONE)
    rows = [row(1, phone=PHONE, points="50"), row(2, points="30", principal="1.50")]
    import_id = shop.upload(rows)
    shop.check(import_id, control=totals(80, 150))
    erased(session, manager, member)

    shop.run(import_id)

    assert shop.faults(import_id) == [(2, "手机", "ROW_ERASED")]
    shown = shop.get(import_id)
    assert (shown.created, shown.found, shown.faulty) == (1, 1, 1)
    assert (shown.in_file, shown.left_out) == (totals(30, 150), totals(50))
    (envelope,) = events(session, OpeningsBroughtIn.type)
    items = msgspec.json.decode(envelope, type=Envelope[OpeningsBroughtIn]).data.items
    assert [(item.row, item.points, item.principal_minor) for item in items] == [(3, 30, 150)]
    booked = OpeningsBooked(
        import_id=import_id, rows=1, points=30, principal_minor=150, bonus_minor=0
    )
    import_work.on_openings_booked(session, [told(booked)])
    assert shop.get(import_id).state == "finished"
    assert registered(session) == 1
    assert differences(session) == []


def test_k37_another_dry_run_does_not_forget_who_was_erased(
    session: Session, shop: ImportShop, register: Callable[..., Member], manager: Caller
) -> None:
    member = register(phone=PHONE)
    import_id = shop.upload([row(1, phone=PHONE), row(2)])
    shop.check(import_id)
    erased(session, manager, member)

    checked = shop.check(import_id)

    assert (checked.faulty, checked.found) == (1, 0)
    assert shop.faults(import_id) == [(2, "手机", "ROW_ERASED")]
    assert shop.run(import_id).created == 1
    assert differences(session) == []


def test_who_is_being_erased_gets_no_balances_any_more(
    session: Session, shop: ImportShop, register: Callable[..., Member], manager: Caller
) -> None:
    import_id = shop.upload([row(1, phone=PHONE, points="50")])
    member = register(phone=PHONE, city=None)
    shop.check(import_id, control=totals(50), existing="fill")
    confirmed(session, manager, member)

    done = shop.run(import_id)

    assert (done.state, done.created, done.filled) == ("finished", 0, 0)
    assert shop.faults(import_id) == [(2, "手机", "ROW_ERASED")]
    assert events(session, OpeningsBroughtIn.type) == []
    assert differences(session) == []


def test_a_file_that_comes_later_registers_a_freed_phone_anew(
    session: Session, shop: ImportShop, register: Callable[..., Member], manager: Caller
) -> None:
    member = register(phone=PHONE)
    erased(session, manager, member)

    done = shop.brought([row(1, phone=PHONE)])

    assert (done.state, done.found, done.created) == ("finished", 0, 1)
    (known,) = session.execute(select(Profile).where(Profile.erased_at.is_(None))).scalars()
    assert known.id != member.id
    assert differences(session) == []


def test_what_is_filled_in_tells_the_tags_by_rule_too(
    session: Session, shop: ImportShop, register: Callable[..., Member]
) -> None:
    member = register(phone=PHONE)
    session.execute(text("UPDATE members SET rule_tags = '{常客}'"))
    tagged = [*MAPPING, ColumnMapping(column=6, target="tags")]
    import_id = shop.upload([[*row(1, phone=PHONE), "意见领袖"]], ["", *"abcdef"])
    shop.check(import_id, mapping=tagged, existing="fill")

    shop.run(import_id)

    (envelope,) = events(session, MemberTagged.type)
    event = msgspec.json.decode(envelope, type=Envelope[MemberTagged]).data
    assert (event.member_id, event.tags) == (member.id, ["常客", "意见领袖"])
