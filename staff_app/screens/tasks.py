"""Tasks: what is to be done, overdue first; beside it, where there is room, the one tapped."""

from typing import Any

import flet as ft

from staff_app import theme
from staff_app.i18n import Words
from staff_app.ui.choice import choice
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, head, place, screen
from staff_app.ui.parts import empty, note, primary, quiet, secondary, skeleton
from staff_app.ui.task_pane import TaskPane
from staff_app.ui.task_row import TaskRow, is_late, is_of_today
from staff_app.ui.task_ways import begin_task


@ft.component
def Tasks() -> ft.Control:
    till = use_till()
    t = use_words(till)
    tasks = use(till.tasks)
    wide = use(till.layout).wide
    ft.on_mounted(till.tasks_work.open)
    names = {"store": t("tasks_store"), "mine": t("tasks_mine")}
    choose = choice("whose", names, tasks.whose, till.tasks_work.choose)
    body: list[ft.Control] = [
        ft.Row([choose], alignment=ft.MainAxisAlignment.CENTER),
        _found(t, till, tasks),
    ]
    if tasks.trouble:
        body.insert(0, note(in_words(till, tasks.trouble), "stop"))
    new = _new(t, till, beside_another=wide and bool(tasks.open_id))
    beside = TaskPane() if wide else None
    return place(head("/tasks", t("tasks"), back=BackTo("/home")), body, [new], aside=beside)


def _new(t: Words, till: Any, beside_another: bool) -> ft.Control:
    """Not filled beside a task that is open: what ends that one is."""

    def begin() -> None:
        begin_task(till, "/tasks")

    if beside_another:
        return ft.Row([ft.Container(secondary("new-task", t("new_task"), begin), expand=True)])
    return primary("new-task", t("new_task"), begin)


@ft.component
def Task() -> ft.View:
    """One task on a screen of its own."""
    till = use_till()
    t = use_words(till)
    return screen("/tasks/task", bar(t("task"), back=BackTo("/tasks")), [TaskPane(margin=0)])


def _found(t: Words, till: Any, tasks: Any) -> ft.Control:
    if tasks.found is None and tasks.asking:
        return skeleton()
    if tasks.found is None:
        again = secondary("ask-again", t("try_again"), till.tasks_work.open)
        return empty(ft.Icons.CHECKLIST, t("tasks_unread"), again)
    if not tasks.found:
        return _nothing(t, till, tasks)
    rows: list[ft.Control] = []
    heading = ""
    for task in tasks.found:
        group = "due_overdue" if is_late(task) else "due_later"
        if group == "due_later" and is_of_today(task, till.desk.store):
            group = "due_today"
        if group != heading:
            heading = group
            rows.append(ft.Text(t(group), size=theme.SMALL, weight=ft.FontWeight.BOLD))
        rows.append(TaskRow(task, beside=True, key=task["id"]))
    if tasks.after:
        rows.append(quiet("tasks-more", t("show_more"), till.tasks_work.more))
    return ft.ListView(rows, expand=True, spacing=0)


def _nothing(t: Words, till: Any, tasks: Any) -> ft.Control:
    if tasks.whose == "store":
        return empty(ft.Icons.TASK_ALT, t("tasks_none"))

    async def look() -> None:
        await till.tasks_work.choose("store")

    shown = secondary("tasks-of-store", t("tasks_store"), look)
    return empty(ft.Icons.TASK_ALT, t("tasks_none_mine"), shown)
