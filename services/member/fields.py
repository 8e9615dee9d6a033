"""The custom fields of one member or contact: filled in, read and found by, each with its rights.

Values are kept with what they belong to, as one JSONB column: ``{key: {value, version, term}}``. A
member is read, locked and versioned as a whole, so its fields need no rows of their own. `version`
is that of the definition that judged the value; `term` is the keyed hash it is found by. A phone
and a signature are kept encrypted, bound to their owner and field; of files their names are kept
here and their contents apart (`attachments`).
"""

import base64
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import msgspec
from sqlalchemy.orm import Session

from services.member import attachments, definitions, formulas, places, signatures, values
from services.member.definitions import Definition
from services.member.phones import Keyring
from services.member.unfit import Unfit
from shared.contracts.member.consents import Consent
from shared.contracts.member.fields import (
    AttachmentField,
    FieldInput,
    FieldSubject,
    FieldValue,
    FormulaField,
    LocationField,
    PhoneField,
    SignatureField,
)
from shared.errors import Forbidden, Refusal
from shared.seal import Caller

Kept = dict[str, dict[str, Any]]
SEALED = PhoneField | SignatureField
"""Kinds whose values are kept encrypted."""
Facts = Callable[[], tuple[dict[str, formulas.Value], date]]
"""What formulas may ask for besides fields, and today; asked only where there are formulas."""


class Owner(NamedTuple):
    """What fields belong to, the country whose national phone numbers are meant there, and of a
    contact the member."""

    subject: FieldSubject
    id: UUID
    country: str
    of: UUID | None = None

    @property
    def member_id(self) -> UUID:
        return self.of or self.id


def written(
    session: Session,
    keys: Keyring,
    caller: Caller,
    owner: Owner,
    given: dict[str, Any],
    kept: Kept | None = None,
    said: Sequence[Consent] = (),
) -> Kept:
    """What is to be kept once `given` is filled in; `kept` None: of something new. `said`: what is
    agreed to with it. To be written in the same transaction, as files follow it at once.

    A value that stays as it is, is not judged again. Raises `Refusal` UNKNOWN_FIELD, FIELD_INVALID,
    FIELD_REQUIRED, LOCATION_CONSENT_MISSING and `Forbidden("FIELD_FORBIDDEN")`. Something new needs
    every required field that the caller may edit; later none of them can be cleared.
    """
    if kept is not None and not given:
        return kept
    known = active(definitions.in_force(session), owner.subject)
    before = kept or {}
    ready = dict(given)
    for key in given.keys() & known.keys():
        ready[key] = _prepared(session, owner, known[key], given[key], before.get(key))
    result = filled(known, keys, caller, owner, ready, kept)
    placed = [
        key
        for key in ready
        if isinstance(known[key].field.kind, LocationField)
        and key in result
        and result[key] != before.get(key)
    ]
    if placed and not places.agreed(session, owner.member_id, said):
        labels = _labels(known[placed[0]].field)
        raise Refusal("LOCATION_CONSENT_MISSING", {"key": placed[0]} | labels)
    now = datetime.now(UTC)
    attachments.settle(session, owner.member_id, owner.id, before, result, now)
    return result


def filled(
    known: dict[str, Definition],
    keys: Keyring,
    caller: Caller,
    owner: Owner,
    given: dict[str, Any],
    kept: Kept | None = None,
) -> Kept:
    """The same, by definitions that are at hand."""
    result = dict(kept or {})
    for key, value in given.items():
        if key not in known:
            raise Refusal("UNKNOWN_FIELD", {"key": key})
        if not known[key].edited_by(caller):
            raise Forbidden("FIELD_FORBIDDEN", {"key": key})
        entry = _entry(keys, caller, owner, known[key], value, result.get(key))
        if entry is None:
            result.pop(key, None)
        else:
            result[key] = entry
    asked = known if kept is None else given
    for key in asked:
        field = known[key].field
        if field.required and key not in result and known[key].edited_by(caller):
            raise Refusal("FIELD_REQUIRED", {"key": key} | _labels(field))
    return result


