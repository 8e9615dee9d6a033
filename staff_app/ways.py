"""Which screen stands at which address."""

from collections.abc import Callable
from typing import Any

import flet as ft

from staff_app.screens.cancel import Cancel
from staff_app.screens.customers import Customers, Member
from staff_app.screens.data_out import DataOut
from staff_app.screens.duplicates import DuplicatesScreen, PairScreen
from staff_app.screens.edit_member import EditMember
from staff_app.screens.erase import Erase
from staff_app.screens.give_back import GiveBack
from staff_app.screens.hand_on import HandOn
from staff_app.screens.home import Home
from staff_app.screens.mall import ForPoints, GiftScreen, MallScreen
from staff_app.screens.members import Members
from staff_app.screens.more import More
from staff_app.screens.new_task import NewTask
from staff_app.screens.note_down import NoteDown
from staff_app.screens.offline_rule import OfflineRuleScreen
from staff_app.screens.order import OrderScreen
from staff_app.screens.orders import Orders
from staff_app.screens.pay import Pay
from staff_app.screens.performance import Performance
from staff_app.screens.receipt import Receipt
from staff_app.screens.receipt_picture import ReceiptPicture
from staff_app.screens.relative import Relative
from staff_app.screens.sale import Sale
from staff_app.screens.set_tier import SetTier
from staff_app.screens.settings import Settings
from staff_app.screens.stock import Stock, Style
from staff_app.screens.stock_draft import StockDraft
from staff_app.screens.tasks import Task, Tasks
from staff_app.screens.top_up import TopUp
from staff_app.screens.unsent import UnsentSales
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.frame import screen
from staff_app.ui.parts import empty, primary
from staff_app.ui.place import Place

Shown = Callable[..., Any]

PLACES: dict[str, tuple[str, Shown]] = {
    "/home": ("home", Home),
    "/tasks": ("home", Tasks),
    "/": ("sale", Sale),
    "/customers": ("members", Customers),
    "/stock": ("stock", Stock),
    "/orders": ("orders", Orders),
    "/more": ("more", More),
    "/duplicates": ("more", DuplicatesScreen),
}
"""The places of the bar and the rail: which of them is lit, and what is shown."""

ABOVE: dict[str, tuple[str, Shown]] = {
    "/members": ("/", Members),
    "/pay": ("/", Pay),
    "/receipt": ("/", Receipt),
    "/unsent": ("/", UnsentSales),
    "/orders/order": ("/orders", OrderScreen),
    "/orders/return": ("/orders", GiveBack),
    "/orders/cancel": ("/orders", Cancel),
    "/customers/member": ("/customers", Member),
    "/customers/edit": ("/customers", EditMember),
    "/customers/note": ("/customers", NoteDown),
    "/customers/relative": ("/customers", Relative),
    "/customers/top-up": ("/customers", TopUp),
    "/customers/for-points": ("/customers", ForPoints),
    "/customers/mall": ("/customers", MallScreen),
    "/customers/gift": ("/customers", GiftScreen),
    "/customers/data-out": ("/customers", DataOut),
    "/customers/erase": ("/customers", Erase),
    "/customers/tier": ("/customers", SetTier),
    "/stock/style": ("/stock", Style),
    "/stock/draft": ("/stock", StockDraft),
    "/tasks/task": ("/tasks", Task),
    "/tasks/new": ("/tasks", NewTask),
    "/tasks/hand-on": ("/tasks", HandOn),
    "/duplicates/pair": ("/duplicates", PairScreen),
}
"""Screens above a place, which stays as it is below them."""

ALONE: dict[str, Shown] = {
    "/performance": Performance,
    "/settings": Settings,
    "/offline-rule": OfflineRuleScreen,
    "/receipt-picture": ReceiptPicture,
}

ROUTES = (*PLACES, *ABOVE, *ALONE)


@ft.component
def Screens() -> list[ft.View]:
    """The screen one is at, the lowest first."""
    route = use(use_till().whereabouts).route
    if route in ALONE:
        return [ALONE[route](key=route)]
    below, above = ABOVE.get(route, (route, None))
    if below not in PLACES:
        return [Missing(key="missing")]
    views = [Place(*PLACES[below], key="place")]
    return [*views, above(key=route)] if above else views


@ft.component
def Missing() -> ft.View:
    till = use_till()
    t = use_words(till)
    home = primary("next-sale", t("sale"), lambda: till.go("/"))
    return screen("/missing", None, [empty(ft.Icons.EXPLORE_OFF_OUTLINED, t("page_missing"), home)])
