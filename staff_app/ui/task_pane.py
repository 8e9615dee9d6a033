"""One task: what it is, what it is about in one tap, its history, and how it ends."""

from typing import Any

import flet as ft

from staff_app import clock, theme
from staff_app.i18n import Words, either
from staff_app.ui.attempt import use_attempt
from staff_app.ui.context import in_words, use, use_till, use_words
from staff_app.ui.frame import pane, scrolling
from staff_app.ui.parts import card, edge, empty, named, note, primary, secondary, skeleton
from staff_app.ui.reasons import Reasons
from staff_app.ui.task_row import due, whose
from staff_app.ui.task_ways import open_order, task_route
from staff_app.work.tasks import OUTCOMES

LONGEST = 500


@ft.component
def TaskPane(margin: int = theme.MARGIN) -> ft.Control:
    """`margin` is none within a screen, which has its own."""
    till = use_till()
    t = use_words(till)
    tasks = use(till.tasks)
    use(till.desk)
    if not tasks.open_id:
        return pane([empty(ft.Icons.CHECKLIST, t("choose_task"))], margin=margin)
    refusal: list[ft.Control] = []
    if tasks.refusal:
        refusal = [named("task-refusal", note(in_words(till, tasks.refusal), "stop"))]
    if tasks.task is None:
        again = secondary("ask-again", t("try_again"), till.tasks_work.again)
        return pane([*refusal, *([] if refusal else [skeleton()]), ft.Row([again])], margin=margin)
    return OneTask(tasks.task, refusal, margin, key=tasks.open_id)


@ft.component
def OneTask(task: dict[str, Any], refusal: list[ft.Control], margin: int) -> ft.Control:
    till = use_till()
    t = use_words(till)
    outcome, set_outcome = ft.use_state(OUTCOMES[0])
    text, set_text = ft.use_state("")
    attempt = use_attempt()
    language = till.preferences.language
    open_ = task["state"] == "OPEN"
    body: list[ft.Control] = [
        named(
            "task-head",
            ft.Column(
                [
                    ft.Text(
                        either(language, task["reasonZh"], task["reasonEn"]), size=theme.TITLE,
                        weight=ft.FontWeight.BOLD,
                    ),
                    ft.Text(
                        f"{due(t, till, task)} · {whose(t, till, task)}", size=theme.SMALL,
                        color=ft.Colors.ON_SURFACE_VARIANT,
                    ),
                ],
                spacing=4,
            ),
        ),
        *refusal,
        *_about(t, till, task),
    ]  # fmt: skip

    def finished() -> None:
        till.say("task_finished")
        till.go("/tasks")

    async def finish() -> None:
        await attempt.make(lambda: till.tasks_work.finish(task, outcome, text), finished)

    async def take() -> None:
        await attempt.make(lambda: till.tasks_work.take(task), lambda: till.say("task_taken"))

    if not open_:
        told = t(f"outcome_{task['outcome'].lower()}") if task["outcome"] else t("act_dropped")
        return pane([scrolling([*body, note(told, "done"), *_history(t, till, task)])],
                    margin=margin)  # fmt: skip
    ways: list[ft.Control] = []
    if task["associateId"] is None:
        ways.append(secondary("take-task", t("take_task"), take, ft.Icons.BACK_HAND_OUTLINED))
    on = secondary("hand-on", t("hand_on"), lambda: till.go("/tasks/hand-on"), ft.Icons.FORWARD)
    field = ft.TextField(
        value=text, label=t("task_note"), border=edge(), multiline=True, max_lines=3,
        on_change=lambda e: set_text((e.control.value or "")[:LONGEST]),
    )  # fmt: skip
    body += [
        ft.Row([*ways, on], spacing=8, wrap=True),
        Reasons(OUTCOMES, outcome, set_outcome),
        named("task-note", field),
        *attempt.note,
        *_history(t, till, task),
    ]
    button = primary("finish-task", f"{t('finish_task')}：{t(outcome)}" if language == "zh"
                     else t(outcome), finish, busy=attempt.busy)  # fmt: skip
    return pane([scrolling(body)], [button], margin)


def _about(t: Words, till: Any, task: dict[str, Any]) -> list[ft.Control]:
    """What it is about, each a tap away."""
    rows: list[ft.Control] = []
    if task["member"]:

        async def to_member() -> None:
            await till.open_member(task["memberId"], back_to=task_route(till))

        text = t("about_member", name=task["member"]["name"])
        rows.append(_way("task-member", ft.Icons.PERSON_OUTLINE, text, to_member))
    if task["styleId"]:

        async def to_piece() -> None:
            till.go("/stock")
            await till.open_style(task["styleId"], task["skuId"])

        text = t("about_piece", name=task["piece"])
        rows.append(_way("task-piece", ft.Icons.INVENTORY_2_OUTLINED, text, to_piece))
    if task["orderId"]:

        async def to_order() -> None:
            await open_order(till, task["orderId"])

        rows.append(_way("task-order", ft.Icons.RECEIPT_LONG_OUTLINED, t("about_order"), to_order))
    return [card(*rows, padding=4, spacing=0)] if rows else []


def _way(identifier: str, icon: Any, text: str, open_it: Any) -> ft.Control:
    tile = ft.ListTile(
        title=text, leading=ft.Icon(icon), trailing=ft.Icon(ft.Icons.CHEVRON_RIGHT),
        on_click=open_it,
    )  # fmt: skip
    return named(identifier, tile)


def _history(t: Words, till: Any, task: dict[str, Any]) -> list[ft.Control]:
    steps = task["history"]
    if not steps:
        return []
    rows: list[ft.Control] = [ft.Text(t("history"), weight=ft.FontWeight.BOLD)]
    for step in steps:
        who = (step["by"] or {}).get("name") or t("by_system")
        told = f"{clock.at(step['at'], till.desk.store)} {t('act_' + step['act'].lower())} · {who}"
        if step["act"] == "HANDED_ON":
            told = f"{told} → {(step['to'] or {}).get('name') or t('whole_store')}"
        if step["note"]:
            told = f"{told} · {step['note']}"
        rows.append(ft.Text(told, size=theme.SMALL))
    return [named("task-history", card(*rows, spacing=6))]