def active(known: list[Definition], subject: FieldSubject) -> dict[str, Definition]:
    """The active fields of a subject by their keys."""
    return {each.field.key: each for each in _active(known, subject)}


def terms_of(kept: Kept) -> list[str]:
    """What something is found by."""
    return sorted(entry["term"] for entry in kept.values() if "term" in entry)


def terms_meant(
    session: Session, keys: Keyring, caller: Caller, query: str, country: str
) -> list[str]:
    """The terms of members that a query may stand for, in the searchable fields a caller sees."""
    return [
        keys.term_of(each.field.key, term)
        for each in _active(definitions.remembered(session), "member")
        if each.field.searchable and each.seen_by(caller)
        for term in values.terms_meant(each.field.kind, query, country)
    ]


def file_term(session: Session, keys: Keyring, caller: Caller, key: str) -> str:
    """What members with a file in a field are found by; raises UNKNOWN_FIELD where the caller sees
    no such field."""
    each = active(definitions.remembered(session), "member").get(key)
    if each is None or not each.seen_by(caller):
        raise Refusal("UNKNOWN_FIELD", {"key": key})
    if not isinstance(each.field.kind, AttachmentField):
        raise Refusal("UNKNOWN_FIELD", {"key": key})
    return keys.term_of(key, values.A_FILE)


def phone_of(
    session: Session, keys: Keyring, caller: Caller, owner_id: UUID, kept: Kept, key: str
) -> str:
    """The full number in a field of a member; raises `Refusal("UNKNOWN_FIELD")` where the caller
    sees none."""
    for each in _active(definitions.in_force(session), "member"):
        visible = each.field.key == key and each.seen_by(caller)
        if visible and key in kept and isinstance(each.field.kind, PhoneField):
            return str(_opened(keys, owner_id, each, kept[key]))
    raise Refusal("UNKNOWN_FIELD", {"key": key})


def carried(
    session: Session, keys: Keyring, kept: Kept, from_id: UUID, to_id: UUID
) -> dict[str, Any]:
    """The fields of one member as those of another: what is encrypted is so for whom it is of."""
    result = dict(kept)
    for each in definitions.in_force(session):
        key = each.field.key
        if key in kept and each.field.subject == "member" and isinstance(each.field.kind, SEALED):
            value = _opened(keys, from_id, each, kept[key])
            result[key] = kept[key] | {"value": _sealed(keys, to_id, each, value)}
    return result


def disclosed(
    known: list[Definition], keys: Keyring, subject: FieldSubject, owner_id: UUID, kept: Kept
) -> list[dict[str, Any]]:
    """Every value there is, for the person it is about: of ended fields too, phones in full. What
    formulas reckon is not kept, and so is not here."""
    definitions_of = {each.field.key: each for each in known if each.field.subject == subject}
    return [
        {
            "key": key,
            "label_zh": definitions_of[key].field.label_zh,
            "label_en": definitions_of[key].field.label_en,
            "value": _opened(keys, owner_id, definitions_of[key], entry),
        }
        for key, entry in kept.items()
        if key in definitions_of
    ]


class Reader:
    """Reads the fields of one subject as one caller may see them."""

    def __init__(
        self, session: Session, keys: Keyring, caller: Caller, subject: FieldSubject
    ) -> None:
        self._keys = keys
        self._known = _active(definitions.remembered(session), subject)
        self._seen = [each for each in self._known if each.seen_by(caller)]

    def read(self, owner_id: UUID, kept: Kept, facts: Facts) -> list[FieldValue]:
        """The values there are, in the order of the form."""
        if not self._seen:
            return []
        reckoned = self._reckoned(kept, facts)
        found = []
        for each in self._seen:
            key, kind = each.field.key, each.field.kind
            if reckoned.get(key) is not None:
                found.append(FieldValue(key=key, version=each.version, value=reckoned[key]))
            elif key in kept and not isinstance(kind, FormulaField):
                value = values.shown(kind, _opened(self._keys, owner_id, each, kept[key]))
                found.append(FieldValue(key=key, version=kept[key]["version"], value=value))
        return found

    def _reckoned(self, kept: Kept, facts: Facts) -> dict[str, Any]:
        wanted = {
            each.field.key: each.field.kind
            for each in self._seen
            if isinstance(each.field.kind, FormulaField)
        }
        if not wanted:
            return {}
        names, today = facts()
        for each in self._known:
            key = each.field.key
            if key in kept and not isinstance(each.field.kind, FormulaField):
                names[key] = values.operand(each.field.kind, kept[key]["value"])
        return {key: values.reckoned(kind, names, today) for key, kind in wanted.items()}


