"""Linking identifiers to members, and taking them off again (M11, M12)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Uuid, any_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from services.member import identifiers, phones
from services.member.models import Identifier as IdentifierRow
from services.member.models import Profile, Store
from services.member.phones import Keyring
from services.member.profiles import locked, one_line
from shared import outbox
from shared.contracts.member.identity import (
    Identifier,
    IdentifierKind,
    Identifiers,
    IdentifierUnlinked,
    LinkIdentifier,
    ListIdentifiers,
    UnlinkIdentifier,
)
from shared.errors import Refusal
from shared.seal import MANAGERS, Caller
from shared.stores import find_store

LIMIT = 20
"""Identifiers one member may have."""


def link(session: Session, keys: Keyring, caller: Caller, command: LinkIdentifier) -> Identifier:
    """Link an identifier once; see `LinkIdentifier`."""
    member = locked(session, command.member_id)
    country = phones.country_of(find_store(session, Store, member.home_store_id).time_zone)
    known = identifiers.judged(command.identifier, country)
    values = identifiers.row_of(keys, caller, member.id, known) | {"id": command.id}
    if session.get(IdentifierRow, command.id) is None:
        if taken := identifiers.card_taken(session, keys, member.id, [command.identifier]):
            raise taken
        if len(_of_group(session, member.id)) >= LIMIT:
            raise Refusal("TOO_MANY_IDENTIFIERS", {"limit": LIMIT})
        if identifiers.claim(session, [values]):
            event = identifiers.linked_event(values)
            outbox.emit(session, (event, command.id, 1))
    row = identifiers.found(session, values["kind"], values["hash"])
    if row is None:  # the id is that of another identifier
        raise Refusal("IDENTIFIER_ID_TAKEN")
    if identifiers.owner_of(session, row.member_id) != member.id:
        raise Refusal(
            "IDENTIFIER_TAKEN", {"member_id": identifiers.owner_of(session, row.member_id)}
        )
    if known.verified and not row.verified:
        session.execute(
            update(IdentifierRow).where(IdentifierRow.id == row.id).values(verified=True)
        )
        row = identifiers.found(session, values["kind"], values["hash"])
    return _shown(keys, caller, row)


def unlink(
    session: Session, keys: Keyring, caller: Caller, command: UnlinkIdentifier
) -> Identifiers:
    """Take an identifier off; see `UnlinkIdentifier`."""
    reason = one_line(command.reason, "$.reason")
    member = locked(session, command.member_id)
    rows = _of_group(session, member.id)
    gone = next((row for row in rows if row.id == command.identifier_id), None)
    if gone is None:
        raise Refusal("UNKNOWN_IDENTIFIER")
    own = session.execute(
        select(Profile.phone_hash).where(Profile.id == gone.member_id)
    ).scalar_one()
    if gone.kind == "phone":
        others = [
            row
            for row in rows
            if row.kind == "phone" and row.member_id == gone.member_id and row.id != gone.id
        ]
        if not others:
            raise Refusal("LAST_IDENTIFIER")
        if gone.hash == own:
            _make_own(session, others[0])
    session.execute(delete(IdentifierRow).where(IdentifierRow.id == gone.id))
    event = IdentifierUnlinked(
        identifier_id=gone.id, member_id=gone.member_id, kind=gone.kind, reason=reason
    )
    outbox.emit(session, (event, gone.id, 2))
    return Identifiers(items=[_shown(keys, caller, row) for row in rows if row.id != gone.id])


def list_identifiers(
    session: Session, keys: Keyring, caller: Caller, command: ListIdentifiers
) -> Identifiers:
    """The identifiers of a member, and of those merged into it, oldest first."""
    open_ = (Profile.id == command.member_id, Profile.erased_at.is_(None))
    if session.scalar(select(Profile.id).where(*open_)) is None:
        raise Refusal("UNKNOWN_MEMBER", {"member_id": command.member_id})
    rows = _of_group(session, identifiers.owner_of(session, command.member_id))
    return Identifiers(items=[_shown(keys, caller, row) for row in rows])


def _of_group(session: Session, member_id: UUID) -> Sequence[Row[Any]]:
    group = select(Profile.id).where(or_(Profile.id == member_id, Profile.survivor_id == member_id))
    return session.execute(
        select(IdentifierRow.__table__)
        .where(
            IdentifierRow.member_id == any_(func.array(group.scalar_subquery(), type_=ARRAY(Uuid)))
        )
        .order_by(IdentifierRow.linked_at, IdentifierRow.id)
    ).all()


def _make_own(session: Session, row: Row[Any]) -> None:
    """Show another of a member's phones as the member's own."""
    session.execute(
        update(Profile)
        .where(Profile.id == row.member_id)
        .values(phone_cipher=row.cipher, phone_hash=row.hash, last_four=row.last_four)
    )


def _shown(keys: Keyring, caller: Caller, row: Any) -> Identifier:
    value = keys.decrypt(row.cipher, row.member_id)
    return Identifier(
        id=row.id,
        member_id=row.member_id,
        kind=row.kind,
        shop=row.shop,
        shown=_masked(row.kind, value, whole=bool(caller.roles & MANAGERS)),
        verified=row.verified,
        linked_at=row.linked_at,
    )


def _masked(kind: IdentifierKind, value: str, whole: bool) -> str:
    match kind:
        case "phone":
            return phones.masked(value)
        case "email":
            local, _, host = value.partition("@")
            return f"{local[:1]}***@{host}"
        case "card" | "shop_account" if whole:
            return value
        case "shop_account":
            return f"{value[:1]}***{value[-1:]}"
        case _:
            return f"****{value[-4:]}" if len(value) > 8 else f"****{value[-1:]}"
