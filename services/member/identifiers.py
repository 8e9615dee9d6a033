"""Identifiers: what a person is found by, each of one person only (M11, M12).

A phone, the union id of WeChat, a card of before, an e-mail address, an account of an online shop.
UNIQUE over kind and keyed hash decides between two who claim the same at once. The codes of our own
cards are no identifiers: they follow from the member's id. A code brought from an old system is one
beside being the member's card code, however it is written (`card_of`).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.member import cards, phones
from services.member.models import Identifier as IdentifierRow
from services.member.models import Profile
from services.member.phones import Keyring
from shared.contracts.member.identity import IdentifierInput, IdentifierKind, IdentifierLinked
from shared.errors import Refusal
from shared.seal import Caller

_SHAPES: dict[IdentifierKind, re.Pattern[str]] = {
    "union_id": re.compile(r"[A-Za-z0-9_-]{6,64}"),
    "card": re.compile(r"[A-Z0-9]{4,32}"),
    "email": re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]{2,}"),
    "shop_account": re.compile(r"\S(.{0,62}\S)?"),
}


class Known(msgspec.Struct, frozen=True):
    """An identifier in its one form."""

    kind: IdentifierKind
    shop: str | None
    value: str
    verified: bool


def claim(session: Session, rows: Sequence[dict[str, Any]]) -> bool:
    """Whether all of these identifiers are new and now this member's; waits for whoever is
    claiming one of them. Where one is not, the caller has to refuse, and so to roll back."""
    statement = insert(IdentifierRow).values(list(rows)).on_conflict_do_nothing()
    claimed = session.scalars(statement.returning(IdentifierRow.id)).all()
    return len(claimed) == len(rows)


def rows_of(
    keys: Keyring,
    caller: Caller,
    member_id: UUID,
    known: Iterable[Known],
    id_of: Callable[[], UUID],
) -> list[dict[str, Any]]:
    """The rows of a new member's identifiers; `id_of()` makes their ids."""
    return [{"id": id_of(), **row_of(keys, caller, member_id, each)} for each in known]


def linked(rows: Iterable[dict[str, Any]]) -> list[tuple[IdentifierLinked, UUID, int]]:
    """What to tell of identifiers that were given with a registration."""
    return [(linked_event(row), row["id"], 1) for row in rows]


def taken(session: Session, rows: Iterable[dict[str, Any]]) -> Refusal | None:
    """The refusal of identifiers of which one is somebody's, with whose it is."""
    for row in rows:
        other = found(session, row["kind"], row["hash"])
        if other is not None and other.member_id != row["member_id"]:
            code = "PHONE_TAKEN" if row["kind"] == "phone" else "IDENTIFIER_TAKEN"
            return Refusal(code, {"member_id": owner_of(session, other.member_id)})
    return None


def judged(given: IdentifierInput, country: str) -> Known:
    """The one form of an identifier; raises INVALID_IDENTIFIER and INVALID_PHONE."""
    value = unicodedata.normalize("NFKC", given.value).strip()
    if given.kind == "phone":
        value = phones.parse(value, country)
    else:
        form = _forms(value).get(given.kind)
        if form is None:
            raise Refusal("INVALID_IDENTIFIER", {"kind": given.kind})
        value = form
    if (given.kind == "shop_account") != (given.shop is not None):
        raise Refusal("INVALID_IDENTIFIER", {"kind": given.kind})
    return Known(given.kind, given.shop, value, given.verified)


def card_of(code: str) -> str | None:
    """The one form of a card of before; None for what is none, and for our own codes."""
    return _forms(unicodedata.normalize("NFKC", code).strip()).get("card")


