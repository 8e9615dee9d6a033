"""One row of a file, judged after a mapping: what it says of a person, and what is wrong."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.member import cells, definitions, fields, phones
from services.member.birthdays import EARLIEST_BIRTHDAY
from services.member.cells import Wrong
from services.member.fields import Kept, Owner
from services.member.models import Staff, Store
from services.member.phones import Keyring
from shared import stores
from shared.contracts.member.imports import Cell, CheckImport, Totals
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Caller

Flaw = tuple[int | None, str, dict[str, Any]]
"""Column, code and parameters of a fault."""


class Draft(msgspec.Struct, kw_only=True):
    """A person as a row describes one. `number` is E.164; `hash` is what it is found by."""

    row: int
    member_id: UUID
    number: str
    hash: bytes
    name: str
    store: stores.Store
    card_code: str | None
    gender: str | None
    birthday: date | None
    city: str | None
    height_cm: int | None
    source_channel: str
    associate_id: UUID | None
    tags: list[str]
    marketing: bool | None
    given: dict[str, Any]
    fields: Kept
    opening: Totals
    earned_on: date


class Judged(msgspec.Struct):
    """Without `draft` the row cannot be a member at all; with `flaws` it is not to be imported."""

    draft: Draft | None
    flaws: list[Flaw]
    opening: Totals


class Plan:
    """What rows are judged by: the mapping, and the stores, staff and fields there are."""

    def __init__(self, session: Session, keys: Keyring, caller: Caller, command: CheckImport):
        self.keys = keys
        self.caller = caller
        self.command = command
        self.columns = [(each.column, each.target, each.values) for each in command.mapping]
        self.column_of = {target: column for column, target, _ in self.columns}
        known = [stores.Store(**row._mapping) for row in session.execute(select(Store.__table__))]
        self._by_code = {store.code.upper(): store for store in known}
        self._default = next((each for each in known if each.id == command.store_id), None)
        self._staff = set(session.scalars(select(Staff.id).where(Staff.active)))
        self.fields = fields.active(definitions.in_force(session), "member")
        now = datetime.now(UTC)
        self._today = {store.id: store.business_date(now) for store in known}
        self._countries = {store.id: phones.country_of(store.time_zone) for store in known}

    def judge(self, row: int, read: list[Cell]) -> Judged:
        """What a row says, and what is wrong with it."""
        flaws: list[Flaw] = []
        found: dict[str, Any] = {}
        for column, target, values in self.columns:
            cell = read[column] if column < len(read) else ""
            if cell is None:
                flaws.append((column, "ROW_FORMULA", {}))
                continue
            text = cell.strip()
            text = values.get(text, text)
            if not text:
                continue
            try:
                found[target] = self._read(target, text)
            except Wrong as error:
                flaws.append((column, error.code, {}))
        opening = Totals(
            points_sum=found.get("points", 0),
            principal_minor=found.get("principal", 0),
            bonus_minor=found.get("bonus", 0),
        )
        named_wrong = any(column == self.column_of.get("home_store") for column, _, _ in flaws)
        store = found.get("home_store") or (None if named_wrong else self._default)
        if not named_wrong:
            flaws += self._flaws_of_store(store, opening)
        if store is None:
            return Judged(None, flaws, opening)
        self._look_closer(store, found, flaws)
        if "name" not in found or "number" not in found:
            return Judged(None, flaws, opening)
        return Judged(self._draft(row, store, found, flaws, opening), flaws, opening)

    def country_of(self, store: stores.Store) -> str:
        return self._countries[store.id]

    def _read(self, target: str, text: str) -> Any:
        reader = _READERS.get(target)
        if reader is not None:
            return reader(text)
        if target == "home_store":
            try:
                return self._by_code[text.upper()]
            except KeyError:
                raise Wrong("ROW_STORE") from None
        if target == "associate":
            return self._associate(text)
        definition = self.fields.get(target.removeprefix("fields."))
        return cells.field_value(definition.field.kind, text) if definition else text

    def _associate(self, text: str) -> UUID:
        try:
            found = UUID(text)
        except ValueError:
            raise Wrong("ROW_ASSOCIATE") from None
        if found not in self._staff:
            raise Wrong("ROW_ASSOCIATE")
        return found

    def _flaws_of_store(self, store: stores.Store | None, opening: Totals) -> list[Flaw]:
        column = self.column_of.get("home_store")
        if store is None:
            return [(column, "ROW_EMPTY", {})]
        if not store.within(self.caller):
            return [(column, "ROW_SCOPE", {})]
        if not store.active:
            return [(column, "ROW_STORE_CLOSED", {})]
        brings_money = opening.principal_minor or opening.bonus_minor
        if brings_money and store.currency != self.command.currency:
            return [(column, "ROW_CURRENCY", {})]
        return []

    def _look_closer(self, store: stores.Store, found: dict[str, Any], flaws: list[Flaw]) -> None:
        """What can be judged only once the store is known, and what must not be missing."""
        today = self._today[store.id]
        if "birthday" in found and not EARLIEST_BIRTHDAY <= found["birthday"] <= today:
            del found["birthday"]
            flaws.append((self.column_of["birthday"], "ROW_DATE", {}))
        if "earned_on" in found and not EARLIEST_BIRTHDAY <= found["earned_on"] <= today:
            del found["earned_on"]
            flaws.append((self.column_of["earned_on"], "ROW_DATE", {}))
        if "phone" in found:
            number = phones.recognise(found["phone"], self.country_of(store))
            if number is None:
                flaws.append((self.column_of["phone"], "ROW_PHONE", {}))
            else:
                found["number"] = number
        flawed = {column for column, _, _ in flaws}
        flaws += [
            (self.column_of[target], "ROW_EMPTY", {})
            for target in ("phone", "name")
            if target not in found and self.column_of[target] not in flawed
        ]
        if found.get("membership") is False:
            flaws.append((self.column_of["membership"], "ROW_CONSENT", {}))

    def _draft(
        self,
        row: int,
        store: stores.Store,
        found: dict[str, Any],
        flaws: list[Flaw],
        opening: Totals,
    ) -> Draft:
        member_id = new_id()
        given = {key[7:]: value for key, value in found.items() if key.startswith("fields.")}
        return Draft(
            row=row,
            member_id=member_id,
            number=found["number"],
            hash=self.keys.hash_of(found["number"]),
            name=found["name"],
            store=store,
            card_code=found.get("card_code"),
            gender=found.get("gender"),
            birthday=found.get("birthday"),
            city=found.get("city"),
            height_cm=found.get("height_cm"),
            source_channel=found.get("source_channel", self.command.source_channel),
            associate_id=found.get("associate"),
            tags=found.get("tags", []),
            marketing=found.get("marketing"),
            given=given,
            fields=self._fields(Owner("member", member_id, self.country_of(store)), given, flaws),
            opening=opening,
            earned_on=found.get("earned_on", self._today[store.id]),
        )

    def _fields(self, owner: Owner, given: dict[str, Any], flaws: list[Flaw]) -> Kept:
        """The custom fields of a new member; what does not fit any more is left out."""
        kept: Kept = {}
        for key, value in given.items():
            try:
                kept = fields.filled(self.fields, self.keys, self.caller, owner, {key: value}, kept)
            except Refusal as error:
                flaws.append((self.column_of[f"fields.{key}"], error.code, error.parameters))
        return kept


_READERS: dict[str, Callable[[str], Any]] = {
    "phone": lambda text: text,
    "name": lambda text: cells.plain(text, 60),
    "card_code": cells.card,
    "gender": cells.gender,
    "birthday": cells.day,
    "city": lambda text: cells.plain(text, 60),
    "height_cm": lambda text: cells.whole(text, 40, 250),
    "source_channel": cells.channel,
    "tags": cells.tags,
    "membership": cells.agreed,
    "marketing": cells.agreed,
    "points": cells.points,
    "principal": cells.money,
    "bonus": cells.money,
    "earned_on": cells.day,
}
