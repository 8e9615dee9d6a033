"""Waiting for a member who registered a moment ago and is still on the way here by event."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from sqlalchemy.orm import Session

from shared.errors import Refusal

A = TypeVar("A")

PAUSES = (0.05, 0.1, 0.2, 0.3, 0.35)
"""Seconds between looks: 1 s in all."""


def when_members_known(
    transaction: Callable[[], AbstractContextManager[Session]], work: Callable[[Session], A]
) -> A:
    """The result of `work` in a transaction; after UNKNOWN_MEMBER it is tried again, each time in
    a new transaction, since waiting inside one would hold a connection."""
    for pause in PAUSES:
        try:
            with transaction() as session:
                return work(session)
        except Refusal as refusal:
            if refusal.code != "UNKNOWN_MEMBER":
                raise
        time.sleep(pause)
    with transaction() as session:
        return work(session)
