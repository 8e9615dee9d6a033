"""Why a member has a tag or has not, in words; and who is left out of a rule, with the reason."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.member import conditions, definitions, tag_facts
from services.member.conditions import Test, Value
from services.member.models import (
    Profile,
    RuleTag,
    Store,
    TagExemption,
    TagHistory,
    TagRuleVersion,
)
from services.member.profiles import advance, locked, one_line
from services.member.tag_facts import FACTS
from services.member.tag_judging import Rule, in_force, opened, rule_of, values_now
from shared import money, outbox
from shared.contracts.member.tag_rules import (
    ExemptMember,
    ExplainTag,
    MemberExempted,
    TagChange,
    TagReason,
    TagStanding,
)
from shared.contracts.member.tag_rules import TagExemption as Exemption
from shared.errors import InvalidInput, Refusal
from shared.seal import Caller, ScopeKind

HISTORY_LIMIT = 100
_WORDS = {
    "<": ("小于", "below"), "<=": ("不超过", "at most"), ">": ("大于", "above"),
    ">=": ("至少", "at least"), "=": ("等于", "equals"), "!=": ("不等于", "differs from"),
    "between": ("介于", "between"), "in": ("属于", "one of"), "has": ("包含", "has"),
}  # fmt: skip
_CHANGED = text("INSERT INTO tag_changes (member_id, facts) VALUES (:member_id, '{*}')")


def explain(session: Session, caller: Caller, command: ExplainTag) -> TagStanding:
    """Why; see `ExplainTag`."""
    tag = one_line(command.tag, "$.tag")
    asked = select(func.coalesce(Profile.survivor_id, Profile.id))
    asked = asked.where(Profile.id == command.member_id, Profile.erased_at.is_(None))
    member = session.execute(
        select(Profile.id, Profile.tags, Store.time_zone)
        .join(Store, Store.id == Profile.home_store_id)
        .where(Profile.id.in_(asked.correlate(None)))
    ).one_or_none()
    if member is None:
        raise Refusal("UNKNOWN_MEMBER", {"member_id": command.member_id})
    now = datetime.now(UTC)
    mine = (RuleTag.member_id == member.id, RuleTag.tag == tag)
    held = session.execute(select(RuleTag.__table__).where(*mine)).one_or_none()
    return TagStanding(
        member_id=member.id,
        tag=tag,
        by_hand=tag in member.tags,
        by_rule=held is not None,
        version=held.version if held else None,
        since=held.since if held else None,
        reasons=_then(session, caller, held, ZoneInfo(member.time_zone)) if held else [],
        now=_now(session, caller, member.id, tag, now),
        exemption=_exemption(session, member.id, tag),
        history=_history(session, member.id, tag),
    )


def exempt(session: Session, caller: Caller, command: ExemptMember) -> TagStanding:
    """Leave a member out of a rule, or no longer; see `ExemptMember`."""
    tag = one_line(command.tag, "$.tag")
    reason = command.reason.strip()
    if command.exempt and not reason:
        raise InvalidInput("INVALID_INPUT", {"field": "$.reason", "reason": "Expected some text"})
    row = locked(session, command.member_id)
    rule = in_force(session, datetime.now(UTC)).get(tag)
    if command.exempt and (rule is None or rule.node is None):
        raise Refusal("UNKNOWN_TAG_RULE", {"tag": tag})
    if command.exempt:
        values = {"member_id": row.id, "tag": tag, "reason": reason, "by": caller.id}
        statement: Any = insert(TagExemption).values(values).on_conflict_do_nothing()
    else:
        statement = delete(TagExemption).where(
            TagExemption.member_id == row.id, TagExemption.tag == tag
        )
    if session.scalar(statement.returning(TagExemption.tag)):
        session.execute(_CHANGED, {"member_id": row.id})
        event = MemberExempted(member_id=row.id, tag=tag, exempt=command.exempt)
        outbox.emit(session, (event, row.id, advance(session, row)))
    return explain(session, caller, ExplainTag(member_id=row.id, tag=tag))


def _then(session: Session, caller: Caller, held: Any, zone: ZoneInfo) -> list[TagReason]:
    """The values of the moment, in the words of the version that gave the tag; the day is that of
    the home store."""
    row = session.execute(
        select(TagRuleVersion.__table__).where(
            TagRuleVersion.tag == held.tag, TagRuleVersion.version == held.version
        )
    ).one()
    rule = rule_of(row, ended=False)
    values = {t.operand.key: opened(t, held.facts.get(t.operand.key)) for t in rule.tests}
    return _in_words(session, caller, rule, values, held.since.astimezone(zone).date())


def _now(
    session: Session, caller: Caller, member_id: UUID, tag: str, now: datetime
) -> list[TagReason]:
    rule = in_force(session, now).get(tag)
    if rule is None or rule.node is None:
        return []
    known = tag_facts.read(session, [member_id], rule.parts, rule.days, now)[0]
    today = now.astimezone(known.zone).date()
    return _in_words(session, caller, rule, values_now(rule, known, now), today)


def _in_words(
    session: Session, caller: Caller, rule: Rule, values: dict[str, Value], today: date
) -> list[TagReason]:
    labels = _Labels(session, caller)
    found = []
    for test in rule.tests:
        value = values.get(test.operand.key)
        shown = (lambda _: "***") if labels.hidden(test) else _shown(test, rule.rule.currency)
        zh, en = labels.of(test)
        holds = conditions.test_holds(test, value, today)
        found.append(_sentence(test, (zh, en), value, shown, holds))
    return found


def _sentence(
    test: Test, labels: tuple[str, str], value: Value, shown: Callable[[Any], str], holds: bool
) -> TagReason:
    zh, en = labels
    of_zh = "未知" if value is None else shown(value)
    of_en = "unknown" if value is None else shown(value)
    if test.sign == "is":
        zh, en = f"{zh}：{'是' if value else '否'}", f"{en}: {'yes' if value else 'no'}"
    elif test.sign == "known":
        zh, en = f"{zh}（{of_zh}）须已知", f"{en} ({of_en}) is known"
    elif test.sign == "within":
        days = int(test.given[0])
        zh = f"{zh}（{of_zh}）在最近 {days} 天内"
        en = f"{en} ({of_en}) within the last {days} days"
    else:
        sign_zh, sign_en = _WORDS[test.sign]
        given = [shown(each) for each in test.given]
        zh = f"{zh}（{of_zh}）{sign_zh} {'、'.join(given)}"
        joined = " and ".join(given) if test.sign == "between" else ", ".join(given)
        en = f"{en} ({of_en}) {sign_en} {joined}"
    return TagReason(zh=zh, en=en, holds=holds)


def _shown(test: Test, currency: str) -> Callable[[Any], str]:
    def one(value: Any) -> str:
        if isinstance(value, frozenset | list):
            return ", ".join(sorted(value)[:5]) or "–"
        if test.operand.kind == "money" and not test.operand.fact.startswith("field."):
            return money.written(int(value), currency)
        return f"{value}"

    return one


class _Labels:
    """What facts are called, and which the caller may not see."""

    def __init__(self, session: Session, caller: Caller) -> None:
        self._caller = caller
        self._fields = {
            f"field.{each.field.key}": each
            for each in definitions.remembered(session)
            if each.field.subject == "member"
        }

    def hidden(self, test: Test) -> bool:
        """A field of other roles, or what staff of other stores wrote down (K40)."""
        fact = test.operand.fact
        if fact in tag_facts.CONTACT_FACTS:
            return self._caller.scope_kind is not ScopeKind.CHAIN
        field = self._fields.get(fact)
        return field is not None and not field.seen_by(self._caller)

    def of(self, test: Test) -> tuple[str, str]:
        operand = test.operand
        zh = en = operand.fact
        if operand.fact in FACTS:
            fact = FACTS[operand.fact]
            days = {"days": operand.days}
            zh, en = fact.zh.format_map(days), fact.en.format_map(days)
        elif operand.fact in self._fields:
            field = self._fields[operand.fact].field
            zh, en = field.label_zh, field.label_en
        return (f"{zh}距今天数", f"days since {en}") if operand.since else (zh, en)


def _exemption(session: Session, member_id: UUID, tag: str) -> Exemption | None:
    row = session.execute(
        select(TagExemption.reason, TagExemption.by, TagExemption.at).where(
            TagExemption.member_id == member_id, TagExemption.tag == tag
        )
    ).one_or_none()
    return None if row is None else Exemption(reason=row.reason, by=row.by, at=row.at)


def _history(session: Session, member_id: UUID, tag: str) -> list[TagChange]:
    rows = session.execute(
        select(TagHistory.at, TagHistory.given, TagHistory.version, TagHistory.cause)
        .where(TagHistory.member_id == member_id, TagHistory.tag == tag)
        .order_by(TagHistory.id.desc())
        .limit(HISTORY_LIMIT)
    )
    return [TagChange(**row._mapping) for row in rows]
