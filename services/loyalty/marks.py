"""Marks: how far the ledger's entries have been gathered, never past one that may still commit.

Ids are handed out before their transactions commit. Hence the highest id is noted first, then the
number of a transaction begun after that; only when all with a lower number have ended are the ids
up to there gathered. So the transaction that asks for a batch must not have written before.
Whoever writes entries has locked balances, so has a number of its own before the id (ADR 0013).
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from shared import telemetry


class Mark:
    """The one row of a table with `done_id`, `seen_id` and `seen_xid`."""

    def __init__(self, table: str, alone: str) -> None:
        """`alone`: the advisory lock that whoever moves the mark holds."""
        self._alone = {"key": alone}
        self._read = text(" ".join((_READ, table)))
        # A statement of its own: it draws its number after every id up to the highest.
        self._see = text(" ".join(("UPDATE", table, _SEE)))

    def next_batch(self, session: Session, batch: int) -> tuple[int, int] | None:
        """The ids (above, up to) that are complete and next to be gathered, at most `batch`, held
        against everybody else; None when there is nothing to do. The caller moves `done_id`."""
        if not session.scalar(_TRY_ALONE, self._alone, execution_options=telemetry.UNCOUNTED):
            return None
        mark = session.execute(self._read, execution_options=telemetry.UNCOUNTED).one()
        if mark.done_id == mark.seen_id:
            highest = session.scalar(_HIGHEST, execution_options=telemetry.UNCOUNTED)
            if highest > mark.seen_id:
                session.execute(self._see, {"id": highest}, execution_options=telemetry.UNCOUNTED)
            return None
        if not mark.ended:
            return None
        return mark.done_id, min(mark.seen_id, mark.done_id + batch)


_TRY_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext(:key))")
_READ = (
    "SELECT done_id, seen_id, CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)"
    " >= seen_xid AS ended FROM"
)
_HIGHEST = text("SELECT coalesce(pg_sequence_last_value('entries_id_seq'), 0)")
# Not the snapshot's xmax: that is one past the last transaction that has ended, so that one which
# is on its way may have that very number. Whoever drew an id before this one has a lower number.
_SEE = "SET seen_id = :id, seen_xid = CAST(CAST(pg_current_xact_id() AS text) AS bigint)"
