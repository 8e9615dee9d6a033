"""What a service knows of persons, and how it is destroyed (K37).

Each service declares in its ``personal.py`` every column that may hold something about a person
(`PERSONAL`) and every one that cannot (`HARMLESS`); a test holds both against its tables, so that
no column is forgotten. Erasure blanks the personal ones in place: rows, sums and ids stay. A table
of what was erased lets the audit see to it that nothing comes back.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import DateTime, TextClause, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from shared.contracts.member.erasure import DataClass, Destroyed

HARMLESS = {
    "outbox": "type subject envelope",
    "inbox": "handler",
    "stores": "code name legal_entity time_zone currency",
    "erased_members": "destroyed",
}
"""Columns of the shared library's tables, which hold nothing of a person: events carry ids (what
remarks on documents they repeat is gone with them after a week)."""


class Personal(NamedTuple):
    """Columns of a table that are about a person, each with what it becomes (SQL).

    `of`: the condition for the rows of :member_id. No columns: the rows are deleted.
    """

    table: str
    data_class: DataClass
    columns: dict[str, str]
    of: str = "member_id = :member_id"

    @property
    def of_erased(self) -> str:
        """The condition for the rows of a member in the table `erased`."""
        return self.of.replace(":member_id", "erased.member_id")

    @property
    def left(self) -> str:
        """The condition for rows that still hold something."""
        left = (f"{name} IS DISTINCT FROM {blank}" for name, blank in self.columns.items())
        return f"({' OR '.join(left) or 'true'})"

    @property
    def statement(self) -> TextClause:
        """Blanks or deletes what :member_id has here."""
        blanks = ", ".join(f"{name} = {blank}" for name, blank in self.columns.items())
        change = ("UPDATE", f"SET {blanks}") if blanks else ("DELETE FROM", "")
        return text(f"{change[0]} {self.table} {change[1]} WHERE {self.of} AND {self.left}")

    @property
    def check(self) -> str:
        """Members in the table `erased` of whom a row still holds something."""
        rows = f"FROM {self.table} WHERE {self.of_erased} AND {self.left}"
        erased = "SELECT member_id FROM erased_members AS erased WHERE EXISTS"
        return f"{erased} (SELECT {rows})"


class ErasedMixin:
    """A person of whom this service has destroyed everything: ids, and how much it was."""

    __tablename__ = "erased_members"

    member_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    erasure_id: Mapped[UUID] = mapped_column(Uuid)
    destroyed: Mapped[list[Any]] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


_REMEMBER = text(
    "INSERT INTO erased_members (member_id, erasure_id, destroyed)"
    " VALUES (:member_id, :erasure_id, CAST(:destroyed AS jsonb))"
    " ON CONFLICT (member_id) DO NOTHING"
)


def destroy(
    session: Session, personal: Iterable[Personal], member_ids: Sequence[UUID], erasure_id: UUID
) -> list[Destroyed]:
    """Destroy what there is of a person, under all their ids, and remember that; what was
    destroyed, table by table."""
    done = []
    for each in personal:
        rows = 0
        for member_id in member_ids:
            result: Any = session.execute(each.statement, {"member_id": member_id})
            rows += result.rowcount
        if rows:
            done.append(
                Destroyed(
                    table=each.table,
                    data_class=each.data_class,
                    columns=sorted(each.columns),
                    rows=rows,
                )
            )
    remembered = {"erasure_id": erasure_id, "destroyed": _json(done)}
    session.execute(_REMEMBER, [{"member_id": id_, **remembered} for id_ in member_ids])
    return done


def checks(personal: Iterable[Personal]) -> dict[str, str]:
    """What the audit asks: does any row of somebody erased still hold something?"""
    return {
        f"nothing is left in {each.table} of who was erased ({each.data_class})": each.check
        for each in personal
    }


def _json(done: list[Destroyed]) -> str:
    return msgspec.json.encode(done).decode()
