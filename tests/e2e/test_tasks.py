"""What was sold below zero is a task, which somebody looks into and ends, in three steps."""

from collections.abc import Callable

from tests.e2e.browser import Phone
from tests.e2e.chain import Chain


def test_a_discrepancy_comes_to_the_home_screen_and_is_done_with(
    clerk: Callable[[], Phone], chain: Chain
) -> None:
    chain.finish_tasks()
    phone = clerk()
    phone.press("tab-home")
    phone.sees("办什么？")
    phone.picture("50-home")
    chain.oversell(chain.scarf)
    phone.sees("印花方巾 墨绿 均码 卖出后账上为 -1 件")  # nobody has reloaded anything
    phone.picture("51-a-task-has-come")

    phone.press("all-tasks")
    phone.sees("印花方巾 墨绿 均码 卖出后账上为 -1 件")
    phone.picture("52-tasks")
    task = chain.task(chain.scarf)
    phone.press(f"task-{task}")
    phone.sees("还没有人办")
    phone.picture("53-task")
    phone.press("finish-task")
    phone.sees("现在没有待办。")
    phone.is_gone(f"task-{task}")
    assert chain.task(chain.scarf) is None
    assert phone.strayed == []
