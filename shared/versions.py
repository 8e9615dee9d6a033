"""Rules as versioned data: published by HQ, numbered, never changed, in force by date.

A service has a table for each family of rules, with `id` (whoever publishes makes it), `version`,
`valid_from`, `author_id` and `body`, a JSON document; a `kind` where it holds several rules, and
`published_at` where that is kept. Versions count within a kind. The one in force at an instant is
the one with the latest `valid_from` not after it; of two with the same, the newer version: so what
was scheduled by mistake is overruled by publishing another for the same instant.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Row, Table, func, insert, select, text, true
from sqlalchemy.orm import Session

from shared.errors import InvalidInput, Refusal
from shared.seal import Caller

B = TypeVar("B")
LIST_LIMIT = 500


class Versions(Generic[B]):
    """The versions of a rule in a service's own table. `body` is what a body is decoded as, `taken`
    the refusal of an id that was used with other content, `changed` the one of a rule that was
    drawn up on a version which is no longer the newest."""

    def __init__(self, model: Any, body: Any, taken: str, changed: str = "") -> None:
        self._table: Table = model.__table__
        self._body = body
        self._taken = taken
        self._changed = changed

    def publish(
        self,
        session: Session,
        caller: Caller,
        *,
        id_: UUID,
        body: B,
        valid_from: datetime | None = None,
        replaces: int | None = None,
        kind: str | None = None,
        now: datetime | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> tuple[Row[Any], bool]:
        """Write the next version, in force from `valid_from` (None: now); its row, and whether it
        is new: the same again finds what was written. `replaces`: the newest version when this one
        was drawn up (0: none; None: whichever is the newest now). `more`: columns of the service's
        own.

        Raises `Forbidden` unless the caller's scope is the chain, `InvalidInput` for an instant
        without a time zone, and the refusals of an id that was taken and of a rule that changed.
        """
        caller.require_chain()
        if valid_from is not None and valid_from.tzinfo is None:
            raise InvalidInput("INVALID_INPUT", {"field": "$.valid_from", "reason": "no time zone"})
        table, own = self._table, dict(more or {})
        session.execute(_ALONE, {"key": table.name})
        known = session.execute(select(table).where(table.c.id == id_)).one_or_none()
        if known is not None:
            if not self._says(known, body, valid_from, own):
                raise Refusal(self._taken)
            return known, False
        at = now or datetime.now(UTC)
        newest = session.scalars(
            select(func.coalesce(func.max(table.c.version), 0)).where(self._of(kind))
        ).one()
        if replaces not in (None, newest):
            raise Refusal(self._changed, {"version": newest})
        values = {
            "id": id_,
            "version": newest + 1,
            "valid_from": valid_from or at,
            "author_id": caller.id,
            "body": msgspec.to_builtins(body),
            **({"kind": kind} if kind is not None else {}),
            **({"published_at": at} if "published_at" in table.c else {}),
            **own,
        }
        return session.execute(insert(table).values(values).returning(*table.c)).one(), True

    def in_force(
        self,
        session: Session,
        at: datetime,
        kind: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> tuple[int, B] | None:
        """Version and body in force at an instant, if there is one; `options` of its execution."""
        table = self._table
        query = (
            select(table)
            .where(self._of(kind), table.c.valid_from <= at)
            .order_by(table.c.valid_from.desc(), table.c.version.desc())
            .limit(1)
        )
        row = session.execute(query, execution_options=options or {}).one_or_none()
        return None if row is None else (row.version, self.body_of(row))

    def newest_first(self, session: Session) -> list[Row[Any]]:
        """The rows of all versions, at most `LIST_LIMIT`."""
        query = select(self._table).order_by(self._table.c.version.desc()).limit(LIST_LIMIT)
        return list(session.execute(query))

    def body_of(self, row: Row[Any]) -> B:
        body: B = msgspec.convert(row.body, self._body)
        return body

    def _of(self, kind: str | None) -> ColumnElement[bool]:
        return true() if kind is None else self._table.c.kind == kind

    def _says(
        self, row: Row[Any], body: B, valid_from: datetime | None, own: Mapping[str, Any]
    ) -> bool:
        """Whether a row was written for the same command."""
        told = valid_from
        if told is None:  # where nobody knows, `more` has to tell it from a given instant
            told = row.published_at if "published_at" in self._table.c else row.valid_from
        same = self.body_of(row) == body and row.valid_from == told
        return same and all(row._mapping[name] == value for name, value in own.items())


_ALONE = text("SELECT pg_advisory_xact_lock(hashtext(:key))")
