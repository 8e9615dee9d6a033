"""The rules of privacy, by version: of erasure, of data taken out, of retention."""

from datetime import datetime
from typing import Any, TypeVar, cast
from uuid import UUID

import msgspec
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from services.member import retention_rules
from services.member.models import PrivacyRule
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
from shared.contracts.member.retention import RetentionRule
from shared.seal import Caller
from shared.versions import Versions

R = TypeVar("R", bound=Message)
_RULES: Versions[PrivacyRuleBody] = Versions(PrivacyRule, PrivacyRuleBody, taken="RULE_ID_TAKEN")


def publish(
    session: Session, caller: Caller, command: PublishPrivacyRule, now: datetime
) -> PrivacyRuleVersion:
    """Publish the next version once; see `PublishPrivacyRule`."""
    if isinstance(command.body, RetentionRule):
        retention_rules.check(session, command.body)
    kind = _kind(type(command.body))
    row, new = _RULES.publish(
        session, caller, id_=command.id, body=command.body, kind=kind, now=now
    )
    if new:
        event = PrivacyRulePublished(rule_id=row.id, kind=kind, version=row.version)
        outbox.emit(session, (event, kind, row.version))
    return _shown(row)


def list_rules(session: Session, command: ListPrivacyRules) -> PrivacyRules:
    newest = (PrivacyRule.valid_from.desc(), PrivacyRule.version.desc())
    rows = session.execute(select(PrivacyRule.__table__).order_by(*newest))
    return PrivacyRules(items=[_shown(row) for row in rows])


def in_force(session: Session, kind: type[R]) -> tuple[int, R] | None:
    """Version and body of the rule of a kind that is in force: the newest there is."""
    of_kind = select(PrivacyRule.version, PrivacyRule.body).where(PrivacyRule.kind == _kind(kind))
    row = session.execute(of_kind.order_by(PrivacyRule.version.desc()).limit(1)).one_or_none()
    return None if row is None else (row.version, msgspec.convert(row.body, kind))


def author_of(session: Session, kind: type[Message], version: int) -> UUID:
    """Who published a version."""
    wanted = (PrivacyRule.kind == _kind(kind), PrivacyRule.version == version)
    return session.execute(select(PrivacyRule.author_id).where(*wanted)).scalar_one()


def _kind(body: type[Message]) -> PrivacyRuleKind:
    return cast(PrivacyRuleKind, body.__struct_config__.tag)


def _shown(row: Row[Any]) -> PrivacyRuleVersion:
    return PrivacyRuleVersion(
        id=row.id,
        kind=row.kind,
        version=row.version,
        author_id=row.author_id,
        valid_from=row.valid_from,
        body=_RULES.body_of(row),
    )
