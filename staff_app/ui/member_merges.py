"""The merges behind a member, for managers: when, why, and the way back."""

from typing import Any

import flet as ft

from staff_app import clock
from staff_app.ui.attempt import use_attempt
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.parts import card, named, quiet
from staff_app.work.desk import manages


@ft.component
def MergeCard() -> ft.Control:
    till = use_till()
    t = use_words(till)
    person, desk = use(till.person), use(till.desk)
    manager = manages(desk.staff)

    async def learn() -> None:
        if manager:
            await till.duplicates_work.of_person()

    ft.on_mounted(learn)
    standing = [each for each in person.merges or [] if not each["undoneAt"]]
    if not manager or not standing:
        return ft.Container(height=0)
    rows: list[ft.Control] = [MergeRow(each, key=each["id"]) for each in standing]
    title = ft.Text(t("merges"), weight=ft.FontWeight.BOLD)
    return named("merges", card(title, *rows, spacing=4))


@ft.component
def MergeRow(merge: dict[str, Any]) -> ft.Control:
    till = use_till()
    t = use_words(till)
    attempt = use_attempt()
    sure, set_sure = ft.use_state(False)

    async def undo() -> None:
        await attempt.make(lambda: till.undo_merge(merge, t("merged_by_mistake")), lambda: None)

    press = quiet(f"undo-{merge['id']}", t("undo_merge"), lambda: set_sure(True))
    if sure:
        press = quiet(f"undo-{merge['id']}-now", t("part_them"), undo)
    on = clock.day(merge["mergedAt"], till.desk.store)
    told = ft.Text(f"{on} · {merge['reason']}", expand=True)
    return ft.Column([ft.Row([told, press]), *attempt.note], spacing=0)
