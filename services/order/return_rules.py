"""The rule of what comes back, and until when: versioned data of HQ's (T7)."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

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

LIST_LIMIT = 500


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
    session.execute(_ALONE)
    known = session.execute(_FIND, {"id": command.id}).one_or_none()
    if known is not None:
        told = known.published_at if command.valid_from is None else command.valid_from
        version = _version(known)
        if version.body != body or version.valid_from != told:
            raise Refusal("RULE_ID_TAKEN")
        return version
    now = datetime.now(UTC)
    row = session.execute(
        _PUBLISH,
        {
            "id": command.id,
            "valid_from": command.valid_from or now,
            "author_id": caller.id,
            "body": msgspec.json.encode(body).decode(),
            "now": now,
        },
    ).one()
    version = _version(row)
    event = ReturnRulePublished(
        rule_id=version.id, version=version.version, valid_from=version.valid_from, body=body
    )
    outbox.emit(session, (event, "returns", version.version))
    return version


def list_rules(session: Session, _caller: Caller, _command: ListReturnRules) -> ReturnRules:
    """All versions, newest first, at most `LIST_LIMIT`."""
    rows = session.execute(_LIST, {"limit": LIST_LIMIT})
    return ReturnRules(items=[_version(row) for row in rows])


def in_force(session: Session, at: datetime) -> tuple[int | None, ReturnRule]:
    """Version and body at an instant; without any, everything comes back at any time."""
    row = session.execute(_IN_FORCE, {"at": at}).one_or_none()
    if row is None:
        return None, ReturnRule()
    return row.version, msgspec.convert(row.body, ReturnRule)


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
        body=msgspec.convert(row.body, ReturnRule),
    )


_ALONE = text("SELECT pg_advisory_xact_lock(hashtext('chainstitch.return_rules'))")
_FIND = text("SELECT * FROM return_rules WHERE id = :id")
_PUBLISH = text(
    "INSERT INTO return_rules (id, version, valid_from, author_id, body, published_at)"
    " SELECT :id, coalesce(max(version), 0) + 1, :valid_from, :author_id, CAST(:body AS jsonb),"
    " :now FROM return_rules RETURNING *"
)
_LIST = text("SELECT * FROM return_rules ORDER BY version DESC LIMIT :limit")
_IN_FORCE = text(
    "SELECT version, body FROM return_rules WHERE valid_from <= :at"
    " ORDER BY valid_from DESC, version DESC LIMIT 1"
)
