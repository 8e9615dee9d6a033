"""The rule of what comes back, and until when: versioned data of HQ's (T7)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from services.order.models import ReturnRule as RuleRow
from shared import outbox
from shared.contracts.order.returns import (
    ListReturnRules,
    PublishReturnRule,
    ReturnRule,
    ReturnRulePublished,
    ReturnRules,
    ReturnRuleVersion,
)
from shared.errors import Refusal
from shared.seal import MANAGERS, Caller
from shared.versions import Versions

_RULES: Versions[ReturnRule] = Versions(RuleRow, ReturnRule, taken="RULE_ID_TAKEN")


def publish(session: Session, caller: Caller, command: PublishReturnRule) -> ReturnRuleVersion:
    """Publish the next version; the same again gets the same answer.

    Raises `Refusal`: INVALID_RETURN_RULE, RULE_ID_TAKEN; `Forbidden` unless for the whole chain.
    """
    caller.require_chain()
    body = command.body
    if body.days is None and body.manager_days is not None:
        raise Refusal("INVALID_RETURN_RULE")
    if body.days is not None and body.manager_days is not None and body.manager_days < body.days:
        raise Refusal("INVALID_RETURN_RULE")
    row, new = _RULES.publish(
        session, caller, id_=command.id, body=body, valid_from=command.valid_from
    )
    version = _version(row)
    if new:
        event = ReturnRulePublished(
            rule_id=version.id, version=version.version, valid_from=version.valid_from, body=body
        )
        outbox.emit(session, (event, "returns", version.version))
    return version


def list_rules(session: Session, _caller: Caller, _command: ListReturnRules) -> ReturnRules:
    """All versions, newest first."""
    return ReturnRules(items=[_version(row) for row in _RULES.newest_first(session)])


def in_force(session: Session, at: datetime) -> tuple[int | None, ReturnRule]:
    """Version and body at an instant; without any, everything comes back at any time."""
    return _RULES.in_force(session, at) or (None, ReturnRule())


def check(rule: ReturnRule, caller: Caller, days: int, categories: Iterable[str]) -> None:
    """Raise unless the caller may take these back, so many days after the sale.

    CATEGORY_NOT_RETURNABLE, RETURN_TOO_LATE, RETURN_NEEDS_MANAGER.
    """
    for category in categories:
        if category in rule.excluded_categories:
            raise Refusal("CATEGORY_NOT_RETURNABLE", {"category": category})
    if rule.manager_days is not None and days > rule.manager_days:
        raise Refusal("RETURN_TOO_LATE", {"days": rule.manager_days})
    if rule.days is not None and days > rule.days and not caller.roles & MANAGERS:
        raise Refusal("RETURN_NEEDS_MANAGER", {"days": rule.days})


def _version(row: Row[Any]) -> ReturnRuleVersion:
    return ReturnRuleVersion(
        id=row.id,
        version=row.version,
        valid_from=row.valid_from,
        author_id=row.author_id,
        body=_RULES.body_of(row),
    )