def owners_of_cards(session: Session, keys: Keyring, codes: Iterable[str]) -> dict[str, set[UUID]]:
    """Whom cards of before stand for, by code as it is written: as card codes, or linked.

    Card codes from before identifiers there were are found as they are written, or bare.
    """
    forms = {code: card_of(code) or code for code in codes}
    if not forms:
        return {}
    hashes = {keys.identifier_hash("card", None, form): form for form in forms.values()}
    survivor = func.coalesce(Profile.survivor_id, Profile.id)
    coded = Profile.card_code.in_({*forms, *forms.values()})
    found: list[Any] = list(session.execute(select(Profile.card_code, survivor).where(coded)))
    rows: list[tuple[str, UUID]] = [(row[0], row[1]) for row in found]
    linked = (
        select(IdentifierRow.hash, survivor)
        .join(Profile, Profile.id == IdentifierRow.member_id)
        .where(IdentifierRow.kind == "card", IdentifierRow.hash.in_(hashes))
    )
    rows += [(hashes[hash_], owner) for hash_, owner in session.execute(linked)]
    return {
        code: {owner for found, owner in rows if found in (code, form)}
        for code, form in forms.items()
    }


def card_taken(
    session: Session, keys: Keyring, member_id: UUID, given: Iterable[IdentifierInput]
) -> Refusal | None:
    """The refusal of a card that is the card code of another member, with whose it is."""
    wanted = [cards.brought(each.value) or each.value for each in given if each.kind == "card"]
    for owners in owners_of_cards(session, keys, wanted).values():
        for other in sorted(owners - {member_id}):
            return Refusal("IDENTIFIER_TAKEN", {"member_id": other})
    return None


def meant(keys: Keyring, query: str) -> ColumnElement[bool]:
    """The condition on identifiers that a query may stand for, but for phones."""
    hashes = [keys.identifier_hash(kind, None, value) for kind, value in _forms(query).items()]
    return IdentifierRow.value_hash.in_(hashes)


def members_with(condition: ColumnElement[bool]) -> Select[Any]:
    """The ids of members who have such an identifier."""
    return select(IdentifierRow.member_id).where(condition).correlate(None)


def identified(session: Session, member_ids: Sequence[UUID]) -> bool:
    """Whether one of these has a contact that was verified (K35)."""
    contacts = IdentifierRow.kind.in_(("phone", "union_id", "email"))
    proved = select(IdentifierRow.id).where(
        IdentifierRow.member_id.in_(member_ids), contacts, IdentifierRow.verified
    )
    return session.scalar(select(proved.exists())) is True


def owner_of(session: Session, member_id: UUID) -> UUID:
    """The member an id stands for."""
    survivor = func.coalesce(Profile.survivor_id, Profile.id)
    owner: UUID = session.execute(select(survivor).where(Profile.id == member_id)).scalar_one()
    return owner


def _forms(value: str) -> dict[IdentifierKind, str]:
    """What a text may be, other than a phone, each in its one form."""
    card = re.sub(r"[\s-]", "", value).upper()
    forms: dict[IdentifierKind, str] = {
        "union_id": value,
        "card": card,
        "email": value.lower(),
        "shop_account": value,
    }
    if cards.recognise(value) is not None:
        del forms["card"]
    return {kind: form for kind, form in forms.items() if _SHAPES[kind].fullmatch(form)}


def row_of(keys: Keyring, caller: Caller, member_id: UUID, known: Known) -> dict[str, Any]:
    """The row of an identifier, but for its id."""
    if known.kind == "phone":
        hash_ = value_hash = keys.hash_of(known.value)
    else:
        hash_ = keys.identifier_hash(known.kind, known.shop, known.value)
        value_hash = keys.identifier_hash(known.kind, None, known.value)
    return {
        "member_id": member_id,
        "kind": known.kind,
        "shop": known.shop,
        "cipher": keys.encrypt(known.value, member_id),
        "hash": hash_,
        "value_hash": value_hash,
        "last_four": known.value[-4:] if known.kind == "phone" else None,
        "verified": known.verified,
        "linked_by": caller.id,
    }


def found(session: Session, kind: str, hash_: bytes) -> Any:
    """The row of an identifier; None: it is nobody's."""
    condition = (IdentifierRow.kind == kind, IdentifierRow.hash == hash_)
    return session.execute(select(IdentifierRow.__table__).where(*condition)).one_or_none()


def linked_event(row: dict[str, Any]) -> IdentifierLinked:
    """What is told of a link."""
    return IdentifierLinked(
        identifier_id=row["id"],
        member_id=row["member_id"],
        kind=row["kind"],
        verified=row["verified"],
    )
