"""What a service holds about a person, for the person: a table at a time, a page at a time.

Each service declares in its ``disclosure.py`` what of its tables goes out (`Section`), and of every
other column why not (`WITHHELD`); a test holds both against its tables, so that nothing is
forgotten. Rows are read under a grant of the member service, which names whose they are: all ids
that stand for the person.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import msgspec
from sqlalchemy import MetaData, Table, TextClause, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from shared import seal
from shared.contracts.member.disclosure import PAGE_ROWS, Records
from shared.errors import Forbidden, InvalidInput
from shared.paging import decode_cursor, encode_cursor
from shared.seal import Caller

GRANT_SECONDS = 3_600
_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]
SHARED = frozenset({"outbox", "inbox", "stores", "erased_members"})
"""Tables of the shared library: events carry ids and are gone after a week."""
Row = dict[str, Any]
Shapes = Mapping[str, Callable[[Row], Row]]
"""By table: what is done to a row before it goes out."""


class Section(NamedTuple):
    """Rows of a table that are about a person.

    `columns` in the order they are told, ``column:name`` where it is told under another name; a
    store is told by code and name. `also`: further values, as SQL. `key` orders the rows and is
    unique. `of`: the condition for the rows of :ids.
    """

    table: str
    zh: str
    en: str
    columns: str
    key: str = "id"
    of: str = "member_id = ANY(:ids)"
    also: Mapping[str, str] = {}

    @property
    def told(self) -> dict[str, str]:
        """What is told under which name."""
        pairs = (each.partition(":") for each in self.columns.split())
        return {name or column: column for column, _, name in pairs}

    def statement(self, table: Table, begun: bool) -> TextClause:
        """The rows of :ids, of those beyond :k0, :k1 … the first :rows."""
        keys = [_column(self.table, name) for name in self.key.split()]
        told = [f'{_shown(self.table, column)} AS "{name}"' for name, column in self.told.items()]
        told += [f'{expression} AS "{name}"' for name, expression in self.also.items()]
        place = (f"CAST({key} AS text)" for key in keys)
        beyond = ""
        if begun:
            kinds = [_type(table, name) for name in self.key.split()]
            reached = (f"CAST(:k{number} AS {kind})" for number, kind in enumerate(kinds))
            beyond = f" AND ({', '.join(keys)}) > ({', '.join(reached)})"
        # Names of tables and columns are declared, not given by anybody.
        columns, values = ", ".join(told), ", ".join(place)
        rows = f"SELECT {columns}, ARRAY[{values}] AS _key FROM {self.table}"  # noqa: S608
        wanted = f"WHERE ({self.of}){beyond} ORDER BY {', '.join(keys)} LIMIT :rows"
        outer = "SELECT to_jsonb(told) - '_key' AS told, _key AS key FROM"
        return text(f"{outer} ({rows} {wanted}) AS told")


class Grant(msgspec.Struct, frozen=True, tag="disclosure"):
    """Leave to read what there is about a person, for one caller, until a second of the epoch."""

    disclosure_id: UUID
    member_ids: list[UUID]
    caller_id: UUID
    until: int

    def sealed(self, key: str) -> str:
        return seal.signed(msgspec.json.encode(self), key)


class Asked(Protocol):
    """A command that asks for a page of records."""

    @property
    def grant(self) -> str: ...

    @property
    def after(self) -> str | None: ...


class Told(NamedTuple):
    """All tables of a service, and what of them goes out.

    `withheld`: why a table, or ``table.column``, does not. `not_of_persons`: tables that hold
    nothing about a member, named with blanks between.
    """

    metadata: MetaData
    sections: Sequence[Section]
    withheld: Mapping[str, str]
    not_of_persons: str

    def page(
        self,
        session: Session,
        key: str,
        caller: Caller,
        command: Asked,
        now: datetime,
        shapes: Shapes | None = None,
    ) -> Records:
        """The next page for the person of the command's grant: rows of the first section from
        `after` on that has any. Raises `Forbidden` when the grant is forged, another's or old."""
        ids = granted(command.grant, key, caller, now)
        number, begun = _place(command.after, len(self.sections))
        while True:
            section = self.sections[number]
            statement = section.statement(self.metadata.tables[section.table], bool(begun))
            place = {f"k{each}": value for each, value in enumerate(begun)}
            asked = {"ids": ids, "rows": PAGE_ROWS + 1, **place}
            rows = session.execute(statement, asked).all()
            last = number + 1 == len(self.sections)
            if rows or last:
                break
            number, begun = number + 1, []
        following = None
        if len(rows) > PAGE_ROWS:
            reached = rows[PAGE_ROWS - 1].key
            following = encode_cursor(number, msgspec.json.encode(reached).decode())
        elif not last:
            following = encode_cursor(number + 1, "[]")
        shape = (shapes or {}).get(section.table, dict)
        own = {str(each) for each in ids}
        return Records(
            table=section.table,
            title_zh=section.zh,
            title_en=section.en,
            columns=[*section.told, *section.also],
            rows=[_only(own, shape(row.told)) for row in rows[:PAGE_ROWS]],
            next=following,
        )


def granted(grant: str, key: str, caller: Caller, now: datetime) -> list[UUID]:
    """Whose data a grant is for; raises `Forbidden` when it is forged, another's or old."""
    found = seal.opened(grant, key, Grant)
    if found.caller_id != caller.id or now.timestamp() > found.until:
        raise Forbidden("FORBIDDEN_SCOPE")
    return found.member_ids


def _place(after: str | None, sections: int) -> tuple[int, list[str]]:
    if after is None:
        return 0, []
    try:
        number, key = decode_cursor(after, 2)
        begun = msgspec.json.decode(str(key), type=list[str])
        if not isinstance(number, int) or not 0 <= number < sections:
            raise ValueError("no such section")
    except (ValueError, msgspec.DecodeError) as error:
        raise InvalidInput("INVALID_CURSOR") from error
    return number, begun


def _shown(table: str, column: str) -> str:
    """A column as it is told."""
    plain = _column(table, column)
    if not column.endswith("store_id"):
        return plain
    named = "SELECT stores.code || ' ' || stores.name FROM stores WHERE stores.id ="
    return f"coalesce(({named} {plain}), CAST({plain} AS text))"


def _column(table: str, column: str) -> str:
    return f'{table}."{column}"'


def _type(table: Table, column: str) -> str:
    return table.columns[column].type.compile(dialect=_POSTGRESQL)


def _only(own: set[str], value: Any) -> Any:
    """JSON without the ids of other members."""
    if isinstance(value, dict):
        return {
            key: _only(own, each)
            for key, each in value.items()
            if not (_of_member(key) and isinstance(each, str) and each not in own)
            and not (_of_member(key) and isinstance(each, list) and not own.issuperset(each))
        }
    return [_only(own, each) for each in value] if isinstance(value, list) else value


def _of_member(key: str) -> bool:
    return key.endswith(("member_id", "member_ids", "merged_id", "merged_ids", "survivor_id"))
