"""Profiles: registering a person once, changing and reading what is known, looking at a phone."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, Row, Uuid, any_, cast, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.member import (
    birthdays,
    cards,
    consents,
    fields,
    identifiers,
    looking_after,
    names,
    phones,
    places,
    timeline,
)
from services.member.fields import Owner
from services.member.models import Profile, Store
from services.member.phones import Keyring
from services.member.values import searchable
from services.member.views import read_members, select_members, survivors_of
from shared import outbox
from shared.contracts.member import (
    GetMembers,
    Member,
    MemberRegistered,
    Members,
    MemberUpdated,
    Phone,
    PhoneRevealed,
    RegisterMember,
    RevealPhone,
    UpdateMember,
)
from shared.contracts.member.consents import Consent, ConsentsRecorded
from shared.errors import InvalidInput, Refusal
from shared.ids import new_id
from shared.seal import MANAGERS, Caller, Role
from shared.stores import find_store, require_store

CARD_CODE_ATTEMPTS = 5


def register(session: Session, keys: Keyring, caller: Caller, command: RegisterMember) -> Member:
    """Register a person (M2, M5, M6, M15). Sent again, it answers with the member as it is now,
    and is not judged by custom fields that have changed since.

    The unique hash of an identifier decides between two who register the same at once.
    """
    store = require_store(session, Store, caller, command.home_store_id)
    country = phones.country_of(store.time_zone)
    number = phones.parse(command.phone, country)
    consents.require_membership(command.consents)
    now = datetime.now(UTC)
    born = birthdays.given(command.birthday, command.born)
    birthdays.check(born, store.business_date(now))
    values = _new_profile(keys, caller, command, number)
    claims = _claims(keys, caller, command, number, country)
    earlier = _earlier(session, keys, caller, values, claims)
    if earlier is not None:
        return earlier
    if taken := identifiers.card_taken(session, keys, command.member_id, command.identifiers):
        raise taken
    consents.require_fit(session, command.consents)
    owner = Owner("member", command.member_id, country)
    filled = fields.written(session, keys, caller, owner, command.fields, said=command.consents)
    values |= {"fields": filled, "found_by": fields.terms_of(filled)}
    for attempt in range(CARD_CODE_ATTEMPTS):
        code = cards.card_code(command.member_id, attempt)
        if _insert(session, values | {"card_code": code}):
            if not identifiers.claim(session, claims):
                raise identifiers.taken(session, claims) or Refusal("MEMBER_ID_TAKEN")
            _tell_registered(session, caller, command, values | {"card_code": code})
            birthdays.keep(session, command.member_id, born, store, now)
            outbox.emit(session, *identifiers.linked(claims[1:]))
            return _get(session, keys, caller, command.member_id)
        earlier = _earlier(session, keys, caller, values, claims)
        if earlier is not None:
            return earlier
    raise RuntimeError("every card code of this member is taken")


def update_member(session: Session, keys: Keyring, caller: Caller, command: UpdateMember) -> Member:
    """Replace what is given, if nobody else has changed the member since.

    The same command sent again right after it was done is answered as the first was.
    """
    row = locked(session, command.member_id)
    digest = keys.digest_of(msgspec.json.encode(command, order="deterministic"))
    if row.version != command.version:
        if row.update_digest == digest:
            return _get(session, keys, caller, row.id)
        raise Refusal("MEMBER_CHANGED", {"version": row.version})
    store = find_store(session, Store, row.home_store_id)
    now = datetime.now(UTC)
    born = birthdays.given(command.birthday, command.born)
    birthdays.check(born, store.business_date(now))
    owner = Owner("member", row.id, phones.country_of(store.time_zone))
    filled = fields.written(
        session, keys, caller, owner, command.fields, row.fields, command.consents
    )
    given = _given(command) | {"fields": filled, "found_by": fields.terms_of(filled)}
    changed = {name: value for name, value in given.items() if value != row._mapping[name]}
    told = [name for name in changed if name not in ("search_name", "fields", "found_by")]
    told += [f"fields.{key}" for key in command.fields if filled.get(key) != row.fields.get(key)]
    if birthdays.keep(session, row.id, born, store, now) and "birthday" not in told:
        told.append("birthday")
    if command.consents:
        told.append("consents")
    if "name" in changed:
        names.index(session, row.id, changed["name"])
    if "associate_id" in changed:
        timeline.tell(session, [timeline.handed_over(row.id, changed["associate_id"])])
    if told:
        version = row.version + 1
        sequence = advance(session, row, version=version, update_digest=digest, **changed)
        event = MemberUpdated(member_id=row.id, version=version, fields=sorted(told))
        events: list[looking_after.Told] = [(event, row.id, sequence)]
        if "associate_id" in changed:
            events.append(looking_after.changed(row.id, version, changed["associate_id"]))
        outbox.emit(session, *events)
    if command.consents:
        _agree(session, caller, row.id, command.consents)
    return _get(session, keys, caller, row.id)


def get_members(session: Session, keys: Keyring, caller: Caller, command: GetMembers) -> Members:
    """Members by id, in every store alike (M14); who was merged as the survivor, unknown ids are
    left out."""
    wanted = Profile.id == any_(cast(command.ids, ARRAY(Uuid)))
    found = select_members(survivors_of(wanted)).order_by(Profile.id)
    return Members(items=read_members(session, keys, caller, found))


def reveal_phone(session: Session, keys: Keyring, caller: Caller, command: RevealPhone) -> Phone:
    """The full number, for the member's own associate, and for managers whose scope reaches the
    member's home store: a franchisee is a handler of its own (PIPL 23). Every look is an event."""
    purpose = one_line(command.purpose, "$.purpose")
    row = locked(session, command.member_id)
    own = caller.kind == "staff" and row.associate_id == caller.id
    if not own:
        caller.require(MANAGERS)
        require_store(session, Store, caller, row.home_store_id)
    if command.field is None:
        number = keys.decrypt(row.phone_cipher, row.id)
    else:
        number = fields.phone_of(session, keys, caller, row.id, row.fields, command.field)
    sequence = advance(session, row)
    event = PhoneRevealed(member_id=row.id, purpose=purpose, field=command.field)
    outbox.emit(session, (event, row.id, sequence))
    return Phone(phone=number)


