"""Work in the background: piece by piece, until nothing is left or the service stops."""

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.database import Database
from shared.service import Transaction


@pytest.fixture
def database(own_database: Callable[..., Database]) -> Database:
    return own_database("directory")


class Pieces:
    def __init__(self, number: int) -> None:
        self.left = number
        self.transactions: list[int] = []

    def take(self, session: Session) -> bool:
        if not self.left:
            return False
        self.left -= 1
        self.transactions.append(session.scalar(text("SELECT txid_current()")))
        return True


def test_each_piece_is_a_transaction(database: Database) -> None:
    pieces = Pieces(3)

    Transaction(database).in_batches(pieces.take, rests=0)

    assert (pieces.left, len(set(pieces.transactions))) == (0, 3)


def test_a_service_that_is_stopped_ends_with_the_piece_in_hand(database: Database) -> None:
    pieces = Pieces(9)

    def stopped(session: Session) -> bool:
        database.stopping.set()
        return pieces.take(session)

    Transaction(database).in_batches(stopped, rests=1_000_000)

    assert pieces.left == 8


def test_side_by_side_every_piece_is_taken_once(database: Database) -> None:
    pieces = Pieces(5)

    Transaction(database).side_by_side(2, pieces.take, rests=0)

    assert (pieces.left, len(set(pieces.transactions))) == (0, 5)


def test_what_fails_is_told_once_the_others_have_ended(database: Database) -> None:
    pieces = Pieces(3)

    def fails_first(session: Session) -> bool:
        if pieces.left == 3:
            pieces.take(session)
            raise ZeroDivisionError
        return pieces.take(session)

    with pytest.raises(ZeroDivisionError):
        Transaction(database).side_by_side(2, fails_first, rests=0)

    assert pieces.left == 0
