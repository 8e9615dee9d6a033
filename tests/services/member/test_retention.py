"""What is personal is kept as long as the rule says, and no longer (PIPL 19)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.member import privacy_rules, retention, retention_rules, timeline
from services.member.audit import CHECKS
from services.member.phones import Keyring
from shared.contracts.member import Member, RecordContact
from shared.contracts.member.privacy import PublishPrivacyRule
from shared.contracts.member.retention import (
    ExplainRetention,
    GetRetentionRun,
    PreviewRetention,
    Retention,
    RetentionItem,
    RetentionRule,
    RetentionRun,
)
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from shared.seal import Caller
from tests.services.member.conftest import contents, events
from tests.services.member.field_shop import field, hq, publish
from tests.services.member.tag_shop import sell

REGISTERED = datetime(2031, 1, 31, 8, tzinfo=UTC)
Item = tuple[str, int, str]


def rule_of(*items: Item) -> RetentionRule:
    named = [{"subject": s, "months": m, "after": after} for s, m, after in items]
    return msgspec.convert({"type": "retention", "items": named}, RetentionRule)


def published(session: Session, *items: Item) -> None:
    command = PublishPrivacyRule(id=new_id(), body=rule_of(*items))
    privacy_rules.publish(session, hq(), command, REGISTERED)


def ran(session: Session, now: datetime, limit: int = 500) -> int:
    """Steps until nothing is left to do."""
    steps = 0
    while retention.step(session, now, limit):
        steps += 1
    return steps


def explained(session: Session, member: Member) -> Retention:
    return retention.explain(session, ExplainRetention(member_id=member.id))


def column(session: Session, member: Member, name: str) -> Any:
    return session.scalar(text(f"SELECT {name} FROM members WHERE id = :id"), {"id": member.id})


@pytest.fixture
def known(
    session: Session, keys: Keyring, register: Callable[..., Member], associate: Caller
) -> Callable[..., Member]:
    """`known(phone=…)`: somebody registered on 31 January 2031, with a note of that day."""

    def made(**given: Any) -> Member:
        member: Member = register(
            **{"city": "苏州", "sizes": {"top": "M"}, "style": "学院"} | given
        )
        note = RecordContact(
            id=new_id(), member_id=member.id, store_id=member.home_store_id, kind="note",
            text="喜欢蓝色",
        )  # fmt: skip
        timeline.record_contact(session, keys, associate, note)
        session.execute(text("ALTER TABLE happenings DISABLE TRIGGER USER"))
        for table, moment in (("members", "registered_at"), ("happenings", "at")):
            key = "id" if table == "members" else "member_id"
            moved = text(f"UPDATE {table} SET {moment} = :at WHERE {key} = :id")
            session.execute(moved, {"at": REGISTERED, "id": member.id})
        session.execute(text("ALTER TABLE happenings ENABLE TRIGGER USER"))
        return member

    return made


def notes(session: Session, member: Member) -> list[str | None]:
    query = "SELECT text FROM happenings WHERE member_id = :id AND kind = 'note'"
    return list(session.scalars(text(query), {"id": member.id}))


@pytest.mark.parametrize(
    ("months", "start", "due"),
    [
        (1, datetime(2031, 1, 31, 8, tzinfo=UTC), datetime(2031, 2, 28, 8, tzinfo=UTC)),
        (13, datetime(2031, 1, 31, tzinfo=UTC), datetime(2032, 2, 29, tzinfo=UTC)),
        (12, datetime(2031, 12, 1, tzinfo=UTC), datetime(2032, 12, 1, tzinfo=UTC)),
    ],
)
def test_a_month_ends_where_the_calendar_says(months: int, start: datetime, due: datetime) -> None:
    item = RetentionItem(subject="city", months=months)

    assert retention_rules.due_at(item, start) == due


def test_each_goes_when_its_time_is_over_and_not_before(
    session: Session, known: Callable[..., Member]
) -> None:
    member = known()
    published(session, ("notes", 6, "creation"), ("city", 12, "last_contact"),
              ("body", 12, "creation"))  # fmt: skip
    half, year = datetime(2031, 7, 31, 8, tzinfo=UTC), datetime(2032, 1, 31, 8, tzinfo=UTC)

    ran(session, half - timedelta(seconds=1))
    assert (notes(session, member), column(session, member, "city")) == (["喜欢蓝色"], "苏州")
    ran(session, half + timedelta(days=1))
    assert (notes(session, member), column(session, member, "city")) == ([None], "苏州")
    ran(session, year + timedelta(days=1))

    assert column(session, member, "city") is None
    assert column(session, member, "sizes") == {}
    assert column(session, member, "style") == "学院"
    why = explained(session, member)
    assert [(each.subject, each.version, each.since) for each in why.removed] == [
        ("body", 1, REGISTERED), ("city", 1, REGISTERED), ("notes", 1, REGISTERED),
    ]  # fmt: skip
    (event,) = events(session, "member.updated")
    assert '"fields":["body","city"]' in event
    assert [name for name, check in CHECKS.items() if session.execute(text(check)).all()] == []


def test_a_purchase_counts_from_anew(session: Session, known: Callable[..., Member]) -> None:
    member, other = known(), known(phone="13611112222")
    published(session, ("city", 12, "last_purchase"))
    sell(session, member.id, 10_000)  # today, whatever day that is
    bought = session.scalar(text("SELECT max(last_at) FROM purchase_facts"))
    assert bought is not None
    session.execute(text("UPDATE members SET registered_at = :at"), {"at": bought - timedelta(900)})

    ran(session, bought + timedelta(days=300))

    assert column(session, member, "city") == "苏州"
    assert column(session, other, "city") is None
    (later,) = explained(session, member).later
    assert (later.since, later.after) == (bought, "last_purchase")


def test_a_field_of_hq_goes_and_is_not_found_by_any_more(
    session: Session, known: Callable[..., Member]
) -> None:
    publish(session, field("hobby", searchable=True))
    publish(session, field("school"))
    member = known(fields={"hobby": "集邮", "school": "一中"})
    published(session, ("fields.hobby", 1, "creation"))

    ran(session, REGISTERED + timedelta(days=60))

    assert list(column(session, member, "fields")) == ["school"]
    assert len(column(session, member, "found_by")) == 1


def test_withdrawn_consent_starts_the_time_and_given_consent_stops_it(
    session: Session, known: Callable[..., Member], associate: Caller
) -> None:
    member = known()
    published(session, ("city", 1, "withdrawal"))
    assert explained(session, member).later[0].due_at is None

    consent = (
        "INSERT INTO consents (member_id, purpose, channel, notice_version, granted, recorded_by,"
        " recorded_by_kind, recorded_at) VALUES (:id, 'marketing', 'sms', '1', false, :id, 'staff',"
        " :at)"
    )
    session.execute(text(consent), {"id": member.id, "at": REGISTERED})
    ran(session, REGISTERED + timedelta(days=27))
    assert column(session, member, "city") == "苏州"
    ran(session, REGISTERED + timedelta(days=29))
    assert column(session, member, "city") is None


def test_a_run_that_breaks_off_goes_on_and_counts_nobody_twice(
    session: Session, known: Callable[..., Member]
) -> None:
    members = [known(phone=f"1361111222{number}") for number in range(5)]
    published(session, ("city", 1, "creation"))
    now = REGISTERED + timedelta(days=60)
    assert retention.step(session, now, 2)  # begins
    assert retention.step(session, now, 2)
    broken_off = session.begin_nested()
    assert retention.step(session, now, 2)
    broken_off.rollback()

    ran(session, now, 2)
    ran(session, now + timedelta(hours=23), 2)

    (event,) = events(session, "member.retention_ran")
    assert '"counts":{"city":5},' in event.replace("}}", "},")
    assert all(len(explained(session, each).removed) == 1 for each in members)
    assert len(events(session, "member.updated")) == 5
    ran(session, now + timedelta(hours=24), 2)  # the next day there is nothing left
    assert session.scalar(text("SELECT count(*) FROM retention_removals")) == 5
    check = text(CHECKS["a run of the rule of retention took away what it counted"])
    assert session.execute(check).all() == []
    wrong = """UPDATE retention_runs SET counts = '{"city": 6}' WHERE counts <> '{}'"""
    session.execute(text(wrong))
    assert [(each.subject, each.counted, each.members) for each in session.execute(check)] == [
        ("city", "6", 5),
    ]  # fmt: skip
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text("DELETE FROM retention_removals"))


def test_a_preview_counts_and_changes_nothing(
    session: Session, known: Callable[..., Member]
) -> None:
    known()
    known(phone="13611112222", city=None)
    before = contents(session)
    rule = rule_of(
        ("city", 1, "creation"), ("notes", 1, "creation"), ("person", 60, "last_contact")
    )
    command = PreviewRetention(id=new_id(), rule=rule)
    now = REGISTERED + timedelta(days=60)

    first = retention.preview(session, hq(), command, now)
    assert retention.preview(session, hq(), command, now) == first
    ran(session, now)

    found: RetentionRun = retention.get_run(session, GetRetentionRun(id=command.id))
    assert (found.state, found.looked_at, found.members) == ("done", 2, 2)
    assert found.counts == {"city": 1, "notes": 2}
    assert contents(session) == before
    other = PreviewRetention(id=command.id, rule=rule_of(("city", 2, "creation")))
    with pytest.raises(Refusal, match="RETENTION_RUN_ID_TAKEN"):
        retention.preview(session, hq(), other, now)


def test_after_years_an_erasure_is_asked_for_once_and_may_be_refused(
    session: Session, known: Callable[..., Member]
) -> None:
    member = known()
    published(session, ("person", 60, "last_contact"))
    due = datetime(2036, 1, 31, 8, tzinfo=UTC)

    ran(session, due - timedelta(days=1))
    assert session.scalar(text("SELECT count(*) FROM erasures")) == 0
    ran(session, due + timedelta(days=1))
    session.execute(text("UPDATE erasures SET status = 'withdrawn', ended_at = now()"))
    ran(session, due + timedelta(days=3))

    asked = session.execute(text("SELECT member_id, reason FROM erasures")).all()
    assert [tuple(each) for each in asked] == [(member.id, "retention")]
    assert len(events(session, "member.erasure_requested")) == 1


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ([("city", 1, "creation"), ("city", 2, "creation")], "RETENTION_TWICE"),
        ([("fields.nothing", 1, "creation")], "RETENTION_UNKNOWN_FIELD"),
        ([("person", 59, "last_purchase")], "RETENTION_TOO_SHORT"),
        ([("person", 600, "creation")], "RETENTION_TOO_SHORT"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(
    session: Session, items: list[Item], code: str
) -> None:
    before = contents(session)

    with pytest.raises(Refusal, match=code):
        published(session, *items)
    command = PreviewRetention(id=new_id(), rule=rule_of(*items))
    with pytest.raises(Refusal, match=code):
        retention.preview(session, hq(), command, REGISTERED)

    assert contents(session) == before
    assert session.scalar(text("SELECT count(*) FROM privacy_rules")) == 0


def test_only_hq_looks_ahead(session: Session, manager: Caller) -> None:
    command = PreviewRetention(id=new_id(), rule=rule_of())
    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        retention.preview(session, manager, command, REGISTERED)
    with pytest.raises(Refusal, match="UNKNOWN_MEMBER"):
        retention.explain(session, ExplainRetention(member_id=UUID(int=7)))
    with pytest.raises(Refusal, match="UNKNOWN_RETENTION_RUN"):
        retention.get_run(session, GetRetentionRun(id=UUID(int=7)))
