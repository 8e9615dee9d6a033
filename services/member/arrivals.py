"""Members that arrive many at a time: created or added to by a few statements, however many.

A member with the same phone, be it a second one or that of somebody merged, is found and not
doubled. Who is created is told as one event with the others of the piece (`MembersImported`): an
event for each would cost more than the rest together.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    LargeBinary,
    Row,
    any_,
    cast,
    delete,
    func,
    select,
    text,
)
from sqlalchemy.orm import Session, aliased

from services.member import birthdays, cards, fields, identifiers, looking_after, names, timeline
from services.member.fields import Owner
from services.member.import_rows import Draft, Plan
from services.member.models import Identifier, MemberBirthday, Profile
from services.member.tags import all_tags
from services.member.values import searchable
from shared import outbox
from shared.contracts.member import MemberTagged, MemberUpdated
from shared.contracts.member.consents import ConsentFact, Purpose
from shared.contracts.member.imports import Arrival
from shared.ids import new_id

ATTEMPTS = 5
VERSION = 1
"""Of those who arrive, and of their tags."""


def found(
    session: Session, drafts: Sequence[Draft], *, lock: bool = False
) -> dict[bytes, Row[Any]]:
    """The members for whom the phones of these drafts stand, by the phones' hashes.

    Who is merged while it is waited for is left out: whoever looks again finds the survivor.
    """
    owner = aliased(Profile)
    statement = (
        select(Profile.__table__, Identifier.hash.label("found_by_hash"))
        .join(owner, func.coalesce(owner.survivor_id, owner.id) == Profile.id)
        .join(Identifier, Identifier.member_id == owner.id)
        .where(
            Identifier.kind == "phone",
            Identifier.hash == one_of([draft.hash for draft in drafts]),
            Profile.erased_at.is_(None),
            Profile.survivor_id.is_(None),
        )
    )
    if lock:
        statement = statement.order_by(Profile.id).with_for_update(of=Profile)
    return {row.found_by_hash: row for row in session.execute(statement)}


def one_of(hashes: Sequence[bytes]) -> ColumnElement[Any]:
    """What a column is compared with to be one of these, as one parameter however many they are."""
    return any_(cast(list(hashes), ARRAY(LargeBinary)))


def create(
    session: Session,
    plan: Plan,
    import_id: UUID,
    drafts: Sequence[Draft],
    there: dict[bytes, Row[Any]],
) -> tuple[list[Draft], dict[bytes, Row[Any]]]:
    """Create those who are not among the `found` and locked members; returns them, and the members
    who are there by phone.

    A card code that is taken meanwhile gives way to one of ours.
    """
    missing = [draft for draft in drafts if draft.hash not in there]
    created: list[Draft] = []
    for attempt in range(ATTEMPTS):
        if not missing:
            break
        for draft in missing:
            if attempt or draft.card_code is None:
                draft.card_code = cards.card_code(draft.member_id, attempt)
        made = _insert(session, plan, import_id, missing)
        created += [draft for draft in missing if draft.member_id in made]
        missing = [draft for draft in missing if draft.member_id not in made]
        there |= found(session, missing, lock=True) if missing else {}
        missing = [draft for draft in missing if draft.hash not in there]
    if missing:
        raise RuntimeError("every card code of a member is taken")
    _surround(session, plan, created)
    born = [(each.member_id, each.birthday, each.store.id) for each in created if each.birthday]
    birthdays.arrive(session, born, datetime.now(UTC))
    return created, there


def told_of(created: Sequence[Draft]) -> list[Arrival]:
    """What others are to be told of those who were created."""
    return [
        Arrival(
            member_id=draft.member_id,
            version=VERSION,
            card_code=draft.card_code or "",
            home_store_id=draft.store.id,
            associate_id=draft.associate_id,
            source_channel=draft.source_channel,
            consents=_agreed(draft),
            tags=draft.tags,
        )
        for draft in created
    ]


def fill(session: Session, plan: Plan, there: dict[bytes, Row[Any]], drafts: list[Draft]) -> int:
    """Fill in what is empty with members who are there; returns how many rows added to one.

    Of several rows for one member each is looked at with what the one before has added.
    """
    first, again = _one_each(there, drafts)
    filled = _fill(session, plan, there, first)
    return filled + (fill(session, plan, found(session, again, lock=True), again) if again else 0)


def _one_each(
    there: dict[bytes, Row[Any]], drafts: Sequence[Draft]
) -> tuple[list[Draft], list[Draft]]:
    """Each member's first draft, and the others."""
    first: list[Draft] = []
    again: list[Draft] = []
    seen: set[UUID] = set()
    for draft in drafts:
        row = there.get(draft.hash)
        (again if row is not None and row.id in seen else first).append(draft)
        seen |= {row.id} if row is not None else set()
    return first, again


