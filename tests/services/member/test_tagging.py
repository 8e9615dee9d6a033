"""Tags by rule: kept from what changes, by the rules that ask for it, for the members concerned."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from services.member import consents, profiles, search, tag_rules, tagging, tags, timeline
from services.member.phones import Keyring
from shared.contracts.member import (
    FindMembers,
    Member,
    RecordContact,
    TagMember,
    UpdateMember,
)
from shared.contracts.member.consents import Consent
from shared.contracts.member.fields import NumberField
from shared.contracts.member.tag_rules import ListTagRules
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Caller
from tests.services.member import field_shop
from tests.services.member.conftest import contents, events
from tests.services.member.tag_shop import (
    VIP,
    end,
    publish,
    ruled,
    sell,
    settle,
    tier,
    void,
    why,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def statements(service_engine: Callable[[str], Engine]) -> Iterator[list[str]]:
    seen: list[str] = []

    def hear(_c: Any, _k: Any, statement: str, _p: Any, _x: Any, _m: Any) -> None:
        seen.append(statement)

    engine = service_engine("member")
    event.listen(engine, "before_cursor_execute", hear)
    yield seen
    event.remove(engine, "before_cursor_execute", hear)


def test_m10_a_sale_brings_a_tag_and_its_void_takes_it(
    session: Session, register: Callable[..., Member]
) -> None:
    member = register()
    publish(session, "spent >= 500000")
    settle(session)
    assert ruled(session, member.id) == []

    sale = sell(session, member.id, 500_000)
    settle(session)
    assert ruled(session, member.id) == [VIP]

    void(session, sale)
    settle(session)
    assert ruled(session, member.id) == []
    told = [msgspec.json.decode(each) for each in events(session, "member.tags_revised")]
    assert [each["data"]["tags"] for each in told] == [[VIP], []]
    assert [each["sequence"] for each in told] == [2, 3]
    assert [each["data"]["version"] for each in told] == [2, 3]
    history = why(session, member.id).history
    assert [(each.given, each.version, each.cause) for each in history] == [
        (False, 1, "change"),
        (True, 1, "change"),
    ]


def test_k31_only_members_who_changed_are_judged_and_only_by_rules_that_ask(
    session: Session,
    keys: Keyring,
    register: Callable[..., Member],
    associate: Caller,
    statements: list[str],
) -> None:
    first, second = register(), register(phone="13900000001")
    publish(session, "spent >= 100", "buyer")
    publish(session, 'city = "上海"', "shanghai")
    settle(session)
    sell(session, first.id, 1_000)
    statements.clear()

    settle(session)

    read = [each for each in statements if "m.home_store_id" in each]
    assert len(read) == 1
    assert "p_purchases" in read[0]
    assert "p_profile" not in read[0]
    assert (ruled(session, first.id), ruled(session, second.id)) == (["buyer"], [])
    change = UpdateMember(member_id=second.id, version=1, city="上海")
    profiles.update_member(session, keys, associate, change)
    settle(session)
    assert (ruled(session, first.id), ruled(session, second.id)) == (["buyer"], ["shanghai"])


def test_k32_a_new_member_is_judged_at_once_and_not_by_a_sweep(
    session: Session, register: Callable[..., Member], statements: list[str]
) -> None:
    publish(session, 'source = "store" and consent.membership', "newcomer")
    settle(session)
    statements.clear()

    member = register()

    assert settle(session) == 1
    assert ruled(session, member.id) == ["newcomer"]
    assert not any("FROM members WHERE CAST(:after" in each for each in statements)


def test_every_fact_reaches_the_rules_that_ask_for_it(
    session: Session,
    keys: Keyring,
    register: Callable[..., Member],
    associate: Caller,
    store_id: UUID,
) -> None:
    field_shop.publish(session, field_shop.field("waist", NumberField()))
    member = register()
    conditions = {
        "field": "field.waist > 70", "contact": "last_visit_on within 7 days",
        "tier": 'tier = "gold"', "hand": 'tags has "friend"', "marketing": "consent.marketing.sms",
        "size": 'size.top = "M"', "mine": "has_associate",
        "category": 'categories has "dresses"', "favourite": 'favourite_category = "dresses"',
        "often": "orders_in(30) >= 2", "average": "average = 1500",
        "recent": "registered_on within 1 days", "quiet": "not last_contact_on within 30 days",
    }  # fmt: skip
    for tag, condition in conditions.items():
        publish(session, condition, tag)
    settle(session)
    assert ruled(session, member.id) == ["mine", "quiet", "recent"]

    def agree(granted: bool) -> None:
        said = Consent(purpose="marketing", channel="sms", notice_version="1", granted=granted)
        consents.record(session, associate, member.id, store_id, [said])

    change = UpdateMember(
        member_id=member.id, version=1, sizes={"top": "M"}, fields={"waist": "71"}
    )  # fmt: skip
    profiles.update_member(session, keys, associate, change)
    agree(granted=True)
    tags.tag(session, keys, associate, TagMember(member_id=member.id, add=["friend"]))
    contact = RecordContact(id=new_id(), member_id=member.id, store_id=store_id, kind="visit")
    timeline.record_contact(session, keys, associate, contact)
    tier(session, member.id, "gold", 1)
    sell(session, member.id, 1_000)
    sell(session, member.id, 2_000, days_ago=29)
    settle(session)
    assert ruled(session, member.id) == sorted(set(conditions) - {"quiet"})

    tags.tag(session, keys, associate, TagMember(member_id=member.id, remove=["friend"]))
    agree(granted=False)
    tier(session, member.id, None, 2)
    settle(session)
    gone = {"quiet", "hand", "marketing", "tier"}
    assert ruled(session, member.id) == sorted(set(conditions) - gone)


def test_k31_time_alone_is_worked_off_when_it_is_due(
    session: Session, register: Callable[..., Member], statements: list[str]
) -> None:
    member, other = register(), register(phone="13900000001")
    publish(session, "days_since(last_purchase_on) >= 90", "asleep")
    publish(session, "spent_in(30) >= 1000", "lively")
    sell(session, member.id, 1_000)
    settle(session)
    assert ruled(session, member.id) == ["lively"]
    bought = datetime.now(UTC).astimezone(SHANGHAI).date()

    def at(days: int, seconds: int = 0) -> datetime:
        """So many days after the purchase, at the beginning of the day in Shanghai."""
        midnight = datetime(bought.year, bought.month, bought.day, tzinfo=SHANGHAI)
        return (midnight + timedelta(days=days, seconds=seconds)).astimezone(UTC)

    settle(session, at(30, -1))
    assert ruled(session, member.id) == ["lively"]
    statements.clear()
    settle(session, at(29))
    assert not any("m.home_store_id" in each for each in statements)
    settle(session, at(30))
    assert ruled(session, member.id) == []
    settle(session, at(90, -1))
    assert ruled(session, member.id) == []
    settle(session, at(90))
    assert (ruled(session, member.id), ruled(session, other.id)) == (["asleep"], [])
    assert why(session, member.id, "asleep").history[0].cause == "time"
    due = text("SELECT tag FROM tag_dues WHERE member_id = :id AND due_at < '2100-01-01'")
    assert session.scalars(due, {"id": member.id}).all() == [
        "asleep"
    ]  # the 91st day changes nothing


def test_m9_a_tag_by_hand_and_one_by_rule_stand_beside_each_other(
    session: Session, keys: Keyring, register: Callable[..., Member], associate: Caller
) -> None:
    member = register()
    by_hand = TagMember(member_id=member.id, add=[VIP])
    tags.tag(session, keys, associate, by_hand)
    publish(session, "spent >= 100")
    sale = sell(session, member.id, 100)
    settle(session)

    off = tags.tag(session, keys, associate, TagMember(member_id=member.id, remove=[VIP]))
    assert (off.tags, off.tags_by_rule) == ([VIP], [VIP])
    before = contents(session)
    with pytest.raises(Refusal) as refused:
        tags.tag(session, keys, associate, TagMember(member_id=member.id, remove=[VIP]))
    assert (refused.value.code, refused.value.parameters) == ("TAG_BY_RULE", {"tag": VIP})
    assert contents(session) == before

    on = tags.tag(session, keys, associate, by_hand)
    assert (on.tags, on.tags_by_rule) == ([VIP], [VIP])
    void(session, sale)
    settle(session)
    standing = why(session, member.id)
    assert (standing.by_hand, standing.by_rule) == (True, False)
    told = [msgspec.json.decode(each) for each in events(session, "member.tagged")]
    assert [each["data"]["tags"] for each in told] == [[VIP], [VIP], [VIP]]
    versions = [each["data"]["version"] for each in told]
    assert versions == sorted(set(versions))


def test_members_are_found_by_tag(
    session: Session, keys: Keyring, register: Callable[..., Member], associate: Caller
) -> None:
    first, second = register(name="王一"), register(phone="13900000001", name="王二")
    register(phone="13900000002", name="王三")
    tags.tag(session, keys, associate, TagMember(member_id=first.id, add=[VIP]))
    publish(session, "spent > 0")
    sell(session, second.id, 100)
    settle(session)

    def found(**asked: Any) -> list[UUID]:
        answer = search.find(session, keys, associate, FindMembers(**asked))
        return [each.id for each in answer.items]

    assert found(tag=VIP) == [second.id, first.id]
    assert found(tag=VIP, query="王一") == [first.id]
    assert found(tag="unknown") == []
    with pytest.raises(Refusal, match="QUERY_TOO_SHORT"):
        found()


def test_a_new_version_is_judged_in_batches_that_go_on_where_they_stopped(
    session: Session, register: Callable[..., Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    members = [register(phone=f"1390000000{n}") for n in range(5)]
    for number, member in enumerate(members):
        sell(session, member.id, 100 * number + 100)
    settle(session)
    monkeypatch.setattr(tagging, "LIMIT", 2)
    publish(session, "spent >= 300")
    now = datetime.now(UTC) + timedelta(minutes=10)

    assert tagging.step(session, now)
    run = tag_rules.list_rules(session, field_shop.hq(), ListTagRules()).items[0].run
    assert (run.state, run.members, run.looked_at, run.given) == ("running", 5, 2, 0)
    settle(session, now)
    run = tag_rules.list_rules(session, field_shop.hq(), ListTagRules()).items[0].run
    assert (run.state, run.looked_at, run.matched, run.given) == ("done", 5, 3, 3)
    assert [len(ruled(session, member.id)) for member in members] == [0, 0, 1, 1, 1]

    publish(session, "spent <= 300", version=1)
    settle(session, now)
    assert [len(ruled(session, member.id)) for member in members] == [1, 1, 1, 0, 0]
    standing = why(session, members[2].id)
    assert standing.version == 2
    assert [each.version for each in standing.history] == [1]

    end(session, 2)
    settle(session, now)
    assert [ruled(session, member.id) for member in members] == [[]] * 5
