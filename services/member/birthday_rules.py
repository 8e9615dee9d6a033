"""The rule about birthdays, by version (L5, T8): which days are kept, what privileges it has."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from services.member.models.birthdays import BirthdayRuleRow
from services.member.windows import RuleInForce
from shared import outbox, telemetry
from shared.contracts.member.birthdays import (
    BirthdayRule,
    BirthdayRulePublished,
    BirthdayRules,
    BirthdayRuleVersion,
    ListBirthdayRules,
    PublishBirthdayRule,
)
from shared.errors import Refusal
from shared.seal import Caller
from shared.versions import Versions

_RULES: Versions[BirthdayRule] = Versions(
    BirthdayRuleRow, BirthdayRule, taken="BIRTHDAY_RULE_ID_TAKEN"
)


def in_force(session: Session, now: datetime) -> RuleInForce:
    found = _RULES.in_force(session, now, options=telemetry.UNCOUNTED)
    return RuleInForce(*found) if found else RuleInForce()


def publish(session: Session, caller: Caller, command: PublishBirthdayRule) -> BirthdayRuleVersion:
    """Publish the next version of the rule; see `PublishBirthdayRule`."""
    caller.require_chain()
    _check(command.rule)
    row, new = _RULES.publish(
        session,
        caller,
        id_=command.id,
        body=command.rule,
        valid_from=command.valid_from,
        more={"at_once": command.valid_from is None},
    )
    version = _version_of(row)
    if new:
        event = BirthdayRulePublished(
            rule_id=version.id, version=version.version, valid_from=version.valid_from
        )
        outbox.emit(session, (event, "birthday", version.version))
    return version


def list_rules(session: Session, command: ListBirthdayRules) -> BirthdayRules:
    return BirthdayRules(items=[_version_of(row) for row in _RULES.newest_first(session)])


def _check(rule: BirthdayRule) -> None:
    """Raise INVALID_BIRTHDAY_RULE unless the rule makes sense as a whole."""
    if len({privilege.code for privilege in rule.privileges}) < len(rule.privileges):
        reasons = {
            "reason_zh": "特权编号不能重复",
            "reason_en": "codes of privileges have to differ",
        }
        raise Refusal("INVALID_BIRTHDAY_RULE", reasons)
    for privilege in rule.privileges:
        if privilege.span != "days" and (privilege.days_before or privilege.days_after):
            reasons = {
                "reason_zh": "前后天数只用于“前后若干天”",
                "reason_en": "days before and after belong to a span of days",
            }
            raise Refusal("INVALID_BIRTHDAY_RULE", reasons)


def _version_of(row: Row[Any]) -> BirthdayRuleVersion:
    return BirthdayRuleVersion(
        id=row.id,
        version=row.version,
        valid_from=row.valid_from,
        author_id=row.author_id,
        rule=_RULES.body_of(row),
    )