def _fill(session: Session, plan: Plan, there: dict[bytes, Row[Any]], drafts: list[Draft]) -> int:
    rows: list[dict[str, Any]] = []
    told: list[looking_after.Told] = []
    handed: list[dict[str, Any]] = []
    ids = [row.id for row in there.values()]
    known = select(MemberBirthday.member_id).where(MemberBirthday.member_id.in_(ids))
    unborn = set(ids) - set(session.scalars(known))
    born: list[tuple[UUID, date, UUID]] = []
    for draft in drafts:
        row = there.get(draft.hash)
        if row is not None and row.id not in unborn:
            draft.birthday = None
        added = _additions(plan, row, draft) if row is not None else {}
        if row is None or not added:
            continue
        named = sorted(set(added) - {"found_by", "fields", "tags"})
        named += [f"fields.{key}" for key in added.get("fields", {}) if key not in row.fields]
        version, sequence = row.version, row.event_sequence
        if named:
            version, sequence = version + 1, sequence + 1
            updated = MemberUpdated(member_id=row.id, version=version, fields=named)
            told.append((updated, row.id, sequence))
        if "tags" in added:
            version, sequence = version + 1, sequence + 1
            shown = all_tags(added["tags"], row.rule_tags)
            tagged = MemberTagged(member_id=row.id, version=version, tags=shown)
            told.append((tagged, row.id, sequence))
        if "birthday" in added:
            born.append((row.id, added["birthday"], row.home_store_id))
        if "associate_id" in added:
            handed.append(timeline.handed_over(row.id, added["associate_id"]))
            told.append(looking_after.changed(row.id, version, added["associate_id"]))
        kept = {name: row._mapping[name] for name in _FILLABLE} | added
        rows.append(kept | {"id": row.id, "version": version, "event_sequence": sequence})
    if rows:
        session.execute(_FILL, {"rows": msgspec.json.encode(rows).decode()})
        timeline.tell(session, handed)
        birthdays.arrive(session, born, datetime.now(UTC))
        outbox.emit(session, *told)
    return len(rows)


def _insert(session: Session, plan: Plan, import_id: UUID, drafts: Sequence[Draft]) -> set[UUID]:
    """Those of the drafts that are members now; in the order of phones, as two imports may meet."""
    rows = []
    for draft in sorted(drafts, key=lambda each: each.hash):
        said = f"{import_id}:{draft.row}".encode()
        rows.append(
            {
                "id": draft.member_id,
                "version": VERSION,
                "event_sequence": VERSION,
                "card_code": draft.card_code,
                "name": draft.name,
                "search_name": searchable(draft.name),
                "phone_cipher": plan.keys.encrypt(draft.number, draft.member_id),
                "phone_hash": draft.hash,
                "last_four": draft.number[-4:],
                "gender": draft.gender,
                "birthday": draft.birthday,
                "city": draft.city,
                "height_cm": draft.height_cm,
                "source_channel": draft.source_channel,
                "home_store_id": draft.store.id,
                "associate_id": draft.associate_id,
                "tags": draft.tags,
                "registration_digest": plan.keys.digest_of(b"import:" + said),
                "fields": draft.fields,
                "found_by": fields.terms_of(draft.fields),
            }
        )
    made = session.scalars(_INSERT, {"rows": msgspec.json.encode(rows).decode()}).all()
    claims = [{"id": new_id(), "member_id": member_id} for member_id in made]
    parameters = {"rows": msgspec.json.encode(claims).decode(), "by": plan.caller.id}
    claimed = set(session.scalars(_CLAIM, parameters))
    if lost := set(made) - claimed:
        # Their phone has become somebody's second one meanwhile: they are found there.
        session.execute(delete(Profile).where(Profile.id.in_(lost)))
    return claimed - _without_card(session, plan, [d for d in drafts if d.member_id in claimed])


