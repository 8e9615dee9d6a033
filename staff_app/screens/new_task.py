"""A task by hand: what is to be done, for whom, by when."""

from typing import Any

import flet as ft

from staff_app.ui.attempt import use_attempt
from staff_app.ui.colleagues import Colleagues
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen, scrolling
from staff_app.ui.parts import edge, named, note, primary
from staff_app.ui.reasons import Reasons

LONGEST = 500
DAYS = {"until_today": 0, "until_tomorrow": 1, "until_week": 7}
"""By the end of the store's day, so many days from today."""


@ft.component
def NewTask() -> ft.View:
    till = use_till()
    t = use_words(till)
    tasks = use(till.tasks)
    task_id, _ = ft.use_state(lambda: till.tasks_work.new_id)
    text, set_text = ft.use_state("")
    to, set_to = ft.use_state("")
    until, set_until = ft.use_state("until_today")
    attempt = use_attempt()
    ft.on_mounted(till.tasks_work.learn_colleagues)
    about = tasks.about or {}

    async def make() -> None:
        if text.strip():
            await attempt.make(send, done)

    async def send() -> None:
        await till.tasks_work.raise_task(task_id, text, to, DAYS[until], about.get("id", ""))

    def done() -> None:
        till.say("task_raised")
        till.go(tasks.back_to)

    def write(event: Any) -> None:
        set_text((event.control.value or "")[:LONGEST])

    field = ft.TextField(
        value=text, label=t("task_words"), border=edge(), multiline=True, min_lines=2, max_lines=5,
        on_change=write,
    )  # fmt: skip
    body: list[ft.Control] = [
        named("task-words", field),
        ft.Text(t("for_whom"), weight=ft.FontWeight.BOLD),
        Colleagues(to, set_to),
        ft.Text(t("until_when"), weight=ft.FontWeight.BOLD),
        Reasons(tuple(DAYS), until, set_until),
        *attempt.note,
    ]
    if about:
        body.insert(0, note(t("about_member", name=about["name"])))
    return screen(
        "/tasks/new",
        bar(t("new_task"), back=BackTo(tasks.back_to)),
        [scrolling(body)],
        [primary("raise-task", t("raise_task"), make, not text.strip(), attempt.busy)],
    )
