"""Copies of what other services own, kept by their events: the newest version of a row counts."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session


def keep_newest(session: Session, table: Any, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows over older versions of themselves, as one statement; what is older than what is
    there changes nothing. `table` is a model with `id` and `version`; all rows have its columns."""
    newest = {row["id"]: row for row in sorted(rows, key=lambda row: row["version"])}
    statement = insert(table).values(list(newest.values()))
    fresh = {
        column.name: statement.excluded[column.name]
        for column in table.__table__.columns
        if column.name != "id"
    }
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["id"], set_=fresh, where=table.version < statement.excluded.version
        )
    )
