"""The rules of privacy, by version: how long an erasure waits for second thoughts."""

from datetime import datetime

import msgspec
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.member.models import PrivacyRule as Row
from shared import outbox
from shared.contracts.member.erasure import ErasureRule
from shared.contracts.member.privacy import (
    ListPrivacyRules,
    PrivacyRuleKind,
    PrivacyRulePublished,
    PrivacyRules,
    PrivacyRuleVersion,
    PublishPrivacyRule,
)
from shared.errors import Refusal
from shared.seal import Caller

_ALONE = text("SELECT pg_advisory_xact_lock(hashtext('member.privacy_rules'))")


def publish(
    session: Session, caller: Caller, command: PublishPrivacyRule, now: datetime
) -> PrivacyRuleVersion:
    """Publish the next version once; see `PublishPrivacyRule`."""
    caller.require_chain()
    session.execute(_ALONE)
    earlier = session.scalar(select(Row).where(Row.id == command.id))
    if earlier is not None:
        if _body(earlier) != command.body:
            raise Refusal("RULE_ID_TAKEN")
        return _shown(earlier)
    kind: PrivacyRuleKind = "erasure"
    known = in_force(session, kind)
    row = Row(
        kind=kind,
        version=(known[0] if known else 0) + 1,
        id=command.id,
        author_id=caller.id,
        valid_from=now,
        body=msgspec.to_builtins(command.body),
    )
    session.add(row)
    session.flush()
    event = PrivacyRulePublished(rule_id=row.id, kind=kind, version=row.version)
    outbox.emit(session, (event, kind, row.version))
    return _shown(row)


def list_rules(session: Session, command: ListPrivacyRules) -> PrivacyRules:
    rows = session.scalars(select(Row).order_by(Row.valid_from.desc(), Row.version.desc()))
    return PrivacyRules(items=[_shown(row) for row in rows])


def in_force(session: Session, kind: PrivacyRuleKind) -> tuple[int, ErasureRule] | None:
    """Version and body of the rule in force: the newest there is."""
    row = session.scalar(select(Row).where(Row.kind == kind).order_by(Row.version.desc()).limit(1))
    return None if row is None else (row.version, _body(row))


def _body(row: Row) -> ErasureRule:
    return msgspec.convert(row.body, ErasureRule)


def _shown(row: Row) -> PrivacyRuleVersion:
    body = _body(row)
    return PrivacyRuleVersion(
        id=row.id,
        kind="erasure",
        version=row.version,
        author_id=row.author_id,
        valid_from=row.valid_from,
        body=body,
    )
