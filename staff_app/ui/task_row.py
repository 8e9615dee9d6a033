"""A task in a list: what is to be done, about whom, by when, and whose it is."""

from datetime import datetime
from typing import Any

import flet as ft

from staff_app import clock, theme
from staff_app.i18n import Words, either
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.parts import list_row
from staff_app.ui.task_ways import open_task


@ft.component
def TaskRow(task: dict[str, Any], beside: bool = False) -> ft.Control:
    """`beside`: where there is room, the open one is shown beside its list."""
    till = use_till()
    t = use_words(till)
    opened = use(till.tasks).open_id == task["id"]
    chosen = beside and till.layout.wide and opened
    late = is_late(task)
    ink = ft.Colors.ERROR if late else ft.Colors.ON_SURFACE_VARIANT
    told = [whose(t, till, task)]
    if task["member"]:
        told.append(task["member"]["name"])

    async def choose() -> None:
        await open_task(till, task["id"])

    left = ft.Column(
        [
            ft.Text(
                either(till.preferences.language, task["reasonZh"], task["reasonEn"]),
                max_lines=2, overflow=ft.TextOverflow.ELLIPSIS,
            ),
            ft.Text(
                " · ".join(told), size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT,
                max_lines=1, overflow=ft.TextOverflow.ELLIPSIS,
            ),
        ],
        spacing=2,
        expand=True,
        alignment=ft.MainAxisAlignment.CENTER,
    )  # fmt: skip
    right: list[ft.Control] = [
        ft.Text(due(t, till, task), size=theme.SMALL, color=ink, no_wrap=True)
    ]
    if late:
        right.insert(0, ft.Icon(ft.Icons.ERROR_OUTLINE, size=18, color=ink))
    row = ft.Row([left, ft.Row(right, spacing=4, tight=True)])
    return list_row(f"task-{task['id']}", row, choose, chosen, height=80)


def whose(t: Words, till: Any, task: dict[str, Any]) -> str:
    """Whose task it is."""
    if task["associateId"] is None:
        return t("nobodys")
    if task["associateId"] == (till.desk.staff or {}).get("id"):
        return t("with_me")
    return t("with_whom", name=(task["associate"] or {}).get("name", ""))


def is_late(task: dict[str, Any]) -> bool:
    open_ = task["state"] == "OPEN"
    return open_ and datetime.fromisoformat(task["dueAt"]) < clock.now()


def is_of_today(task: dict[str, Any], store: dict[str, str] | None) -> bool:
    """Due by the end of the store's day."""
    return clock.last_day(task["dueAt"], store)[0] <= clock.today(store)


def due(t: Words, till: Any, task: dict[str, Any]) -> str:
    """When it is due, as a shop says it."""
    store = till.desk.store
    day, whole = clock.last_day(task["dueAt"], store)
    if not whole:
        return t("due_at", time=clock.at(task["dueAt"], store))
    names = {0: t("until_today"), 1: t("until_tomorrow")}
    return names.get((day - clock.today(store)).days, day.isoformat()[5:])
