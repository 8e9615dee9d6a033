"""The work on imports: a piece of a file at a time, each in one transaction (M22, K30).

A piece is checked or imported wholly or not at all: killed anywhere, the work goes on from there.
Several work side by side on pieces of one import, unless it matters which row comes first: in a dry
run, where the second row of a phone is the faulty one, and where rows fill in what is empty.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, delete, func, select, text, union, update
from sqlalchemy.orm import Session

from services.member import arrivals, identifiers, imports
from services.member.import_rows import Draft, Flaw, Judged, Plan
from services.member.models import (
    Erasure,
    Identifier,
    ImportChunk,
    ImportFault,
    ImportKey,
    ImportRun,
    Profile,
    Store,
)
from services.member.phones import Keyring
from shared import outbox
from shared.contracts import Envelope, Event
from shared.contracts.loyalty.openings import OpeningsBooked
from shared.contracts.member.imports import (
    CheckImport,
    MembersImported,
    Opening,
    OpeningsBroughtIn,
    Totals,
)
from shared.seal import Caller

Numbered = list[tuple[int, Judged]]
ERASED_ROW = 0
"""What a key says in place of its row once the person was erased."""


def work(session: Session, keys: Keyring, now: datetime | None = None) -> bool:
    """Check or import one piece of the import that waits longest; False: there is nothing to do,
    or others are doing it."""
    found = _next_piece(session)
    if found is None:
        return False
    row, chunk = found
    session.info["caller"] = row.seal
    caller = msgspec.convert(row.caller, Caller)
    plan = Plan(session, keys, caller, msgspec.convert(row.plan, CheckImport))
    rows = imports.opened(keys, chunk)
    if row.state == "checking":
        judged = [(chunk.first_row + i, plan.judge(chunk.first_row + i, r)) for i, r in
                  enumerate(rows)]  # fmt: skip
        _check(session, plan, row, chunk, judged)
    else:
        _import(session, plan, row, chunk, rows, now or datetime.now(UTC))
    return True


def _next_piece(session: Session) -> tuple[Row[Any], Row[Any]] | None:
    """The import that waits longest, and a locked piece of it. Whoever cancels the import waits
    until the piece is done."""
    waits = select(ImportRun.__table__).where(_WAITS).order_by(ImportRun.created_at).limit(1)
    row = session.execute(waits.with_for_update(read=True, key_share=True)).one_or_none()
    if row is None:
        return None
    pieces = select(ImportChunk.__table__).where(ImportChunk.import_id == row.id)
    if row.state == "checking":
        pieces = pieces.where(~ImportChunk.checked)
    pieces = pieces.order_by(ImportChunk.first_row).limit(1)
    if row.state == "running" and row.plan.get("existing") != "fill":
        pieces = pieces.with_for_update(skip_locked=True)
    elif not session.scalar(_TRY_ALONE, {"id": str(row.id)}):
        return None
    chunk = session.execute(pieces).one_or_none()
    return (row, chunk) if chunk else None


def on_openings_booked(session: Session, envelopes: list[Envelope[OpeningsBooked]]) -> None:
    """Loyalty has booked opening balances: what is booked is shown, and the last one ends it."""
    sums: dict[UUID, Counter[str]] = {}
    for each in envelopes:
        told = msgspec.structs.asdict(each.data)
        sums.setdefault(told.pop("import_id"), Counter()).update(told)
    for import_id, booked in sorted(sums.items()):
        row = session.execute(
            update(ImportRun)
            .where(ImportRun.id == import_id)
            .values(
                openings_booked=ImportRun.openings_booked + booked["rows"],
                points_booked=ImportRun.points_booked + booked["points"],
                principal_booked_minor=ImportRun.principal_booked_minor + booked["principal_minor"],
                bonus_booked_minor=ImportRun.bonus_booked_minor + booked["bonus_minor"],
            )
            .returning(ImportRun.__table__)
        ).one()
        _finish_if_done(session, row, datetime.now(UTC))


def _check(session: Session, plan: Plan, row: Row[Any], chunk: Row[Any], judged: Numbered) -> None:
    """The dry run of a piece: its faults are written down, and its good rows counted."""
    drafts = [each.draft for _, each in judged if each.draft is not None]
    there = arrivals.found(session, drafts)
    flaws: dict[int, list[Flaw]] = {number: each.flaws for number, each in judged}
    for number, flaw in _flaws_of_others(session, plan, row.id, drafts, there):
        flaws[number].append(flaw)
    imports.add_faults(
        session,
        [
            {
                "import_id": row.id,
                "row": number,
                "position": position,
                "column": column,
                "code": code,
                "parameters": msgspec.to_builtins(parameters),
            }
            for number, of_row in flaws.items()
            for position, (column, code, parameters) in enumerate(of_row)
        ],
    )
    good, bad = Counter[str](), Counter[str]()
    for number, each in judged:
        (bad if flaws[number] else good).update(msgspec.structs.asdict(each.opening))
    found = sum(not flaws[draft.row] and draft.hash in there for draft in drafts)
    session.execute(
        update(ImportChunk)
        .where(ImportChunk.import_id == row.id, ImportChunk.first_row == chunk.first_row)
        .values(checked=True)
    )
    counted = session.execute(
        update(ImportRun)
        .where(ImportRun.id == row.id)
        .values(
            checked=ImportRun.checked + chunk.rows,
            faulty=ImportRun.faulty + sum(map(bool, flaws.values())),
            found=ImportRun.found + found,
            points=ImportRun.points + good["points_sum"],
            principal_minor=ImportRun.principal_minor + good["principal_minor"],
            bonus_minor=ImportRun.bonus_minor + good["bonus_minor"],
            points_left_out=ImportRun.points_left_out + bad["points_sum"],
            principal_left_out_minor=ImportRun.principal_left_out_minor + bad["principal_minor"],
            bonus_left_out_minor=ImportRun.bonus_left_out_minor + bad["bonus_minor"],
        )
        .returning(ImportRun.__table__)
    ).one()
    if counted.checked == counted.rows:
        imports.move(session, counted, "checked")


def _flaws_of_others(
    session: Session,
    plan: Plan,
    import_id: UUID,
    drafts: Sequence[Draft],
    there: dict[bytes, Row[Any]],
) -> list[tuple[int, Flaw]]:
    """What is wrong with rows because of other rows, or of members there are."""
    flaws: list[tuple[int, Flaw]] = []
    cards = {draft.card_code for draft in drafts if draft.card_code}
    bare = {code: identifiers.card_of(code) or code for code in cards}
    hashes = {code: plan.keys.digest_of(b"card:" + bare[code].encode()) for code in cards}
    rows = [(draft.hash, draft.row) for draft in drafts]
    rows += [(hashes[draft.card_code], draft.row) for draft in drafts if draft.card_code]
    first = _first_rows(session, import_id, rows)
    taken = identifiers.owners_of_cards(session, plan.keys, cards)
    currencies = dict(session.execute(select(Store.id, Store.currency)).all())
    for draft in drafts:
        phone, card = plan.column_of["phone"], plan.column_of.get("card_code")
        if first[draft.hash] == ERASED_ROW:
            flaws.append((draft.row, (phone, "ROW_ERASED", {})))
        elif first[draft.hash] != draft.row:
            flaws.append((draft.row, (phone, "ROW_PHONE_TWICE", {"row": first[draft.hash]})))
        if draft.card_code and first[hashes[draft.card_code]] != draft.row:
            row = first[hashes[draft.card_code]]
            flaws.append((draft.row, (card, "ROW_CARD_TWICE", {"row": row})))
        member = there.get(draft.hash)
        owners = taken.get(draft.card_code or "", set())
        if owners - ({member.id} if member else set()):
            flaws.append((draft.row, (card, "ROW_CARD_TAKEN", {})))
        brings_money = draft.opening.principal_minor or draft.opening.bonus_minor
        if member and brings_money and currencies[member.home_store_id] != plan.command.currency:
            flaws.append((draft.row, (phone, "ROW_CURRENCY", {})))
    return flaws


def _first_rows(
    session: Session, import_id: UUID, rows: list[tuple[bytes, int]]
) -> dict[bytes, int]:
    """Which row of the file has each key first."""
    if not rows:
        return {}
    earliest: dict[bytes, int] = {}
    for key, row in rows:
        earliest.setdefault(key, row)
    keys = [{"key": key, "row": row} for key, row in sorted(earliest.items())]
    parameters = {"import_id": import_id, "keys": msgspec.json.encode(keys).decode()}
    session.execute(_ADD_KEYS, parameters)
    known = select(ImportKey.key, ImportKey.row).where(
        ImportKey.import_id == import_id, ImportKey.key == arrivals.one_of(list(earliest))
    )
    return dict(session.execute(known).all())


def _import(
    session: Session,
    plan: Plan,
    row: Row[Any],
    chunk: Row[Any],
    rows: list[list[str | None]],
    now: datetime,
) -> None:
    """Bring the good rows of a piece in; what the dry run found wrong stays out."""
    last = chunk.first_row + chunk.rows - 1
    faulty = set(
        session.scalars(
            select(ImportFault.row).where(
                ImportFault.import_id == row.id,
                ImportFault.row.between(chunk.first_row, last),
            )
        )
    )
    judged = [
        plan.judge(number, read)
        for number, read in enumerate(rows, chunk.first_row)
        if number not in faulty
    ]
    drafts = [each.draft for each in judged if each.draft is not None]
    there = arrivals.found(session, drafts, lock=True)
    gone = _erased(session, row.id, drafts)
    left_out = [draft for draft in drafts if draft.hash in gone]
    drafts = [draft for draft in drafts if draft.hash not in gone]
    _leave_out(session, plan, row.id, left_out)
    there = {phone: member for phone, member in there.items() if phone not in gone}
    created, there = arrivals.create(session, plan, row.id, drafts, there)
    filled = 0
    if plan.command.existing == "fill" and there:
        filled = arrivals.fill(session, plan, there, [d for d in drafts if d.hash in there])
    openings = _openings(drafts, there)
    told: list[tuple[Event, str, int]] = []
    if created:
        arrived = MembersImported(import_id=row.id, items=arrivals.told_of(created))
        told.append((arrived, f"{row.id}/arrivals", chunk.first_row))
    if openings:
        event = OpeningsBroughtIn(import_id=row.id, items=openings)
        told.append((event, f"{row.id}/openings", chunk.first_row))
    outbox.emit(session, *told)
    session.execute(
        delete(ImportChunk).where(
            ImportChunk.import_id == row.id, ImportChunk.first_row == chunk.first_row
        )
    )
    counted = session.execute(
        update(ImportRun)
        .where(ImportRun.id == row.id)
        .values(
            done=ImportRun.done + chunk.rows,
            created=ImportRun.created + len(created),
            filled=ImportRun.filled + filled,
            openings_told=ImportRun.openings_told + len(openings),
            touched_at=func.now(),
        )
        .returning(ImportRun.__table__)
    ).one()
    _finish_if_done(session, counted, now)


def _erased(session: Session, import_id: UUID, drafts: Sequence[Draft]) -> set[bytes]:
    """The phones of those who were erased since the file was checked, or are being erased: nobody
    comes back from an older file. The members there are have to be locked before."""
    hashes = arrivals.one_of([draft.hash for draft in drafts])
    before = select(ImportKey.key).where(
        ImportKey.import_id == import_id, ImportKey.key == hashes, ImportKey.row == ERASED_ROW
    )
    going = (
        select(Identifier.hash)
        .join(Profile, Profile.id == Identifier.member_id)
        .join(Erasure, Erasure.member_id == func.coalesce(Profile.survivor_id, Profile.id))
        .where(
            Identifier.kind == "phone",
            Identifier.hash == hashes,
            Erasure.status.in_(("asking", "erasing")),
        )
    )
    return set(session.scalars(union(before, going)))


def _leave_out(session: Session, plan: Plan, import_id: UUID, drafts: Sequence[Draft]) -> None:
    """Rows that the dry run found good stay out after all, with what they would have brought."""
    if not drafts:
        return
    imports.add_faults(
        session,
        [
            {
                "import_id": import_id,
                "row": draft.row,
                "position": 0,
                "column": plan.column_of["phone"],
                "code": "ROW_ERASED",
                "parameters": {},
            }
            for draft in drafts
        ],
    )
    lost = Counter[str]()
    for draft in drafts:
        lost.update(msgspec.structs.asdict(draft.opening))
    points, principal, bonus = (
        lost[name] for name in ("points_sum", "principal_minor", "bonus_minor")
    )
    session.execute(
        update(ImportRun)
        .where(ImportRun.id == import_id)
        .values(
            faulty=ImportRun.faulty + len(drafts),
            points=ImportRun.points - points,
            principal_minor=ImportRun.principal_minor - principal,
            bonus_minor=ImportRun.bonus_minor - bonus,
            points_left_out=ImportRun.points_left_out + points,
            principal_left_out_minor=ImportRun.principal_left_out_minor + principal,
            bonus_left_out_minor=ImportRun.bonus_left_out_minor + bonus,
        )
    )


def _openings(drafts: Sequence[Draft], there: dict[bytes, Row[Any]]) -> list[Opening]:
    """What members bring along, those who were there already too."""
    return [
        Opening(
            row=draft.row,
            member_id=there[draft.hash].id if draft.hash in there else draft.member_id,
            store_id=draft.store.id,
            franchisee_id=draft.store.franchisee_id,
            time_zone=draft.store.time_zone,
            currency=draft.store.currency,
            points=draft.opening.points_sum,
            principal_minor=draft.opening.principal_minor,
            bonus_minor=draft.opening.bonus_minor,
            earned_on=draft.earned_on,
        )
        for draft in drafts
        if draft.opening != Totals()
    ]


def _finish_if_done(session: Session, row: Row[Any], now: datetime) -> None:
    """All rows are in, and the ledger has all they brought: the import is finished."""
    through = row.state == "running" and row.done == row.rows
    if through and row.openings_booked == row.openings_told:
        session.info["caller"] = row.seal
        imports.forget_rows(session, row.id)
        imports.move(session, row, "finished", finished_at=now)


_WAITS = (ImportRun.state == "checking") | (
    (ImportRun.state == "running") & (ImportRun.done < ImportRun.rows)
)
_TRY_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext('imports'), hashtext(:id))")
_ADD_KEYS = text(
    """INSERT INTO import_keys (import_id, key, "row")
    SELECT :import_id, decode(key, 'base64'), "row"
    FROM json_to_recordset(CAST(:keys AS json)) AS k(key text, "row" int)
    ON CONFLICT DO NOTHING"""
)
