"""Notices: what people agree to, by purpose and version, and which version is in force (PIPL 17).

A new consent refers to the notice in force, or what was agreed to could not be proved. As long as
HQ has published none for a purpose, the text is one on paper and its version is taken as told; what
is taken over from another system may refer to any version there was.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Session

from services.member.models import Notice as Row
from shared import outbox
from shared.contracts.member.consents import (
    Consent,
    ListNotices,
    Notice,
    NoticePublished,
    Notices,
    PublishNotice,
)
from shared.errors import Refusal
from shared.seal import Caller


def publish(session: Session, caller: Caller, command: PublishNotice, now: datetime) -> Notice:
    """Publish a version once; see `PublishNotice`."""
    caller.require_chain()
    notice = Notice(
        id=command.id,
        purpose=command.purpose,
        version=command.version,
        text_zh=command.text_zh,
        text_en=command.text_en,
        valid_from=command.valid_from or now,
        author_id=caller.id,
        published_at=now,
    )
    values = msgspec.structs.asdict(notice)
    made = session.scalar(insert(Row).values(values).on_conflict_do_nothing().returning(Row.id))
    if made is None:
        return _earlier(session, command)
    event = NoticePublished(
        notice_id=command.id,
        purpose=command.purpose,
        version=command.version,
        valid_from=notice.valid_from,
    )
    outbox.emit(session, (event, command.id, 1))
    return notice


def list_notices(session: Session, command: ListNotices) -> Notices:
    rows = session.execute(
        select(Row.__table__)
        .where(Row.purpose == command.purpose)
        .order_by(Row.valid_from.desc(), Row.published_at.desc())
    )
    return Notices(items=[_shown(row) for row in rows])


def get_notices_in_force(session: Session, now: datetime) -> Notices:
    """The notice in force of each purpose that has one."""
    rows = session.execute(
        select(Row.__table__)
        .ext(distinct_on(Row.purpose))
        .where(Row.valid_from <= now)
        .order_by(Row.purpose, Row.valid_from.desc(), Row.published_at.desc())
    )
    return Notices(items=[_shown(row) for row in rows])


def require_in_force(session: Session, consents: Iterable[Consent]) -> None:
    """Raise `Refusal("NOTICE_NOT_IN_FORCE")` for what is agreed to an old or unknown version."""
    given = [consent for consent in consents if consent.granted]
    if not given:
        return
    rows = session.execute(
        select(Row.purpose, Row.version)
        .where(Row.valid_from <= datetime.now(UTC))
        .order_by(Row.valid_from, Row.published_at)
    ).all()
    known: dict[str, list[str]] = {}
    for purpose, version in rows:
        known.setdefault(purpose, []).append(version)
    for consent in given:
        versions = known.get(consent.purpose, [])
        fitting = versions if consent.proof == "import" else versions[-1:]
        if versions and consent.notice_version not in fitting:
            asked = {"version": consent.notice_version, "in_force": versions[-1]}
            raise Refusal("NOTICE_NOT_IN_FORCE", asked)


def _earlier(session: Session, command: PublishNotice) -> Notice:
    """What an equal command published; refuses another's id or version."""
    row = session.execute(select(Row.__table__).where(Row.id == command.id)).one_or_none()
    if row is None:
        raise Refusal("NOTICE_VERSION_TAKEN", {"version": command.version})
    same = ("purpose", "version", "text_zh", "text_en")
    if any(getattr(row, name) != getattr(command, name) for name in same):
        raise Refusal("NOTICE_ID_TAKEN")
    return _shown(row)


def _shown(row: Any) -> Notice:
    return Notice(**row._mapping)
