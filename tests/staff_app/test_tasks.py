"""Home and tasks: what was sold, what is to be done, and how it ends; live, and after a silence."""

from typing import Any

import pytest

from staff_app import clock
from staff_app.ui.task_ways import begin_task
from staff_app.work import news
from tests.staff_app.device import Device
from tests.staff_app.shop import CARD, COLLEAGUE, STAFF, Shop
from tests.staff_app.test_sale import activated, working
from tests.staff_app.to_do import TASK

pytestmark = pytest.mark.anyio
OTHER = "0190a000-0000-7000-8000-0000000000b2"


async def at_home(shop: Shop) -> Device:
    device = await working(shop)
    device.till.go("/home")
    await device.sees("办什么？")
    return device


async def test_figures_that_are_not_of_now_say_of_when_they_are() -> None:
    shop = Shop()
    device = await at_home(shop)
    await device.until(lambda: device.named("today") is not None)
    assert not device.says("现在读不到新的")
    shop.down = True
    await device.till.home_work.open()
    told = clock.at((device.till.home.today or {})["now"], device.till.desk.store)
    await device.sees(f"{told} 的数字，现在读不到新的")
    shop.down = False
    await device.till.home_work.open()
    await device.until(lambda: not device.says("现在读不到新的"))
    device.close()


def change(task: dict[str, Any] | None, id_: str = TASK, version: int = 1) -> dict[str, Any]:
    if task:
        id_, version = task["id"], task["version"]
    return {"taskId": id_, "version": version, "task": task}


async def test_home_is_what_one_sees_after_signing_in() -> None:
    shop = Shop()
    shop.sold_today = {**shop.sold_today, "salesMinor": "26820", "orders": 1, "pieces": 2}
    shop.to_do()
    device = await activated(shop)
    await device.type("staff-number", "1001", enter=True)
    await device.keys("2580")
    await device.press("sign-in")

    await device.sees("¥268.20")
    assert device.says("1 单 · 2 件")
    assert device.says("待办 1")
    assert device.says("连衣裙卖出后账上为 -1 件")
    await device.press("start-sale")
    await device.sees("扫第一件商品")
    device.close()


async def test_a_manager_sees_the_store_beside_the_own_figures() -> None:
    shop = Shop()
    shop.roles = ["STORE_MANAGER"]
    device = await at_home(shop)

    await device.sees("本店今天")
    assert device.says("我今天")
    device.close()


async def test_home_without_an_answer_says_so_and_asks_again() -> None:
    shop = Shop()
    device = await working(shop)
    shop.down = True
    device.till.go("/home")
    await device.sees("今天的数字暂时读不到。")

    shop.down = False
    await device.press("ask-again")
    await device.sees("我今天")
    device.close()


async def test_a_task_is_taken_looked_into_and_done() -> None:
    shop = Shop()
    member = next(iter(shop.people.values()))
    shop.to_do(memberId=member["id"], member=member)
    device = await at_home(shop)
    await device.press(f"task-{TASK}")
    await device.sees("系统")
    assert device.route == "/tasks/task"
    assert device.named("task-member") is not None

    await device.press("take-task")
    await device.sees("由我办")
    await device.type("task-note", "已清点")
    await device.press("finish-task")

    await device.until(lambda: device.route == "/tasks")
    await device.sees("现在没有待办。")
    assert shop.task_inputs[-1] == {"id": TASK, "outcome": "DONE", "note": "已清点"}
    device.close()


async def test_a_task_is_handed_on_with_a_reason() -> None:
    shop = Shop()
    shop.to_do(associateId=STAFF, associate={"name": "店员甲"})
    device = await at_home(shop)
    await device.press(f"task-{TASK}")
    await device.press("hand-on")
    await device.press("hand-on-now")
    assert shop.task_inputs == []
    assert device.says("请写原因")

    await device.press(f"for-{COLLEAGUE}")
    await device.type("hand-on-why", "轮休")
    assert device.says("转给店员乙")
    await device.press("hand-on-now")

    await device.until(lambda: device.route == "/tasks")
    assert shop.task_inputs == [
        {"id": TASK, "version": 1, "associateId": COLLEAGUE, "reason": "轮休"}
    ]
    await device.sees("店员乙 在办")
    device.close()


async def test_what_is_everybodys_is_handed_on_to_somebody() -> None:
    shop = Shop()
    shop.to_do()
    device = await at_home(shop)
    await device.press(f"task-{TASK}")
    await device.press("hand-on")
    await device.type("hand-on-why", "轮休")
    assert device.says("请选一位同事")
    await device.press("hand-on-now")
    assert shop.task_inputs == []
    device.close()


