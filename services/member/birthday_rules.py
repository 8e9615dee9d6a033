"""The rule about birthdays, by version (L5, T8): which days are kept, what privileges it has."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

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
from shared.errors import InvalidInput, Refusal
from shared.seal import Caller

RULES_LIMIT = 500


def in_force(session: Session, now: datetime) -> RuleInForce:
    row = session.execute(
        _IN_FORCE, {"at": now}, execution_options=telemetry.UNCOUNTED
    ).one_or_none()
    if row is None:
        return RuleInForce()
    return RuleInForce(row.version, msgspec.convert(row.body, BirthdayRule))


def publish(session: Session, caller: Caller, command: PublishBirthdayRule) -> BirthdayRuleVersion:
    """Publish the next version of the rule; see `PublishBirthdayRule`."""
    caller.require_chain()
    at = command.valid_from
    if at is not None and at.tzinfo is None:
        raise InvalidInput("INVALID_INPUT", {"field": "$.valid_from", "reason": "no time zone"})
    _check(command.rule)
    session.execute(_ALONE)
    published = session.execute(_FIND, {"id": command.id}).one_or_none()
    if published is not None:
        version = _version_of(published)
        told = None if published.at_once else published.valid_from
        if version.rule != command.rule or told != at:
            raise Refusal("BIRTHDAY_RULE_ID_TAKEN")
        return version
    row = session.execute(
        _PUBLISH,
        {
            "id": command.id,
            "valid_from": at or datetime.now(UTC),
            "at_once": at is None,
            "author_id": caller.id,
            "body": msgspec.json.encode(command.rule).decode(),
        },
    ).one()
    version = _version_of(row)
    event = BirthdayRulePublished(
        rule_id=version.id, version=version.version, valid_from=version.valid_from
    )
    outbox.emit(session, (event, "birthday", version.version))
    return version


def list_rules(session: Session, command: ListBirthdayRules) -> BirthdayRules:
    rows = session.execute(_LIST, {"limit": RULES_LIMIT})
    return BirthdayRules(items=[_version_of(row) for row in rows])


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
        rule=msgspec.convert(row.body, BirthdayRule),
    )


_ALONE = text("SELECT pg_advisory_xact_lock(hashtext('birthday_rules'))")
_FIND = text("SELECT * FROM birthday_rules WHERE id = :id")
_PUBLISH = text(
    "INSERT INTO birthday_rules (version, id, valid_from, at_once, author_id, body)"
    " SELECT coalesce(max(version), 0) + 1, :id, :valid_from, :at_once, :author_id,"
    " CAST(:body AS jsonb) FROM birthday_rules RETURNING *"
)
_LIST = text("SELECT * FROM birthday_rules ORDER BY version DESC LIMIT :limit")
_IN_FORCE = text(
    "SELECT version, body FROM birthday_rules WHERE valid_from <= :at"
    " ORDER BY valid_from DESC, version DESC LIMIT 1"
)
