"""The rules of privacy, by version: of erasure, and of data taken out."""

from datetime import datetime
from typing import TypeVar, cast

import msgspec
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from services.member.models import PrivacyRule as Row
from shared import outbox
from shared.contracts import Message
from shared.contracts.member.privacy import (
    ListPrivacyRules,
    PrivacyRuleBody,
    PrivacyRuleKind,
    PrivacyRulePublished,
    PrivacyRules,
    PrivacyRuleVersion,
    PublishPrivacyRule,
)
from shared.errors import Refusal
from shared.seal import Caller

R = TypeVar("R", bound=Message)
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
    kind = _kind(type(command.body))
    known = session.scalar(select(func.max(Row.version)).where(Row.kind == kind))
    row = Row(
        kind=kind,
        version=(known or 0) + 1,
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


def in_force(session: Session, kind: type[R]) -> tuple[int, R] | None:
    """Version and body of the rule of a kind that is in force: the newest there is."""
    newest = select(Row).where(Row.kind == _kind(kind)).order_by(Row.version.desc()).limit(1)
    row = session.scalar(newest)
    return None if row is None else (row.version, msgspec.convert(row.body, kind))


def _kind(body: type[Message]) -> PrivacyRuleKind:
    return cast(PrivacyRuleKind, body.__struct_config__.tag)


def _body(row: Row) -> PrivacyRuleBody:
    body: PrivacyRuleBody = msgspec.convert(row.body, PrivacyRuleBody)
    return body


def _shown(row: Row) -> PrivacyRuleVersion:
    body = _body(row)
    return PrivacyRuleVersion(
        id=row.id,
        kind=_kind(type(body)),
        version=row.version,
        author_id=row.author_id,
        valid_from=row.valid_from,
        body=body,
    )