def _active(known: list[Definition], subject: FieldSubject) -> list[Definition]:
    return [each for each in known if each.field.active and each.field.subject == subject]


def _prepared(
    session: Session, owner: Owner, definition: Definition, given: Any, kept: dict[str, Any] | None
) -> Any:
    """What is given, with what has to be looked up to judge it."""
    kind = definition.field.kind
    try:
        if isinstance(kind, AttachmentField):
            there = kept["value"] if kept else []
            return attachments.found(session, definition, owner.member_id, owner.id, given, there)
        if isinstance(kind, SignatureField) and isinstance(given, dict) and "strokes" in given:
            signatures.require_notice(session, kind, given)
    except Unfit as error:
        raise _invalid(definition.field, error) from error
    return given


def _entry(
    keys: Keyring,
    caller: Caller,
    owner: Owner,
    definition: Definition,
    given: Any,
    kept: dict[str, Any] | None,
) -> dict[str, Any] | None:
    """What is kept of a value; None for an empty one."""
    field = definition.field
    before = None if kept is None else _opened(keys, owner.id, definition, kept)
    if kept is not None and given == values.shown(field.kind, before):
        return kept
    try:
        value = values.judged(field.kind, given, owner.country)
        if isinstance(field.kind, SignatureField) and value is not None:
            value = signatures.witnessed(value, definition.version, caller)
    except Unfit as error:
        raise _invalid(field, error) from error
    if value is None or value == before:
        return None if value is None else kept
    entry: dict[str, Any] = {"value": value, "version": definition.version}
    if isinstance(field.kind, SEALED):
        entry["value"] = _sealed(keys, owner.id, definition, value)
    term = values.term(field.kind, value)
    return entry if term is None else entry | {"term": keys.term_of(field.key, term)}


def _invalid(field: FieldInput, error: Unfit) -> Refusal:
    reasons = {"reason_zh": error.zh, "reason_en": error.en}
    return Refusal("FIELD_INVALID", {"key": field.key} | _labels(field) | reasons)


def _labels(field: FieldInput) -> dict[str, str]:
    return {"label_zh": field.label_zh, "label_en": field.label_en}


def _sealed(keys: Keyring, owner_id: UUID, definition: Definition, value: Any) -> str:
    clear = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    cipher = keys.encrypt(clear, uuid5(owner_id, definition.field.key))
    return base64.b64encode(cipher).decode()


def _opened(keys: Keyring, owner_id: UUID, definition: Definition, kept: dict[str, Any]) -> Any:
    """A kept value; of a phone the number, of a signature all there is."""
    kind = definition.field.kind
    if not isinstance(kind, SEALED):
        return kept["value"]
    clear = keys.decrypt(base64.b64decode(kept["value"]), uuid5(owner_id, definition.field.key))
    return clear if isinstance(kind, PhoneField) else msgspec.json.decode(clear)


def signature_of(
    session: Session, keys: Keyring, caller: Caller, owner: Owner, kept: Kept, key: str
) -> tuple[int, dict[str, Any]]:
    """A signature with its strokes, and the version of the field; raises UNKNOWN_FIELD where the
    caller sees none, UNKNOWN_SIGNATURE."""
    each = active(definitions.in_force(session), owner.subject).get(key)
    if each is None or not each.seen_by(caller) or not isinstance(each.field.kind, SignatureField):
        raise Refusal("UNKNOWN_FIELD", {"key": key})
    if key not in kept:
        raise Refusal("UNKNOWN_SIGNATURE")
    return kept[key]["version"], _opened(keys, owner.id, each, kept[key])
