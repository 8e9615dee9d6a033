"""The rule of tasks, by version: which events raise which, for whom, due when, in which words."""

import string
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from services.campaign.models import TaskRuleRow
from shared import outbox, telemetry
from shared.contracts.campaign.tasks import (
    ABOUT_MEMBERS,
    WITH_A_DAY,
    WORDS,
    ListTaskRules,
    PublishTaskRule,
    TaskRule,
    TaskRulePublished,
    TaskRules,
    TaskRuleVersion,
    TaskTerms,
)
from shared.errors import Refusal
from shared.seal import Caller
from shared.versions import Versions

_RULES: Versions[TaskRule] = Versions(TaskRuleRow, TaskRule, taken="TASK_RULE_ID_TAKEN")


def publish(session: Session, caller: Caller, command: PublishTaskRule) -> TaskRuleVersion:
    """Publish the next version; see `PublishTaskRule`."""
    caller.require_chain()
    seen = set()
    for terms in command.rule.kinds:
        if (terms.kind, terms.privilege) in seen:
            _invalid("同一事件写了两次", "it names a kind twice")
        seen.add((terms.kind, terms.privilege))
        _check(terms)
    row, new = _RULES.publish(
        session, caller, id_=command.id, body=command.rule, valid_from=command.valid_from
    )
    if new:
        event = TaskRulePublished(rule_id=row.id, version=row.version)
        outbox.emit(session, (event, "tasks", row.version))
    return _shown(row)


def list_rules(session: Session, _command: ListTaskRules) -> TaskRules:
    return TaskRules(items=[_shown(row) for row in _RULES.newest_first(session)])


def in_force(session: Session, now: datetime) -> tuple[int, TaskRule]:
    """Version and rule; version 0 before there is one."""
    return _RULES.in_force(session, now, options=telemetry.UNCOUNTED) or (0, TaskRule())


def templates(terms: TaskTerms) -> tuple[str, str]:
    """What such a task says, in zh-CN and en."""
    words = WORDS[terms.kind]
    return terms.words_zh or words.zh, terms.words_en or words.en


def _check(terms: TaskTerms) -> None:
    """Refuse what the contract's types allow but nobody can have meant."""
    if (terms.due_after_hours is None) == (terms.due_before_hours is None):
        _invalid("期限须二选一", "it is due after the event or before the day, one of the two")
    if terms.due_before_hours is not None and terms.kind not in WITH_A_DAY:
        _invalid("这类事件没有截止日", "what it is about has no day to be due before")
    if terms.given_to == "associate" and terms.kind not in ABOUT_MEMBERS:
        _invalid("这类事件与会员无关，只能交给门店", "it is about no member: give it to the store")
    if terms.privilege is not None and terms.kind != "birthday":
        _invalid("只有生日礼遇可以指定礼遇", "only birthdays have a privilege")
    default = WORDS[terms.kind]
    for words, allowed in ((terms.words_zh, default.zh), (terms.words_en, default.en)):
        if words and not _names(words) <= _names(allowed):
            _invalid("文字里有未知的占位", "its words name something there is not")


def _names(template: str) -> set[str]:
    """What stands in braces."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        return {"?"}
    plain = all(not spec and not how for _, name, spec, how in parts if name is not None)
    return {name for _, name, _, _ in parts if name is not None} if plain else {"?"}


def _invalid(zh: str, en: str) -> None:
    raise Refusal("INVALID_TASK_RULE", {"reason_zh": zh, "reason_en": en})


def _shown(row: Row[Any]) -> TaskRuleVersion:
    return TaskRuleVersion(
        id=row.id,
        version=row.version,
        valid_from=row.valid_from,
        author_id=row.author_id,
        rule=_RULES.body_of(row),
    )
