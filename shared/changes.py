"""What has changed since a version: for mirrors that ask again and again (delta sync).

A version is an instant of a database: the oldest transaction that was still running then. A row
carries the transaction that wrote it last (`xmin`, which PostgreSQL keeps anyhow, so that a sale
pays nothing for it). Every row of that transaction or a later one is told, so a row that commits
late is never skipped; some are told twice, and a mirror writes the same over the same.

A version of another database, or of one that was set back to an earlier time, is not understood:
everything is told then.
"""

from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

_NOW = text(
    """
    SELECT CAST(system_identifier AS text) || '.' || timeline_id AS place,
      CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS horizon
    FROM pg_control_system(), pg_control_checkpoint()
    """
)


class Since(NamedTuple):
    """`version` is for the next time; rows written by `since` or later are to be told, all of them
    when it is `whole`."""

    version: str
    since: int
    whole: bool


def since(session: Session, version: str | None) -> Since:
    """What to tell somebody who knows all of `version`. Ask before reading the rows."""
    row = session.execute(_NOW).one()
    place, _, horizon = (version or "").rpartition("-")
    known = place == row.place and horizon.isdigit() and int(horizon) <= row.horizon
    return Since(f"{row.place}-{row.horizon}", int(horizon) if known else 0, not known)


def written(table: str) -> str:
    """SQL: the transaction that wrote a row of `table` last, as a number that only grows.

    `xmin` has 32 bits; the upper ones are those of the next transaction, or one less.
    """
    # A subquery of its own is worked out once, not for every row.
    following = "(SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint))"
    wrote = f"CAST(CAST({table}.xmin AS text) AS bigint)"
    return f"({following} - (({following} - {wrote}) & 4294967295))"
