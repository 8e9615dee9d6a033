"""Who is due, looked up many at a time and handed out batch by batch."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from shared import telemetry

AT_ONCE = 10_000


class Due:
    """What has been done stays in its index until that is cleaned: in a run over all members, who
    looked up each batch would walk over all that is done again and again.

    For one run of a timer: whoever is handed out may not be due any more, if others were faster.
    """

    def __init__(self) -> None:
        self._waiting: list[UUID] = []

    def take(self, session: Session, query: Any, now: datetime, limit: int) -> list[UUID]:
        """The next ids of `query` (of :now and :limit, longest due first); fewer than `limit`, a
        divisor of `AT_ONCE`: there are no more."""
        if not self._waiting:
            parameters = {"now": now, "limit": max(limit, AT_ONCE)}
            found = session.scalars(query, parameters, execution_options=telemetry.UNCOUNTED)
            self._waiting = list(found)
        taken, self._waiting = self._waiting[:limit], self._waiting[limit:]
        return taken


def array(ids: Sequence[UUID]) -> str:
    """Ids as PostgreSQL reads an array of them: a list of hundreds costs psycopg more than this."""
    return "{" + ",".join(map(str, ids)) + "}"