def one_line(text: str, field: str) -> str:
    """The text without white space around it and with single blanks in it; never empty."""
    line = " ".join(text.split())
    if not line:
        raise InvalidInput("INVALID_INPUT", {"field": field, "reason": "Expected some text"})
    return line


def locked(session: Session, member_id: UUID) -> Row[Any]:
    """The row of the member an id stands for, until the end of the transaction; raises
    `Refusal("UNKNOWN_MEMBER")`."""
    asked = member_id
    while True:
        row = session.execute(
            select(Profile.__table__)
            .where(Profile.id == asked, Profile.erased_at.is_(None))
            .with_for_update()
        ).one_or_none()
        if row is None:
            raise Refusal("UNKNOWN_MEMBER", {"member_id": member_id})
        if row.survivor_id is None:
            return row
        asked = row.survivor_id


def advance(session: Session, row: Row[Any], **values: Any) -> int:
    """Write `values` over a locked row and count one more event; returns the event's sequence."""
    sequence: int = row.event_sequence + 1
    session.execute(
        update(Profile).where(Profile.id == row.id).values(event_sequence=sequence, **values)
    )
    return sequence


def _agree(session: Session, caller: Caller, member_id: UUID, given: Sequence[Consent]) -> None:
    """Consents that come with a change of the profile, told as an event of their own."""
    consents.require_fit(session, given)
    store_id = consents.store_of(caller)
    facts = consents.record(session, caller, member_id, store_id, given)
    sequence = advance(session, locked(session, member_id))
    event = ConsentsRecorded(member_id=member_id, store_id=store_id, consents=facts)
    outbox.emit(session, (event, member_id, sequence))
    places.follow(session, member_id, given)


def _new_profile(
    keys: Keyring, caller: Caller, command: RegisterMember, number: str
) -> dict[str, Any]:
    """The row of a new member, but for its card code."""
    name = one_line(command.name, "$.name")
    meant = msgspec.structs.replace(command, phone=number, name=name)
    return {
        "id": command.member_id,
        "version": 1,
        "event_sequence": 1,
        "name": name,
        "search_name": searchable(name),
        "phone_cipher": keys.encrypt(number, command.member_id),
        "phone_hash": keys.hash_of(number),
        "last_four": number[-4:],
        "gender": command.gender,
        "birthday": birthdays.date_of_birth(birthdays.given(command.birthday, command.born)),
        "city": None if command.city is None else one_line(command.city, "$.city"),
        "source_channel": command.source_channel,
        "home_store_id": command.home_store_id,
        "associate_id": command.associate_id or _associate(caller),
        "registered_by": caller.id if caller.kind == "staff" else None,
        "tags": [],
        "sizes": command.sizes,
        "height_cm": command.height_cm,
        "style": command.style or None,
        "wechat": None if command.wechat is None else one_line(command.wechat, "$.wechat"),
        "spending_power": command.spending_power,
        "style_preferences": _preferences(command.style_preferences),
        "registration_digest": keys.digest_of(msgspec.json.encode(meant, order="deterministic")),
    }