def _without_card(session: Session, plan: Plan, made: Sequence[Draft]) -> set[UUID]:
    """Those whose card has become somebody's meanwhile; they are taken back."""
    rows = []
    for draft in made:
        card = identifiers.card_of(draft.card_code or "")
        if card is not None:
            known = identifiers.Known("card", None, card, verified=False)
            row = identifiers.row_of(plan.keys, plan.caller, draft.member_id, known)
            rows.append(row | {"id": new_id()})
    if not rows:
        return set()
    rows.sort(key=lambda row: bytes(row["hash"]))
    text_ = msgspec.json.encode(rows).decode()
    lost = {row["member_id"] for row in rows} - set(session.scalars(_CARDS, {"rows": text_}))
    if lost:
        session.execute(delete(Identifier).where(Identifier.member_id.in_(lost)))
        session.execute(delete(Profile).where(Profile.id.in_(lost)))
    return lost


def _surround(session: Session, plan: Plan, created: Sequence[Draft]) -> None:
    """Consents, keys of names and timelines of those who were created."""
    now = datetime.now(UTC)
    agreed, keys, joined = [], [], []
    for draft in created:
        agreed += [
            {
                "member_id": draft.member_id,
                "purpose": each.purpose,
                "granted": each.granted,
                "store_id": draft.store.id,
            }
            for each in _agreed(draft)
        ]
        keys += [
            {"key": key, "member_id": draft.member_id} for key in sorted(names.keys_of(draft.name))
        ]
        joined.append(
            {
                "id": draft.member_id,
                "member_id": draft.member_id,
                "at": now,
                "kind": "joined",
                "store_id": draft.store.id,
                "staff_id": draft.associate_id,
            }
        )
    parameters = {
        "consents": msgspec.json.encode(agreed).decode(),
        "keys": msgspec.json.encode(keys).decode(),
        "notice": plan.command.notice_version,
        "marketing_notice": plan.command.marketing_notice_version or plan.command.notice_version,
        "by": plan.caller.id,
        "kind": plan.caller.kind,
    }
    session.execute(_SURROUND, parameters)
    timeline.tell(session, joined)


def _agreed(draft: Draft) -> list[ConsentFact]:
    """What is recorded of those who arrive: membership, and marketing where the file says it."""
    said: list[tuple[Purpose, bool]] = [("membership", True)]
    if draft.marketing is not None:
        said.append(("marketing", draft.marketing))
    return [
        ConsentFact(purpose=purpose, channel="any", franchisee_id=None, granted=granted)
        for purpose, granted in said
    ]


def _additions(plan: Plan, row: Row[Any], draft: Draft) -> dict[str, Any]:
    """What a draft has and its member has not."""
    added = {
        name: value
        for name in ("gender", "birthday", "city", "height_cm", "associate_id", "tags")
        if (value := getattr(draft, name)) and not row._mapping[name]
    }
    missing = {key: value for key, value in draft.given.items() if key not in row.fields}
    usable = {key: value for key, value in missing.items() if key in draft.fields}
    if usable:
        owner = Owner("member", row.id, plan.country_of(draft.store))
        kept = fields.filled(plan.fields, plan.keys, plan.caller, owner, usable, row.fields)
        if kept != row.fields:
            added |= {"fields": kept, "found_by": fields.terms_of(kept)}
    return added


