"""New cards count for who made them, on the store's own day."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.member import new_cards, profiles
from services.member.phones import Keyring
from shared.contracts.member.new_cards import CountNewCards
from shared.errors import Forbidden, InvalidInput
from shared.seal import Caller, Role
from tests.services.member.conftest import registration, staff

DAY = date(2026, 3, 1)


def made(session: Session, who: Caller, store: UUID, **asked: Any) -> dict[UUID, int]:
    command = CountNewCards(store_id=store, **{"first_day": DAY, "last_day": DAY} | asked)
    return {each.staff_id: each.cards for each in new_cards.count(session, who, command).items}


def register(
    session: Session, keys: Keyring, who: Caller, store: UUID, number: int, at: datetime
) -> UUID:
    command = registration(store, member_id=uuid4(), phone=f"1380000{number:04d}")
    profiles.register(session, keys, who, command)
    session.execute(
        text("UPDATE members SET registered_at = :at WHERE id = :id"),
        {"at": at, "id": command.member_id},
    )
    return command.member_id


def test_cards_count_for_who_made_them_on_the_stores_day(
    session: Session, keys: Keyring, store_id: UUID, associate: Caller, manager: Caller
) -> None:
    midnight = datetime(2026, 2, 28, 16, tzinfo=UTC)  # in Shanghai the first of March begins
    register(session, keys, associate, store_id, 1, midnight)
    register(session, keys, associate, store_id, 2, datetime(2026, 3, 1, 15, 59, tzinfo=UTC))
    register(session, keys, associate, store_id, 3, datetime(2026, 3, 1, 16, tzinfo=UTC))
    register(session, keys, manager, store_id, 4, midnight)
    merged = register(session, keys, manager, store_id, 5, midnight)
    survivor = register(session, keys, manager, store_id, 6, datetime(2026, 1, 1, tzinfo=UTC))
    session.execute(
        text("UPDATE members SET survivor_id = :into WHERE id = :id"),
        {"into": survivor, "id": merged},
    )

    assert made(session, associate, store_id) == {associate.id: 2}
    assert made(session, manager, store_id) == {associate.id: 2, manager.id: 1}
    assert made(session, manager, store_id, staff_id=manager.id) == {manager.id: 1}


def test_what_is_refused(session: Session, store_id: UUID, associate: Caller) -> None:
    stranger = staff(Role.STORE_MANAGER, uuid4())
    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        made(session, associate, store_id, staff_id=uuid4())
    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        made(session, stranger, store_id)
    with pytest.raises(InvalidInput):
        made(session, associate, store_id, last_day=date(2028, 3, 1))