def _associate(caller: Caller) -> UUID | None:
    """Whoever registers a member on the floor looks after them."""
    if caller.kind == "staff" and Role.ASSOCIATE in caller.roles:
        return caller.id
    return None


def _insert(session: Session, values: dict[str, Any]) -> bool:
    """Whether the row is new; waits for whoever is inserting the same id, phone or card code."""
    statement = insert(Profile).values(values).on_conflict_do_nothing()
    return session.scalar(statement.returning(Profile.id)) is not None


def _tell_registered(
    session: Session, caller: Caller, command: RegisterMember, values: dict[str, Any]
) -> None:
    facts = consents.record(
        session, caller, command.member_id, command.home_store_id, command.consents
    )
    names.index(session, command.member_id, values["name"])
    timeline.tell(
        session,
        [
            {
                "id": command.member_id,
                "member_id": command.member_id,
                "at": datetime.now(UTC),
                "kind": "joined",
                "store_id": command.home_store_id,
                "staff_id": values["associate_id"],
            }
        ],
    )
    event = MemberRegistered(
        member_id=command.member_id,
        card_code=values["card_code"],
        home_store_id=command.home_store_id,
        associate_id=values["associate_id"],
        source_channel=command.source_channel,
        consents=facts,
    )
    outbox.emit(session, (event, command.member_id, 1))


def _claims(
    keys: Keyring, caller: Caller, command: RegisterMember, number: str, country: str
) -> list[dict[str, Any]]:
    """The rows of a new member's identifiers, the own phone first."""
    own = identifiers.Known("phone", None, number, command.phone_verified)
    more = [identifiers.judged(each, country) for each in command.identifiers]
    known = {(each.kind, each.shop, each.value): each for each in (*more, own)}
    first = known.pop(("phone", None, number))
    return identifiers.rows_of(keys, caller, command.member_id, [first, *known.values()], new_id)


def _earlier(
    session: Session,
    keys: Keyring,
    caller: Caller,
    values: dict[str, Any],
    claims: list[dict[str, Any]],
) -> Member | None:
    """The member an equal command made; refuses the id or an identifier of somebody else; None:
    none is taken."""
    known = session.execute(
        select(Profile.registration_digest).where(Profile.id == values["id"])
    ).one_or_none()
    if known is not None:  # of somebody who was erased there is no digest any more
        if known.registration_digest != values["registration_digest"]:
            raise Refusal("MEMBER_ID_TAKEN")
        return _get(session, keys, caller, values["id"])
    taken = identifiers.taken(session, claims)
    if taken is not None:
        raise taken
    return None


def _given(command: UpdateMember) -> dict[str, Any]:
    """The columns a command replaces."""
    given: dict[str, Any] = {
        name: value
        for name in ("gender", "associate_id", "sizes", "height_cm", "spending_power")
        if (value := getattr(command, name)) is not None
    }
    if command.name is not None:
        given["name"] = one_line(command.name, "$.name")
        given["search_name"] = searchable(command.name)
    if command.city is not None:
        given["city"] = one_line(command.city, "$.city")
    if command.style is not None:
        given["style"] = command.style or None
    if command.wechat is not None:
        given["wechat"] = one_line(command.wechat, "$.wechat")
    if command.style_preferences is not None:
        given["style_preferences"] = _preferences(command.style_preferences)
    born = birthdays.given(command.birthday, command.born)
    if born is not None:
        given["birthday"] = birthdays.date_of_birth(born)
    return given


def _preferences(told: list[str]) -> list[str]:
    return list(dict.fromkeys(one_line(each, "$.style_preferences") for each in told))


def _get(session: Session, keys: Keyring, caller: Caller, member_id: UUID) -> Member:
    wanted = survivors_of(Profile.id == member_id)
    return read_members(session, keys, caller, select_members(wanted))[0]