async def test_what_a_colleague_took_meanwhile_is_said_and_nothing_is_lost() -> None:
    shop = Shop()
    shop.to_do()
    device = await at_home(shop)
    await device.press(f"task-{TASK}")
    await device.type("task-note", "已清点")
    shop.refuse["finishTask"] = ("TASK_OF_ANOTHER", {})

    await device.press("finish-task")

    await device.sees("这件待办由其他同事负责")
    assert device.says("已清点")
    device.close()


async def test_a_task_by_hand_is_made_once_though_the_answer_was_lost() -> None:
    shop = Shop()
    device = await at_home(shop)
    await device.press("all-tasks")
    await device.press("new-task")
    await device.type("task-words", "整理橱窗")
    await device.press(f"for-{STAFF}")
    await device.press("until-tomorrow")
    shop.broken["raiseTask"] = 1

    await device.press("raise-task")
    await device.until(lambda: device.named("trouble") is not None)
    await device.press("raise-task")

    await device.until(lambda: device.route == "/tasks")
    first, again = shop.task_inputs
    assert first == again
    assert (first["reason"], first["associateId"], first["dueInDays"]) == ("整理橱窗", STAFF, 1)
    device.close()


async def test_a_task_about_a_member_begins_at_the_member() -> None:
    shop = Shop()
    device = await working(shop)
    member = next(iter(shop.people.values()))
    begin_task(device.till, "/customers", {"id": member["id"], "name": member["name"]})
    await device.sees("会员 某乙")
    await device.type("task-words", "电话问候")
    await device.press("raise-task")

    await device.until(lambda: device.route == "/customers")
    assert shop.task_inputs[0]["memberId"] == member["id"]
    assert member["cardCode"] == CARD
    device.close()


async def test_only_the_own_tasks_when_asked_for() -> None:
    shop = Shop()
    shop.to_do()
    device = await at_home(shop)
    await device.press("all-tasks")
    await device.sees("连衣裙")

    await device.choose("whose", "mine")
    await device.sees("您名下没有待办，看看本店的。")
    await device.press("tasks-of-store")
    await device.sees("连衣裙")
    device.close()


async def test_tasks_come_and_go_while_one_looks() -> None:
    shop = Shop()
    device = await at_home(shop)
    await device.press("all-tasks")
    await device.sees("现在没有待办。")

    shop.tell("taskChanged", change(shop.to_do()))
    await device.sees("连衣裙卖出后账上为 -1 件")
    shop.tell("taskChanged", change(None, version=2))
    await device.sees("现在没有待办。")
    device.close()


async def test_an_open_task_that_changed_is_read_again() -> None:
    shop = Shop()
    task = shop.to_do()
    device = await at_home(shop)
    await device.press(f"task-{TASK}")
    await device.sees("还没有人办")

    shop.tasks[TASK] = {
        **task, "version": 2, "associateId": COLLEAGUE, "associate": {"name": "店员乙"}
    }  # fmt: skip
    shop.tell("taskChanged", change(None, version=2))

    await device.sees("店员乙 在办")
    device.close()


async def test_what_was_told_during_a_drop_is_read_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(news, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(news, "CATCH_UP_SECONDS", 0.01)
    shop = Shop()
    device = await at_home(shop)
    await device.press("all-tasks")
    await device.sees("现在没有待办。")

    shop.to_do()
    shop.tell("taskChanged", None)

    await device.sees("连衣裙卖出后账上为 -1 件")
    shop.tell("taskChanged", change(shop.to_do(OTHER, reasonZh="整理橱窗")))
    await device.sees("整理橱窗")
    device.close()


async def test_whoever_signs_in_next_sees_nothing_of_the_other() -> None:
    shop = Shop()
    shop.to_do(associateId=STAFF, associate={"name": "店员甲"})
    device = await at_home(shop)
    await device.sees("连衣裙")
    await device.till.desk_work.sign_out()
    shop.tasks.clear()
    shop.slow = 0.05
    await device.till.sign_in("1001", "2580")

    assert device.till.tasks.found is None
    await device.sees("现在没有待办。")
    device.close()


async def test_an_order_that_cannot_be_seen_is_said_and_the_task_stays() -> None:
    shop = Shop()
    shop.to_do(orderId=OTHER)
    device = await at_home(shop)
    await device.press(f"task-{TASK}")

    await device.press("task-order")

    await device.sees("看不到这张订单。")
    assert device.route == "/tasks/task"
    device.close()


async def test_where_there_is_room_a_task_stands_beside_the_list() -> None:
    shop = Shop()
    shop.to_do()
    device = await at_home(shop)
    device.till.layout.wide = True
    await device.press("all-tasks")
    await device.sees("点一件待办，这里看详情")

    assert not device.lit(f"task-{TASK}")
    await device.press(f"task-{TASK}")

    await device.until(lambda: device.named("task-head") is not None)
    assert device.route == "/tasks"
    assert device.lit(f"task-{TASK}")
    assert device.named("new-task") is not None
    device.close()
