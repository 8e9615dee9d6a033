"""Home: today in figures, what is to be done, what is not sent yet, and the way into all else."""

from typing import Any

import flet as ft

from staff_app import clock, theme
from staff_app.i18n import Words
from staff_app.money import count
from staff_app.screens.sale import UnsentNote
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.frame import LanguageButton, head, place, scrolling
from staff_app.ui.parts import amount, card, named, primary, quiet, secondary, skeleton
from staff_app.ui.task_row import TaskRow

SHOWN_TASKS = 3


@ft.component
def Home() -> ft.Control:
    till = use_till()
    t = use_words(till)
    desk = use(till.desk)
    ft.on_mounted(till.open_home)
    title = (desk.store or {}).get("name") or (desk.device or {}).get("storeName", "")
    body = scrolling([UnsentNote(), Today(), ToDo(), Ways()])
    start = primary("start-sale", t("start_sale"), lambda: till.go("/"))
    return place(head("/home", title, [LanguageButton()]), [body], [start])


@ft.component
def Today() -> ft.Control:
    till = use_till()
    t = use_words(till)
    home = use(till.home)
    if home.today is None:
        if home.failed and not home.asking:
            again = secondary("ask-again", t("try_again"), till.home_work.open)
            return card(ft.Text(t("today_unknown")), again)
        return skeleton(2)
    performance = home.today["performance"]
    currency = performance["currency"]
    figures = [_figures(t, "today_mine", till.home_work.mine, currency)]
    if till.performance_work.manages:
        figures.insert(0, _figures(t, "today_store", performance["total"], currency))
    shown: list[ft.Control] = [
        ft.Row([ft.Container(each, expand=True) for each in figures], spacing=8)
    ]
    if home.failed:  # nobody has said since how it stands
        told = t("today_as_of", time=clock.at(home.today["now"], till.desk.store))
        shown.append(ft.Text(told, size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT))
    return named("today", ft.Column(shown, spacing=4))


def _figures(t: Words, word: str, sums: dict[str, Any], currency: str) -> ft.Control:
    sold = t("today_sold", orders=count(sums["orders"]), pieces=count(sums["pieces"]))
    return card(
        ft.Text(t(word), size=theme.SMALL, color=ft.Colors.ON_SURFACE_VARIANT),
        amount(int(sums["salesMinor"]), currency, theme.TITLE),
        ft.Text(sold, size=theme.SMALL),
        spacing=2,
    )


@ft.component
def ToDo() -> ft.Control:
    """The tasks that are due first."""
    till = use_till()
    t = use_words(till)
    tasks, home = use(till.tasks), use(till.home)
    counts = (home.today or {}).get("taskCounts") or {}
    waiting = counts.get("mine", 0) + counts.get("untaken", 0)
    title = t("tasks_count", count=waiting) if waiting else t("tasks")
    top: list[ft.Control] = [ft.Text(title, weight=ft.FontWeight.BOLD, expand=True)]
    if counts.get("overdue"):
        late = f"{t('due_overdue')} {counts['overdue']}"
        top.append(ft.Text(late, color=ft.Colors.ERROR, weight=ft.FontWeight.BOLD))
    top.append(quiet("all-tasks", t("tasks_all"), lambda: till.go("/tasks")))
    rows: list[ft.Control]
    if tasks.found is None:
        rows = [skeleton(2)] if tasks.asking else [ft.Text(t("tasks_unread"))]
    elif not tasks.found:
        rows = [ft.Text(t("tasks_none"), color=ft.Colors.ON_SURFACE_VARIANT)]
    else:
        first = tasks.found[:SHOWN_TASKS]
        rows = [TaskRow(task, key=task["id"]) for task in first]
    return named("to-do", card(ft.Row(top), *rows, spacing=4))


@ft.component
def Ways() -> ft.Control:
    """The daily operations that are not a sale."""
    till = use_till()
    t = use_words(till)

    def open_performance() -> None:
        till.performance.back_to = "/home"
        till.go("/performance")

    async def receive() -> None:
        await till.begin_stock("receive")

    async def count_stock() -> None:
        await till.begin_stock("count")

    ways: list[tuple[str, Any, Any]] = [
        ("way_members", ft.Icons.PERSON_SEARCH_OUTLINED, lambda: till.go("/customers")),
        ("way_top_up", ft.Icons.ACCOUNT_BALANCE_WALLET_OUTLINED, lambda: till.go("/customers")),
        ("way_points", ft.Icons.CARD_GIFTCARD, lambda: till.go("/customers/for-points")),
        ("way_stock", ft.Icons.STRAIGHTEN, lambda: till.go("/stock")),
        ("way_receive", ft.Icons.INVENTORY_2_OUTLINED, receive),
        ("way_return", ft.Icons.RECEIPT_LONG_OUTLINED, lambda: till.go("/orders")),
        ("way_performance", ft.Icons.INSIGHTS, open_performance),
    ]
    if till.performance_work.manages:
        ways.append(("way_count", ft.Icons.CHECKLIST, count_stock))
    tiles: list[ft.Control] = [
        ft.Container(secondary(word.replace("_", "-"), t(word), go, icon), col={"xs": 6, "sm": 4})
        for word, icon, go in ways
    ]
    return ft.Column(
        [
            ft.Text(t("what_to_do"), weight=ft.FontWeight.BOLD),
            ft.ResponsiveRow(tiles, spacing=8, run_spacing=8),
        ],
        spacing=8,
    )
