"""What a version of a tag rule says of a member: yes or no, of which values, and until when."""

import functools
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.member import conditions, tag_facts
from services.member.conditions import Kinds, Node, Test, Value
from services.member.tag_facts import Known
from shared.contracts.member.tag_rules import TagRuleInput


class Rule(NamedTuple):
    """A version, ready to judge; `node` None: it has ended, and nobody fulfils it."""

    tag: str
    version: int
    rule: TagRuleInput
    node: Node | None

    @property
    def tests(self) -> list[Test]:
        return [] if self.node is None else list(conditions.tests_of(self.node))

    @property
    def parts(self) -> frozenset[str]:
        """The parts of the facts it asks for."""
        return frozenset(tag_facts.part_of(test.operand.fact) for test in self.tests)

    @property
    def groups(self) -> frozenset[str]:
        """The groups of facts whose changes may change what it says."""
        return frozenset(map(tag_facts.group_of, self.parts))

    @property
    def days(self) -> int:
        """How many days of orders it looks back on."""
        return max((test.operand.days or 0 for test in self.tests), default=0)


class Verdict(NamedTuple):
    """`facts` are the values it rests on, as JSON; `due_at` when time alone may change it."""

    holds: bool
    facts: dict[str, Any]
    due_at: datetime | None


@functools.lru_cache(500)
def _rule(tag: str, version: int, ended: bool, body: bytes, kinds: Kinds) -> Rule:
    rule = msgspec.json.decode(body, type=TagRuleInput)
    return Rule(tag, version, rule, None if ended else conditions.parse(rule.condition, kinds))


def rule_of(row: Any, ended: bool) -> Rule:
    """The rule of a row of versions or runs."""
    kinds = tuple(sorted(row.kinds.items()))
    return _rule(row.tag, row.version or 0, ended, msgspec.json.encode(row.body), kinds)


IN_FORCE = """
SELECT DISTINCT ON (tag) tag, version, ended, body, kinds FROM tag_rule_versions
WHERE valid_from <= :now ORDER BY tag, version DESC
"""
"""The newest version of each tag whose time has come, as a query."""
_IN_FORCE = text(IN_FORCE)


def in_force(session: Session, now: datetime) -> dict[str, Rule]:
    """The newest version of each tag whose time has come, ended ones too."""
    rows = session.execute(_IN_FORCE, {"now": now})
    return {row.tag: rule_of(row, row.ended) for row in rows}


def judge(rule: Rule, known: Known, now: datetime) -> Verdict:
    """What the rule says now; of who was merged, no. `known` has the parts it asks for."""
    if rule.node is None or rule.tag in known.exempt or known.merged:
        return Verdict(False, {}, None)
    today = now.astimezone(known.zone).date()
    currency = rule.rule.currency
    values: dict[str, Value] = {}
    turns: date | None = None
    for test in rule.tests:
        if test.operand.key not in values:
            values[test.operand.key] = tag_facts.value_of(known, test.operand, currency, today)
        day = tag_facts.next_day(known, test, currency, today)
        if day is not None and (turns is None or day < turns):
            turns = day
    fulfilled = conditions.holds(rule.node, values, today)
    due_at = None if turns is None else tag_facts.begins(turns, known.zone)
    return Verdict(fulfilled, kept(rule.tests, values) if fulfilled else {}, due_at)


def values_now(rule: Rule, known: Known, now: datetime) -> dict[str, Value]:
    """The values of all facts that a rule asks for."""
    today = now.astimezone(known.zone).date()
    return {
        test.operand.key: tag_facts.value_of(known, test.operand, rule.rule.currency, today)
        for test in rule.tests
    }


def kept(tests: Iterable[Test], values: dict[str, Value]) -> dict[str, Any]:
    """Values as they are kept; of a set only what a rule asks for."""
    asked: dict[str, set[Any]] = {}
    for test in tests:
        asked.setdefault(test.operand.key, set()).update(test.given)
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, frozenset):
            found[key] = sorted(value & asked[key]) or sorted(value)[:1]
        elif isinstance(value, Decimal | date):
            found[key] = str(value)
        elif value is not None:
            found[key] = value
    return found


def opened(test: Test, value: Any) -> Value:
    """A value that was kept, as it was."""
    if value is None or isinstance(value, bool):
        return value
    if test.operand.kind == "date" and not test.operand.since:
        return date.fromisoformat(value)
    if test.operand.kind in ("number", "money"):
        return Decimal(value)
    return frozenset(value) if test.operand.kind == "set" else str(value)
