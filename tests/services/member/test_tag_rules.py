"""Rules of tags as HQ defines them: published, previewed, cancelled, ended; why, and exemptions."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.member import profiles, tag_reasons, tag_rules, tagging
from services.member.phones import Keyring
from services.member.tag_audit import CHECKS
from shared.contracts.member import Member, UpdateMember
from shared.contracts.member.fields import NumberField
from shared.contracts.member.tag_rules import (
    CancelTagRun,
    EndTagRule,
    ExemptMember,
    ExplainTag,
    GetTagRun,
    ListTagRules,
    PreviewTagRule,
    PublishTagRule,
    TagRun,
)
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from shared.seal import Caller, Role
from tests.services.member import field_shop
from tests.services.member.conftest import contents, events
from tests.services.member.field_shop import hq
from tests.services.member.tag_shop import (
    SHANGHAI,
    VIP,
    differences,
    end,
    publish,
    rule,
    ruled,
    sell,
    settle,
    why,
)

TABLES = ("tag_rule_versions", "tag_runs", "rule_tags", "tag_history", "tag_exemptions")


def everything(session: Session) -> list[Any]:
    """What a refusal must leave as it was."""
    kept = [session.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2")).all() for name in TABLES]
    return contents(session) + kept


def refused(session: Session, call: Callable[[], Any]) -> Refusal:
    before = everything(session)
    with pytest.raises(Refusal) as caught:
        call()
    assert everything(session) == before
    return caught.value


def run(session: Session, id_: Any) -> TagRun:
    return tag_rules.get_run(session, hq(), GetTagRun(id=id_))


def test_a_rule_is_published_by_version_and_the_same_again_changes_nothing(
    session: Session,
) -> None:
    command = PublishTagRule(id=new_id(), rule=rule("spent >= 500000 and age > 18"))
    first = tag_rules.publish(session, hq(), command)
    before = everything(session)

    assert tag_rules.publish(session, hq(), command) == first
    assert everything(session) == before
    assert (first.version, first.reads, first.ended) == (1, ["age", "spent"], False)
    second = publish(session, "spent >= 600000", version=1)
    third = end(session, 2)
    assert (second.version, third.version, third.ended) == (2, 3, True)
    shown = tag_rules.list_rules(session, hq(), ListTagRules(history=True)).items
    assert [each.version for each in shown] == [3, 2, 1]
    assert len(tag_rules.list_rules(session, hq(), ListTagRules()).items) == 1
    assert len(events(session, "member.tag_rule_published")) == 3
    for change in ("UPDATE tag_rule_versions SET version = 9", "TRUNCATE tag_history"):
        with pytest.raises(IntegrityError, match="append-only"), session.begin_nested():
            session.execute(text(change))


def test_what_is_refused_changes_nothing(session: Session, manager: Caller) -> None:
    made = publish(session, "spent > 1")
    taken = PublishTagRule(id=made.id, rule=rule("spent > 2"))
    lost = PublishTagRule(id=new_id(), rule=rule("spent > 2"))
    bad = PublishTagRule(id=new_id(), rule=rule("spent > 'x'", "other"))
    unknown = EndTagRule(id=new_id(), version=1, tag="unknown")
    late = EndTagRule(id=new_id(), version=2, tag=VIP)

    codes = [
        refused(session, lambda c=command: tag_rules.publish(session, hq(), c))
        for command in (taken, lost, bad)
    ] + [
        refused(session, lambda c=command: tag_rules.end(session, hq(), c))
        for command in (unknown, late)
    ]

    assert [each.code for each in codes] == [
        "TAG_RULE_ID_TAKEN", "TAG_RULE_CHANGED", "CONDITION_INVALID", "UNKNOWN_TAG_RULE",
        "TAG_RULE_CHANGED",
    ]  # fmt: skip
    assert codes[2].parameters == {
        "position": 9, "reason_zh": "应为数字", "reason_en": "a number is expected"
    }  # fmt: skip
    draft = PreviewTagRule(id=made.id, rule=rule("spent > 1"))
    of_another = refused(session, lambda: tag_rules.preview(session, hq(), draft))
    assert of_another.code == "TAG_RULE_ID_TAKEN"
    with pytest.raises(Forbidden):
        tag_rules.publish(session, manager, lost)


def test_there_are_at_most_fifty_rules(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tag_rules, "RULES_LIMIT", 2)
    publish(session, "spent > 1", "one")
    publish(session, "spent > 1", "two")
    more = PublishTagRule(id=new_id(), rule=rule("spent > 1", "three"))

    assert refused(session, lambda: tag_rules.publish(session, hq(), more)).code == (
        "TOO_MANY_TAG_RULES"
    )
    end(session, 1, "one")
    assert tag_rules.publish(session, hq(), more).version == 1


def test_a_rule_may_be_of_a_later_day(session: Session, register: Callable[..., Member]) -> None:
    member = register()
    sell(session, member.id, 1_000)
    soon = datetime.now(UTC) + timedelta(days=3)
    publish(session, "spent > 1", valid_from=soon)

    settle(session, soon - timedelta(seconds=1))
    assert ruled(session, member.id) == []
    settle(session, soon)
    assert ruled(session, member.id) == [VIP]


def test_k31_a_preview_counts_and_changes_nothing(
    session: Session, register: Callable[..., Member]
) -> None:
    members = [register(phone=f"1390000000{number}") for number in range(4)]
    for number, member in enumerate(members):
        sell(session, member.id, 100 * number + 100)
    publish(session, "spent <= 200")
    settle(session)
    draft = PreviewTagRule(id=new_id(), rule=rule("spent >= 200"))
    begun = tag_rules.preview(session, hq(), draft)
    assert (begun.kind, begun.state, begun.version) == ("preview", "waiting", None)

    settle(session)

    done = tag_rules.preview(session, hq(), draft)
    assert (done.state, done.members, done.looked_at) == ("done", 4, 4)
    assert (done.matched, done.given, done.taken) == (3, 2, 1)
    assert sorted(done.sample_ids) == sorted(member.id for member in members[1:])
    assert [len(ruled(session, member.id)) for member in members] == [1, 1, 0, 0]


def test_k31_a_wrong_rule_is_cancelled_and_what_it_did_is_taken_back(
    session: Session, register: Callable[..., Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    members = [register(phone=f"1390000000{number}") for number in range(4)]
    sell(session, members[0].id, 1_000)
    publish(session, "spent >= 1000")
    settle(session)
    monkeypatch.setattr(tagging, "LIMIT", 2)
    wrong = publish(session, "not known(city)", version=1)
    tagging.step(session, datetime.now(UTC) + timedelta(seconds=1))
    assert run(session, wrong.id).state == "running"
    assert sum(VIP in ruled(session, member.id) for member in members) >= 2

    cancelled = tag_rules.cancel(session, hq(), CancelTagRun(id=wrong.id))

    assert cancelled.state == "cancelled"
    assert tag_rules.cancel(session, hq(), CancelTagRun(id=wrong.id)) == cancelled
    settle(session)
    assert [ruled(session, member.id) for member in members] == [[VIP], [], [], []]
    newest = tag_rules.list_rules(session, hq(), ListTagRules()).items[0]
    assert (newest.version, newest.rule.condition) == (3, "spent >= 1000")
    over = refused(session, lambda: tag_rules.cancel(session, hq(), CancelTagRun(id=newest.id)))
    assert over.code == "TAG_RUN_OVER"
    missing = CancelTagRun(id=new_id())
    assert refused(session, lambda: tag_rules.cancel(session, hq(), missing)).code == (
        "UNKNOWN_TAG_RUN"
    )


def test_a_first_version_and_a_preview_that_are_cancelled_leave_nothing(
    session: Session, register: Callable[..., Member]
) -> None:
    member = register()
    made = publish(session, "not known(city)")
    tag_rules.cancel(session, hq(), CancelTagRun(id=made.id))
    draft = PreviewTagRule(id=new_id(), rule=rule("not known(city)"))
    tag_rules.preview(session, hq(), draft)
    tag_rules.cancel(session, hq(), CancelTagRun(id=draft.id))

    settle(session)

    assert ruled(session, member.id) == []
    assert tag_rules.list_rules(session, hq(), ListTagRules()).items[0].ended
    assert run(session, draft.id).looked_at == 0


def test_why_names_version_values_and_time_in_both_languages(
    session: Session, register: Callable[..., Member]
) -> None:
    member = register()
    sell(session, member.id, 523_000)
    publish(session, 'spent >= 500000 and (city = "上海" or last_purchase_on within 30 days)')
    settle(session)
    sell(session, member.id, 1_000)
    # Given when the store's day had begun, and that of UTC had not.
    begun = datetime.combine(datetime.now(SHANGHAI).date(), time(0, 30), SHANGHAI)
    session.execute(text("UPDATE rule_tags SET since = :begun"), {"begun": begun})

    standing = why(session, member.id)

    assert (standing.by_rule, standing.by_hand, standing.version) == (True, False, 1)
    assert standing.since is not None
    today = standing.reasons[2].en.partition("(")[2][:10]
    assert [(each.en, each.holds) for each in standing.reasons] == [
        ("total spend (¥5,230.00) at least ¥5,000.00", True),
        ("city (unknown) equals 上海", False),
        (f"last purchase ({today}) within the last 30 days", True),
    ]
    assert standing.reasons[0].zh == "累计消费（¥5,230.00） 至少 ¥5,000.00".replace("） ", "）")
    assert standing.now[0].en == "total spend (¥5,240.00) at least ¥5,000.00"
    nobody = ExplainTag(member_id=new_id(), tag=VIP)
    assert refused(session, lambda: tag_reasons.explain(session, hq(), nobody)).code == (
        "UNKNOWN_MEMBER"
    )


def test_why_keeps_to_who_may_see_a_field(
    session: Session,
    keys: Keyring,
    register: Callable[..., Member],
    manager: Caller,
    associate: Caller,
) -> None:
    made = field_shop.field("income", NumberField(), seen_by=[Role.STORE_MANAGER],
                            edited_by=[Role.STORE_MANAGER])  # fmt: skip
    field_shop.publish(session, made)
    member = register()
    publish(session, "field.income > 1000 and not last_contact_on within 9 days")
    change = UpdateMember(member_id=member.id, version=1, fields={"income": "9999"})
    profiles.update_member(session, keys, manager, change)
    settle(session)
    command = ExplainTag(member_id=member.id, tag=VIP)

    to_manager = tag_reasons.explain(session, manager, command).reasons
    to_associate = tag_reasons.explain(session, associate, command).reasons

    assert to_manager[0].en == "Field income (9999) above 1000"
    assert to_associate[0].en == "Field income (***) above ***"


def test_a_member_is_exempted_with_a_reason_and_comes_back(
    session: Session, register: Callable[..., Member], manager: Caller
) -> None:
    member = register()
    sell(session, member.id, 1_000)
    publish(session, "spent > 1")
    settle(session)
    command = ExemptMember(member_id=member.id, tag=VIP, reason="员工家属")

    standing = tag_reasons.exempt(session, manager, command)
    settle(session)

    assert standing.exemption is not None
    assert (standing.exemption.reason, standing.exemption.by) == ("员工家属", manager.id)
    assert ruled(session, member.id) == []
    sell(session, member.id, 1_000)
    publish(session, "spent > 2", version=1)
    settle(session)
    assert ruled(session, member.id) == []
    back = ExemptMember(member_id=member.id, tag=VIP, exempt=False)
    assert tag_reasons.exempt(session, manager, back).exemption is None
    settle(session)
    assert ruled(session, member.id) == [VIP]
    assert len(events(session, "member.exempted")) == 2
    assert "员工家属" not in "".join(events(session, "member.exempted"))
    silent = ExemptMember(member_id=member.id, tag=VIP)
    unknown = ExemptMember(member_id=member.id, tag="unknown", reason="x")
    found = [
        refused(session, lambda c=each: tag_reasons.exempt(session, manager, c)).code
        for each in (silent, unknown)
    ]
    assert found == ["INVALID_INPUT", "UNKNOWN_TAG_RULE"]


def test_the_audit_sees_what_is_wrong_with_tags(
    session: Session, register: Callable[..., Member]
) -> None:
    member = register()
    sell(session, member.id, 1_000)
    publish(session, "spent > 1")
    settle(session)
    for statement in (
        "UPDATE members SET rule_tags = '{}'",
        "UPDATE rule_tags SET version = 9",
        "ALTER TABLE tag_history DISABLE TRIGGER USER",
        "UPDATE tag_history SET given = false",
        "INSERT INTO tag_exemptions (member_id, tag, reason, by)"
        " SELECT member_id, tag, 'x', member_id FROM rule_tags",
    ):
        session.execute(text(statement))

    assert differences(session) == set(CHECKS)
