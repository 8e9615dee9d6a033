"""Tasks: raised, taken, handed on and finished, each once and by whom it concerns."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from shared.paging import encode_cursor
from shared.seal import Role
from tests.services.campaign.floor import Floor, discrepancy
from tests.services.campaign.shop import HQ_CALLER


def test_a_task_by_hand_is_raised_once_and_told(floor: Floor) -> None:
    id_ = new_id()
    member_id = floor.member(floor.ben)

    first = floor.by_hand(id=id_, member_id=member_id, associate_id=floor.ben.id)
    again = floor.by_hand(id=id_, member_id=member_id, associate_id=floor.ben.id)

    assert again == first
    assert (first.kind, first.state, first.reason_zh) == ("by_hand", "open", "整理橱窗")
    assert (first.raised_by, first.source, first.rule_version) == (floor.anna.id, None, None)
    assert [step.act for step in first.history] == ["raised"]
    told = floor.shop.rows("SELECT type FROM outbox WHERE subject = :id", id=str(id_))
    assert told == [("campaign.task_changed",)]


def test_without_a_time_it_is_due_at_the_end_of_the_stores_day(floor: Floor) -> None:
    task = floor.by_hand()

    left = task.due_at - datetime.now(UTC)
    assert timedelta(0) < left <= timedelta(days=1)
    assert task.due_at.astimezone(UTC).hour == 16  # midnight in Shanghai


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"reason": "   "}, "INVALID_TASK"),
        ({"associate_id": new_id()}, "UNKNOWN_ASSOCIATE"),
        ({"member_id": new_id()}, "UNKNOWN_MEMBER"),
        ({"sku_id": new_id()}, "UNKNOWN_SKU"),
        ({"store_id": new_id()}, "UNKNOWN_STORE"),
    ],
)
def test_what_cannot_be_a_task_is_refused(floor: Floor, fields: dict[str, Any], code: str) -> None:
    before = floor.everything()

    with pytest.raises(Refusal) as refused:
        floor.by_hand(**fields)

    assert refused.value.code == code
    assert floor.everything() == before


def test_an_id_with_other_content_or_of_somebody_else_is_refused(floor: Floor) -> None:
    task = floor.by_hand()
    before = floor.everything()

    for caller, reason in ((floor.anna, "别的"), (floor.ben, "整理橱窗")):
        with pytest.raises(Refusal, match="TASK_ID_TAKEN"):
            floor.by_hand(caller, id=task.id, reason=reason)

    assert floor.everything() == before


def test_an_associate_sees_the_own_and_the_untaken_and_a_manager_all(floor: Floor) -> None:
    own = floor.by_hand(associate_id=floor.anna.id)
    bens = floor.by_hand(floor.manager, associate_id=floor.ben.id)
    free = floor.by_hand()

    assert {t.id for t in floor.listed(floor.anna)} == {own.id, free.id}
    assert {t.id for t in floor.listed(floor.anna, mine=True)} == {own.id}
    assert {t.id for t in floor.listed(floor.manager)} == {own.id, bens.id, free.id}
    assert {t.id for t in floor.listed(HQ_CALLER)} == {own.id, bens.id, free.id}
    with pytest.raises(Refusal, match="TASK_OF_ANOTHER"):
        floor.get(floor.anna, bens.id)
    counts = floor.counts(floor.anna)
    assert (counts.mine, counts.untaken, counts.overdue, counts.due_today) == (1, 1, 0, 2)


def test_another_store_is_out_of_scope(floor: Floor) -> None:
    task = floor.by_hand()
    elsewhere = floor.hire(store_id=floor.shop.store(new_id()))

    assert floor.listed(elsewhere) == []
    for work in (floor.take, floor.finish, lambda who, what: floor.get(who, what.id)):
        with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
            work(elsewhere, task)
    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        floor.listed(elsewhere, store_id=floor.shop.store_id)
    with pytest.raises(Refusal, match="UNKNOWN_ASSOCIATE"):
        floor.hand_on(floor.anna, task, elsewhere)


def test_what_is_taken_is_nobody_elses(floor: Floor) -> None:
    task = floor.by_hand()

    mine = floor.take(floor.anna, task)

    assert (mine.associate_id, mine.version) == (floor.anna.id, 2)
    assert floor.take(floor.anna, task) == mine
    for work in (floor.take, floor.finish, lambda who, what: floor.hand_on(who, what, who)):
        with pytest.raises(Refusal, match="TASK_OF_ANOTHER"):
            work(floor.ben, mine)
    assert floor.get(floor.anna, task.id) == mine


def test_of_two_who_take_at_once_one_is_first(floor: Floor) -> None:
    task = floor.by_hand()
    refused: list[str] = []

    def take(caller: object) -> None:
        try:
            floor.take(caller, task)  # type: ignore[arg-type]
        except Refusal as refusal:
            refused.append(refusal.code)

    threads = [threading.Thread(target=take, args=(who,)) for who in (floor.anna, floor.ben)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert refused == ["TASK_OF_ANOTHER"]
    assert len(floor.get(floor.manager, task.id).history) == 2


def test_it_is_handed_on_with_a_reason_once(floor: Floor) -> None:
    task = floor.by_hand(associate_id=floor.anna.id)

    given = floor.hand_on(floor.anna, task, floor.ben, "轮休")
    again = floor.hand_on(floor.anna, task, floor.ben, "轮休")

    assert again == given
    assert given.associate_id == floor.ben.id
    step = given.history[-1]
    assert (step.act, step.by_id, step.to_id, step.note) == (
        "handed_on", floor.anna.id, floor.ben.id, "轮休",
    )  # fmt: skip
    back = floor.hand_on(floor.ben, given, None)
    assert back.associate_id is None
    assert {t.id for t in floor.listed(floor.anna)} == {task.id}


def test_who_looked_at_an_older_version_looks_again(floor: Floor) -> None:
    task = floor.by_hand()
    floor.take(floor.anna, task)
    before = floor.everything()

    with pytest.raises(Refusal, match="TASK_CHANGED"):
        floor.hand_on(floor.manager, task, floor.ben)

    assert floor.everything() == before


def test_it_is_finished_once_with_its_outcome(floor: Floor) -> None:
    task = floor.take(floor.anna, floor.by_hand())

    ended = floor.finish(floor.anna, task, "not_reached", "没人接")

    assert floor.finish(floor.anna, task, "not_reached", "没人接") == ended
    assert (ended.state, ended.outcome, ended.finished_by) == (
        "finished", "not_reached", floor.anna.id,
    )  # fmt: skip
    assert ended.history[-1].note == "没人接"
    assert floor.listed() == []
    assert [t.id for t in floor.listed(state="ended")] == [task.id]
    for work in (floor.finish, lambda who, what: floor.hand_on(who, what, floor.ben)):
        with pytest.raises(Refusal, match="TASK_FINISHED"):
            work(floor.manager, ended)
    with pytest.raises(Refusal, match="UNKNOWN_TASK"):
        floor.get(floor.anna, new_id())


def test_lists_come_by_pages_first_due_first(floor: Floor) -> None:
    made = [floor.by_hand(due_in_days=days) for days in (3, 1, 2)]
    in_order = [made[1].id, made[2].id, made[0].id]

    first = floor.listed(first=2)
    cursor = encode_cursor(first[-1].due_at.isoformat(), str(first[-1].id))
    rest = floor.listed(first=2, after=cursor)

    assert [t.id for t in first + rest] == in_order
    for task in made:
        floor.finish(floor.anna, task)
    assert [t.id for t in floor.listed(state="ended")] == [task.id for task in reversed(made)]
    with pytest.raises(Refusal, match="INVALID_CURSOR"):
        floor.listed(after="x")


def test_history_is_never_rewritten(floor: Floor) -> None:
    task = floor.by_hand()

    for change in (
        "UPDATE task_steps SET act = 'finished'",
        "UPDATE task_steps SET note = 'x'",
        "DELETE FROM task_steps",
        "DELETE FROM tasks",
    ):
        with pytest.raises(DBAPIError), floor.shop.database.engine.begin() as connection:
            connection.exec_driver_sql(change)

    assert [step.act for step in floor.get(floor.anna, task.id).history] == ["raised"]


def test_who_leaves_gives_their_tasks_to_the_stores_staff(floor: Floor) -> None:
    task = floor.by_hand(associate_id=floor.anna.id)
    bens = floor.by_hand(associate_id=floor.ben.id)

    floor.staff(floor.anna, version=2, active=False)
    floor.staff(floor.anna, version=1)

    left = floor.get(floor.ben, task.id)
    assert left.associate_id is None
    assert (left.history[-1].act, left.history[-1].to_id) == ("moved", None)
    assert floor.get(floor.ben, bens.id).version == 1
    with pytest.raises(Refusal, match="UNKNOWN_ASSOCIATE"):
        floor.by_hand(associate_id=floor.anna.id)


@pytest.mark.parametrize("left_first", [False, True])
def test_who_is_handed_over_takes_the_open_tasks_along(floor: Floor, left_first: bool) -> None:
    member_id, other_id = floor.member(floor.anna), floor.member(floor.anna)
    about = floor.by_hand(associate_id=floor.anna.id, member_id=member_id)
    done = floor.finish(floor.anna, floor.by_hand(associate_id=floor.anna.id, member_id=member_id))
    bens = floor.by_hand(associate_id=floor.ben.id, member_id=other_id)
    third = floor.hire()

    if left_first:
        floor.staff(floor.anna, version=2, active=False)
    floor.looked_after(member_id, 5, third)
    floor.looked_after(member_id, 4, floor.ben)

    assert floor.get(floor.manager, about.id).associate_id == third.id
    assert floor.get(floor.manager, done.id).version == done.version
    assert floor.get(floor.manager, bens.id).associate_id == floor.ben.id


def test_a_member_told_twice_in_any_order_is_at_home_and_looked_after(floor: Floor) -> None:
    member_id = new_id()
    floor.looked_after(member_id, 3, floor.ben)
    floor.shop.tell(_registered(floor, member_id))

    known = floor.shop.rows(
        "SELECT home_store_id, associate_id FROM members WHERE id = :id", id=member_id
    )
    assert known == [(floor.shop.store_id, floor.ben.id)]


def test_nobody_finishes_twice_what_a_discrepancy_raised(floor: Floor) -> None:
    sku_id = floor.shop.piece(100)
    floor.shop.tell(discrepancy(floor.shop.store_id, sku_id))
    task = floor.listed()[0]
    refused: list[str] = []

    def finish(caller: object) -> None:
        try:
            floor.finish(caller, task)  # type: ignore[arg-type]
        except Refusal as refusal:
            refused.append(refusal.code)

    threads = [threading.Thread(target=finish, args=(who,)) for who in (floor.anna, floor.ben)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert refused == ["TASK_FINISHED"]
    assert [s.act for s in floor.get(floor.manager, task.id).history] == ["raised", "finished"]


def test_an_auditor_reads(floor: Floor) -> None:
    task = floor.by_hand(associate_id=floor.anna.id)

    assert floor.get(floor.hire(Role.AUDITOR), task.id).id == task.id


def _registered(floor: Floor, member_id: object) -> object:
    from shared.contracts.member import MemberRegistered

    return MemberRegistered(
        member_id=member_id, card_code="C1", home_store_id=floor.shop.store_id,
        associate_id=floor.anna.id, source_channel="store",
    )  # type: ignore[arg-type]  # fmt: skip
