"""The ways from and to a task: its own screen, a new one, the order it is about."""

from staff_app.client import Refused, SignedOut, Unreachable
from staff_app.till import Till


def task_route(till: Till) -> str:
    """Where the task is seen that one looks at."""
    return "/tasks" if till.layout.wide else "/tasks/task"


async def open_task(till: Till, task_id: str) -> None:
    """Show a task: beside the list where there is room, else on a screen of its own."""
    till.go(task_route(till))
    await till.tasks_work.look_at(task_id)


def begin_task(till: Till, back_to: str, about: dict[str, str] | None = None) -> None:
    """A new task, about a member if one is named (`id`, `name`)."""
    till.tasks.about, till.tasks.back_to = about, back_to
    till.go("/tasks/new")


def begin_task_of_member(till: Till) -> None:
    member = till.person.member
    if member:
        begin_task(till, till.member_route, {"id": member["id"], "name": member["name"]})


async def open_order(till: Till, order_id: str) -> None:
    """The order a task is about; or a line that it cannot be seen."""
    try:
        order = await till.tasks_work.order(order_id)
    except (Refused, Unreachable, SignedOut):
        order = None
    if order is None:
        till.say("order_gone")
    else:
        await till.open_order(order, back_to=task_route(till))