_FILLABLE = (
    "gender", "birthday", "city", "height_cm", "associate_id", "tags", "fields", "found_by",
)  # fmt: skip
_INSERT = text(
    """INSERT INTO members (id, version, event_sequence, card_code, name, search_name,
        phone_cipher, phone_hash, last_four, gender, birthday, city, height_cm, source_channel,
        home_store_id, associate_id, tags, registration_digest, fields, found_by)
    SELECT id, version, event_sequence, card_code, name, search_name,
        decode(phone_cipher, 'base64'), decode(phone_hash, 'base64'), last_four, gender, birthday,
        city, height_cm, source_channel, home_store_id, associate_id, tags,
        decode(registration_digest, 'base64'), fields, found_by
    FROM json_to_recordset(CAST(:rows AS json)) AS r(id uuid, version int, event_sequence int,
        card_code text, name text, search_name text, phone_cipher text, phone_hash text,
        last_four text, gender text, birthday date, city text, height_cm smallint,
        source_channel text, home_store_id uuid, associate_id uuid, tags text[],
        registration_digest text, fields jsonb, found_by text[])
    ON CONFLICT DO NOTHING RETURNING id"""
)
# In the order of phones, as members are.
_CLAIM = text(
    """INSERT INTO identifiers (id, member_id, kind, cipher, hash, value_hash, last_four, verified,
        linked_by)
    SELECT r.id, m.id, 'phone', m.phone_cipher, m.phone_hash, m.phone_hash, m.last_four, false, :by
    FROM json_to_recordset(CAST(:rows AS json)) AS r(id uuid, member_id uuid)
    JOIN members m ON m.id = r.member_id ORDER BY m.phone_hash
    ON CONFLICT DO NOTHING RETURNING member_id"""
)
_CARDS = text(
    """INSERT INTO identifiers (id, member_id, kind, cipher, hash, value_hash, verified, linked_by)
    SELECT id, member_id, 'card', decode(cipher, 'base64'), decode(hash, 'base64'),
        decode(value_hash, 'base64'), false, linked_by
    FROM json_to_recordset(CAST(:rows AS json)) AS r(id uuid, member_id uuid, cipher text,
        hash text, value_hash text, linked_by uuid)
    ON CONFLICT DO NOTHING RETURNING member_id"""
)
_SURROUND = text(
    """WITH agreed AS (
        INSERT INTO consents (member_id, purpose, channel, notice_version, granted, recorded_by,
            recorded_by_kind, store_id, proof)
        SELECT member_id, purpose, 'any',
            CASE purpose WHEN 'membership' THEN :notice ELSE :marketing_notice END,
            granted, :by, :kind, store_id, 'import'
        FROM json_to_recordset(CAST(:consents AS json))
            AS c(member_id uuid, purpose text, granted boolean, store_id uuid)
        RETURNING id, member_id, purpose, channel, granted
    ), counting AS (
        INSERT INTO consent_states (consent_id, member_id, purpose, channel, granted)
        SELECT * FROM agreed
    ) INSERT INTO name_keys (key, member_id) SELECT key, member_id
    FROM json_to_recordset(CAST(:keys AS json)) AS k(key text, member_id uuid)"""
)
_FILL = text(
    """UPDATE members m SET gender = r.gender, birthday = r.birthday, city = r.city,
        height_cm = r.height_cm, associate_id = r.associate_id, tags = r.tags, fields = r.fields,
        found_by = r.found_by, version = r.version, event_sequence = r.event_sequence
    FROM json_to_recordset(CAST(:rows AS json)) AS r(id uuid, gender text, birthday date,
        city text, height_cm smallint, associate_id uuid, tags text[], fields jsonb,
        found_by text[], version int, event_sequence int)
    WHERE m.id = r.id"""
)
