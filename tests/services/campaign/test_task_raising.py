"""Events that raise tasks, by the rule in force: each once, for whom the rule says."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.campaign import erasure, task_raising
from shared.contracts.campaign.tasks import TaskTerms
from shared.contracts.inventory import StockLow
from shared.contracts.loyalty.tiers import NearNextTier, TierLapsing
from shared.contracts.member.birthdays import BirthdayWindow
from shared.contracts.member.erasure import MemberErased
from shared.contracts.member.identity import MemberMerged, MemberUnmerged
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from tests.services.campaign.floor import Floor, discrepancy, expiring, in_days
from tests.services.campaign.shop import STORE_HQ, envelope

TO_ASSOCIATE = TaskTerms(kind="near_next_tier", given_to="associate", due_after_hours=72)
BIRTHDAY = TaskTerms(kind="birthday", given_to="associate", due_before_hours=24)


def near(floor: Floor, member_id: UUID, missing: int = 1_000) -> Any:
    return NearNextTier(
        member_id=member_id, store_id=floor.shop.store_id, next_tier="gold",
        next_tier_name_zh="金卡", next_tier_name_en="Gold", missing=missing, basis="spend",
        currency="CNY", ladder_version=1,
    )  # fmt: skip


def window(member_id: UUID, starts: datetime, version: int = 1, **fields: Any) -> BirthdayWindow:
    return BirthdayWindow(
        window_id=fields.pop("window_id", new_id()), version=version, member_id=member_id,
        privilege=fields.pop("privilege", "birthday"), rule_version=1, starts_at=starts,
        ends_at=starts + timedelta(days=7), **fields,
    )  # fmt: skip


def test_k19_a_sale_below_zero_raises_one_task_however_often_it_is_told(floor: Floor) -> None:
    sku_id = floor.shop.piece(100, name="衬衫")
    told = envelope(discrepancy(floor.shop.store_id, sku_id, -2))

    floor.shop.tell(told)
    floor.shop.tell(told)
    with floor.shop.database.transaction() as session:  # as after a loss of the inbox
        task_raising.on_stock_discrepancy(session, [told], datetime.now(UTC))

    (task,) = floor.listed()
    assert (task.kind, task.sku_id, task.order_id) == (
        "stock_discrepancy", sku_id, told.data.order_id,
    )  # fmt: skip
    assert task.reason_zh == "衬衫 red M 卖出后账上为 -2 件，请清点并调整"
    assert (task.associate_id, task.source, task.rule_version) == (
        None, "inventory.stock_discrepancy", 0,
    )  # fmt: skip
    assert timedelta(hours=23) < task.due_at - datetime.now(UTC) <= timedelta(hours=24)
    assert len(floor.get(floor.anna, task.id).history) == 1


def test_two_discrepancies_of_a_piece_are_two_tasks(floor: Floor) -> None:
    sku_id = floor.shop.piece(100)

    floor.shop.tell(*(discrepancy(floor.shop.store_id, sku_id) for _ in range(2)))

    assert len(floor.listed()) == 2


def test_nothing_else_raises_a_task_before_a_rule_says_so(floor: Floor) -> None:
    member_id = floor.member(floor.anna)
    low = StockLow(
        store_id=floor.shop.store_id, sku_id=floor.shop.piece(100), available=1, threshold=2
    )

    floor.shop.tell(near(floor, member_id))
    floor.shop.tell(low)
    assert floor.listed() == []

    floor.publish(TO_ASSOCIATE, TaskTerms(kind="stock_low", due_after_hours=48))
    floor.shop.tell(near(floor, member_id))
    floor.shop.tell(low)
    floor.shop.tell(discrepancy(floor.shop.store_id, low.sku_id))

    kinds = {task.kind: task for task in floor.listed()}
    assert set(kinds) == {"near_next_tier", "stock_low"}
    nudge = kinds["near_next_tier"]
    assert (nudge.associate_id, nudge.member_id, nudge.rule_version) == (
        floor.anna.id, member_id, 1,
    )  # fmt: skip
    assert nudge.reason_zh == "会员再消费 ¥10.00 即可升级金卡，请联系"
    assert nudge.reason_en == "The member is ¥10.00 short of Gold; get in touch"


def test_without_an_associate_at_work_there_it_is_the_stores_staffs(floor: Floor) -> None:
    floor.publish(TO_ASSOCIATE)
    elsewhere = floor.hire(store_id=floor.shop.store(new_id()))
    nobodys, of_another = floor.member(), floor.member(elsewhere)

    floor.shop.tell(near(floor, nobodys), near(floor, of_another))

    assert [task.associate_id for task in floor.listed(store_id=floor.shop.store_id)] == [None] * 2


def test_it_is_due_before_the_last_day_is_over(floor: Floor) -> None:
    floor.publish(
        TaskTerms(kind="points_expiring", given_to="associate", due_before_hours=48),
        TaskTerms(
            kind="tier_lapsing", due_before_hours=1, words_zh="{tier}到期", words_en="{tier}"
        ),
    )
    member_id, day = floor.member(floor.anna), in_days(30).date()
    floor.shop.tell(expiring(member_id, floor.shop.store_id, day))
    floor.shop.tell(
        TierLapsing(
            member_id=member_id, store_id=floor.shop.store_id, tier="gold", tier_name_zh="金卡",
            tier_name_en="Gold", held_by="sum", until=day, falls_to=None, missing=5, basis="points",
            currency=None, ladder_version=1,
        )
    )  # fmt: skip

    points, tier = floor.listed()
    end = datetime(day.year, day.month, day.day, 16, tzinfo=UTC)  # midnight in Shanghai
    assert points.due_at == end - timedelta(hours=48)
    assert points.reason_en == f"The member has 120 points that end on {day}; say so"
    assert (tier.due_at, tier.reason_zh, tier.associate_id) == (
        end - timedelta(hours=1), "金卡到期", None,
    )  # fmt: skip


def test_a_birthday_is_one_task_that_moves_and_ends_with_its_window(floor: Floor) -> None:
    floor.publish(BIRTHDAY)
    member_id, id_ = floor.member(floor.anna), new_id()
    floor.shop.tell(window(member_id, in_days(10), window_id=id_))
    first = floor.listed()[0]

    floor.shop.tell(window(member_id, in_days(12), 2, window_id=id_))
    floor.shop.tell(window(member_id, in_days(5), 1, window_id=id_))

    (moved,) = floor.listed()
    assert (moved.id, moved.version) == (first.id, 2)
    assert moved.due_at - first.due_at > timedelta(days=1)
    floor.shop.tell(window(member_id, in_days(12), 3, window_id=id_, withdrawn=True))
    assert floor.listed() == []
    ended = floor.get(floor.manager, first.id)
    assert [s.act for s in ended.history] == ["raised", "due_changed", "dropped"]


def test_only_the_privilege_that_is_meant(floor: Floor) -> None:
    only = TaskTerms(kind="birthday", privilege="day", due_before_hours=24)
    floor.publish(only)
    member_id = floor.member()

    floor.shop.tell(window(member_id, in_days(9), privilege="month"))
    floor.shop.tell(window(member_id, in_days(9), privilege="day"))

    assert len(floor.listed()) == 1


def test_a_merged_members_tasks_are_the_survivors_and_go_back(floor: Floor) -> None:
    floor.publish(TO_ASSOCIATE)
    merged, survivor = floor.member(floor.anna), floor.member(floor.ben)
    floor.shop.tell(near(floor, merged))
    merge = {"merge_id": new_id(), "merged_id": merged, "survivor_id": survivor}
    floor.shop.tell(envelope(MemberMerged(**merge, member_ids=[merged], number=1)))

    (task,) = floor.listed()
    assert (task.member_id, task.associate_id) == (survivor, floor.ben.id)
    assert [t.id for t in floor.listed(member_id=survivor)] == [task.id]
    assert [t.id for t in floor.listed(member_id=merged)] == [task.id]
    floor.shop.tell(envelope(MemberUnmerged(**merge, member_ids=[merged], number=2)))
    (back,) = floor.listed()
    assert (back.member_id, back.associate_id) == (merged, floor.anna.id)
    assert floor.listed(member_id=survivor) == []


def test_of_who_is_erased_nothing_is_to_be_done_and_nothing_is_said(floor: Floor) -> None:
    member_id = floor.member(floor.anna)
    open_ = floor.by_hand(member_id=member_id, reason="电话确认到货")
    done = floor.finish(floor.anna, floor.by_hand(member_id=member_id), note="她下周来")

    _erase(floor, member_id)

    for task in (open_, done):
        left = floor.get(floor.manager, task.id)
        assert (left.reason_zh, left.reason_en) == ("", "")
        assert {step.note for step in left.history} == {""}
    assert floor.listed() == []
    assert floor.get(floor.manager, open_.id).state == "dropped"
    floor.publish(TO_ASSOCIATE)
    floor.shop.tell(near(floor, member_id))
    assert floor.listed() == []
    with pytest.raises(Refusal, match="UNKNOWN_MEMBER"):
        floor.by_hand(member_id=member_id)


@pytest.mark.parametrize(
    "terms",
    [
        TaskTerms(kind="stock_low"),
        TaskTerms(kind="birthday", due_after_hours=1, due_before_hours=1),
        TaskTerms(kind="stock_low", due_before_hours=1),
        TaskTerms(kind="stock_low", due_after_hours=1, given_to="associate"),
        TaskTerms(kind="stock_low", due_after_hours=1, privilege="x"),
        TaskTerms(kind="stock_low", due_after_hours=1, words_zh="{phone}"),
        TaskTerms(kind="stock_low", due_after_hours=1, words_zh="{piece.__class__}"),
        TaskTerms(kind="stock_low", due_after_hours=1, words_en="{"),
    ],
)
def test_a_rule_nobody_can_have_meant_is_refused(floor: Floor, terms: TaskTerms) -> None:
    with pytest.raises(Refusal, match="INVALID_TASK_RULE"):
        floor.publish(terms)
    assert floor.shop.rows("SELECT version FROM task_rules") == []


def test_a_rule_is_the_chains_and_names_a_kind_once(floor: Floor) -> None:
    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        floor.publish(TO_ASSOCIATE, caller=STORE_HQ)
    with pytest.raises(Refusal, match="INVALID_TASK_RULE"):
        floor.publish(TO_ASSOCIATE, TO_ASSOCIATE)
    assert [floor.publish(TO_ASSOCIATE), floor.publish()] == [1, 2]


def test_what_ended_long_ago_is_forgotten_with_its_history(floor: Floor) -> None:
    floor.publish(keep_days=30)
    ended = floor.finish(floor.anna, floor.by_hand())
    kept = floor.by_hand()

    with floor.shop.database.transaction() as session:
        task_raising.prune(session, in_days(29))
    assert len(floor.shop.rows("SELECT id FROM tasks")) == 2
    with floor.shop.database.transaction() as session:
        task_raising.prune(session, in_days(31))

    assert floor.shop.rows("SELECT id FROM tasks") == [(kept.id,)]
    left = floor.shop.rows("SELECT number FROM task_steps WHERE task_id = :id", id=ended.id)
    assert left == []


def _erase(floor: Floor, member_id: UUID) -> None:
    told = envelope(MemberErased(erasure_id=new_id(), member_id=member_id))
    with floor.shop.database.transaction() as session:
        erasure.on_member_erased(session, [told], datetime.now(UTC))
