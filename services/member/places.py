"""Places of members: kept only with their consent, and gone with it (PIPL 28, 29, 47)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, cast, or_, select, update
from sqlalchemy.orm import Session

from services.member import definitions
from services.member.models import ConsentState, Happening, Profile
from shared import outbox
from shared.contracts.member import MemberUpdated
from shared.contracts.member.consents import Consent
from shared.contracts.member.fields import FieldSubject, LocationField


def agreed(session: Session, member_id: UUID, said: Sequence[Consent]) -> bool:
    """Whether the member agrees to it: by what is said now, else by what counts of all that are
    one person; one refusal is enough."""
    now = {each.channel: each.granted for each in said if each.purpose == "location"}
    if now:
        return all(now.values())
    standing = session.scalars(
        select(ConsentState.granted).where(
            ConsentState.purpose == "location", ConsentState.member_id.in_(_ids(member_id))
        )
    ).all()
    return bool(standing) and all(standing)


def follow(session: Session, member_id: UUID, said: Sequence[Consent]) -> None:
    """Take the places out of a member's profile, and out of what staff wrote down, once consent is
    withdrawn."""
    if not any(each.purpose == "location" and not each.granted for each in said):
        return
    keys = _keys(session, "member")
    group = select(Profile.id, Profile.fields).where(Profile.id.in_(_ids(member_id)))
    for row in session.execute(group.order_by(Profile.id).with_for_update()).all():
        gone = sorted(keys & row.fields.keys())
        if not gone:
            continue
        kept = {key: value for key, value in row.fields.items() if key not in keys}
        changed = session.execute(
            update(Profile)
            .where(Profile.id == row.id)
            .values(
                fields=kept,
                version=Profile.version + 1,
                event_sequence=Profile.event_sequence + 1,
            )
            .returning(Profile.version, Profile.event_sequence)
        ).one()
        told = [f"fields.{key}" for key in gone]
        event = MemberUpdated(member_id=row.id, version=changed.version, fields=told)
        outbox.emit(session, (event, row.id, changed.event_sequence))
    places = cast(sorted(_keys(session, "contact")), ARRAY(Text))
    session.execute(
        update(Happening)
        .where(Happening.member_id.in_(_ids(member_id)), Happening.fields.has_any(places))
        .values(fields=Happening.fields.op("-")(places))
    )


def _keys(session: Session, subject: FieldSubject) -> set[str]:
    """The fields in which places are, switched off ones too."""
    return {
        each.field.key
        for each in definitions.in_force(session)
        if each.field.subject == subject and isinstance(each.field.kind, LocationField)
    }


def _ids(member_id: UUID) -> Any:
    return select(Profile.id).where(or_(Profile.id == member_id, Profile.survivor_id == member_id))
