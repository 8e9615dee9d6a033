"""A task goes to a colleague: to whom, and why."""

import flet as ft

from staff_app.ui.attempt import use_attempt
from staff_app.ui.colleagues import Colleagues
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen, scrolling
from staff_app.ui.parts import edge, named, primary
from staff_app.ui.task_ways import task_route

LONGEST = 500


@ft.component
def HandOn() -> ft.View:
    till = use_till()
    t = use_words(till)
    tasks = use(till.tasks)
    task = tasks.task
    to, set_to = ft.use_state("")
    why, set_why = ft.use_state("")
    attempt = use_attempt()
    ft.on_mounted(till.tasks_work.learn_colleagues)
    names = {person["id"]: person["name"] for person in tasks.colleagues}
    free = task is None or task["associateId"] is None
    ready = bool(task and why.strip() and (to or not free))

    async def hand_on() -> None:
        if ready and task:
            await attempt.make(lambda: till.tasks_work.hand_on(task, to, why), done)

    def done() -> None:
        till.say("task_handed_on")
        till.go("/tasks")

    field = ft.TextField(
        value=why, label=t("hand_on_why"), border=edge(),
        on_change=lambda e: set_why((e.control.value or "")[:LONGEST]),
    )  # fmt: skip
    body: list[ft.Control] = [
        ft.Text(t("hand_on_to"), weight=ft.FontWeight.BOLD),
        Colleagues(to, set_to, with_me=False),
        named("hand-on-why", field),
        *attempt.note,
    ]
    text = t("hand_on_button", name=names.get(to) or t("whole_store"))
    if free and not to:
        text = t("hand_on_choose")  # it is everybody's already
    elif not why.strip():
        text = t("hand_on_needs_why")
    return screen(
        "/tasks/hand-on",
        bar(t("hand_on"), back=BackTo(task_route(till))),
        [scrolling(body)],
        [primary("hand-on-now", text, hand_on, not ready, attempt.busy)],
    )
