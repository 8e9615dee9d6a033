"""The rule of duplicates, by version: what a likeness weighs, and who is proposed."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from services.member.models.duplicates import DuplicateRuleRow
from shared import outbox, telemetry
from shared.contracts.member.duplicates import (
    DuplicateRule,
    DuplicateRulePublished,
    DuplicateRules,
    DuplicateRuleVersion,
    ListDuplicateRules,
    PublishDuplicateRule,
)
from shared.seal import Caller
from shared.versions import Versions

_RULES: Versions[DuplicateRule] = Versions(
    DuplicateRuleRow, DuplicateRule, taken="DUPLICATE_RULE_ID_TAKEN"
)


def publish(
    session: Session, caller: Caller, command: PublishDuplicateRule
) -> DuplicateRuleVersion:
    """Publish the next version, and have everybody compared by it; see `PublishDuplicateRule`."""
    row, new = _RULES.publish(session, caller, id_=command.id, body=command.rule)
    if new:
        session.execute(_RUN, {"version": row.version})
        event = DuplicateRulePublished(rule_id=row.id, version=row.version)
        outbox.emit(session, (event, "duplicates", row.version))
    return _shown(session, row)


def list_rules(session: Session, _command: ListDuplicateRules) -> DuplicateRules:
    return DuplicateRules(items=[_shown(session, row) for row in _RULES.newest_first(session)])


def in_force(session: Session) -> tuple[int, DuplicateRule]:
    """The newest version and its rule; version 0 before there is one."""
    found = _RULES.in_force(session, datetime.now(UTC), options=telemetry.UNCOUNTED)
    return found or (0, DuplicateRule())


def _shown(session: Session, row: Row[Any]) -> DuplicateRuleVersion:
    run = session.execute(_HOW_FAR).one()
    return DuplicateRuleVersion(
        id=row.id,
        version=row.version,
        author_id=row.author_id,
        valid_from=row.valid_from,
        rule=_RULES.body_of(row),
        applied=run.done or run.version > row.version,
    )


_RUN = text("UPDATE duplicate_run SET version = :version, last_id = NULL, done = false")
_HOW_FAR = text("SELECT version, done FROM duplicate_run")
