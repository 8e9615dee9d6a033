"""The app of one session: a till on this device, and the screen that belongs to its state."""

import functools
from collections.abc import Callable
from typing import Any

import flet as ft

from staff_app import theme
from staff_app.client import Transport
from staff_app.i18n import words
from staff_app.mended import mend
from staff_app.screens.activate import Activate
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
from staff_app.screens.sign_in import SignIn
from staff_app.screens.stock import Stock, Style
from staff_app.screens.stock_draft import StockDraft
from staff_app.screens.tasks import Task, Tasks
from staff_app.screens.top_up import TopUp
from staff_app.screens.unsent import UnsentSales
from staff_app.storage import DeviceStorage, Storage
from staff_app.till import Till
from staff_app.ui.context import TillContext, use, use_till, use_words
from staff_app.ui.frame import bar, screen
from staff_app.ui.parts import empty, primary, skeleton

UNDO_MILLISECONDS = 5000

ROUTES = [
    ft.Route(
        component=Sale,
        children=[
            ft.Route(path="members", component=Members),
            ft.Route(path="pay", component=Pay),
            ft.Route(path="receipt", component=Receipt),
            ft.Route(path="unsent", component=UnsentSales),
        ],
    ),
    ft.Route(
        path="orders",
        component=Orders,
        children=[
            ft.Route(path="order", component=OrderScreen),
            ft.Route(path="return", component=GiveBack),
            ft.Route(path="cancel", component=Cancel),
        ],
    ),
    ft.Route(
        path="customers",
        component=Customers,
        children=[
            ft.Route(path="member", component=Member),
            ft.Route(path="edit", component=EditMember),
            ft.Route(path="note", component=NoteDown),
            ft.Route(path="relative", component=Relative),
            ft.Route(path="top-up", component=TopUp),
            ft.Route(path="for-points", component=ForPoints),
            ft.Route(path="mall", component=MallScreen),
            ft.Route(path="gift", component=GiftScreen),
            ft.Route(path="data-out", component=DataOut),
            ft.Route(path="erase", component=Erase),
            ft.Route(path="tier", component=SetTier),
        ],
    ),
    ft.Route(
        path="stock",
        component=Stock,
        children=[
            ft.Route(path="style", component=Style),
            ft.Route(path="draft", component=StockDraft),
        ],
    ),
    ft.Route(path="home", component=Home),
    ft.Route(
        path="tasks",
        component=Tasks,
        children=[
            ft.Route(path="task", component=Task),
            ft.Route(path="new", component=NewTask),
            ft.Route(path="hand-on", component=HandOn),
        ],
    ),
    ft.Route(path="more", component=More),
    ft.Route(path="performance", component=Performance),
    ft.Route(
        path="duplicates",
        component=DuplicatesScreen,
        children=[ft.Route(path="pair", component=PairScreen)],
    ),
    ft.Route(path="settings", component=Settings),
    ft.Route(path="receipt-picture", component=ReceiptPicture),
]


def app(transport: Transport, storage: Storage | None = None) -> Callable[[ft.Page], None]:
    """The entry point of a session. Without a storage of its own it keeps things on the device."""

    def main(page: ft.Page) -> None:
        mend(page)
        theme.apply(page)
        kept = storage or DeviceStorage(ft.SharedPreferences())
        till = Till(transport, kept, functools.partial(_go, page), functools.partial(_say, page))
        page.session.store.set("till", till)
        page.on_resize = functools.partial(_measure, page, till)
        _measure(page, till)
        page.on_connect = till.came_back
        page.on_close = till.stop
        page.render_views(Root, till)

    return main


@ft.component
def Root(till: Till) -> Any:
    return TillContext(till, Guarded)


@ft.component
def Guarded() -> Any:
    """Device first, then person, then the screens: none of them is drawn without both."""
    till = use_till()
    desk, look = use(till.desk), use(till.preferences).look
    page = ft.context.page
    ft.on_mounted(till.start)
    ft.use_effect(lambda: theme.shine(page, look), [look])
    if not desk.ready:
        return Starting()
    if desk.device is None:
        return Activate()
    if desk.staff is None or desk.opening:
        return SignIn()
    return ft.Router(ROUTES, not_found=Missing, manage_views=True)


@ft.component
def Starting() -> ft.View:
    till = use_till()
    t = use_words(till)
    return screen("/starting", bar("Chainstitch"), [ft.Text(t("loading")), skeleton()])


@ft.component
def Missing() -> ft.Control:
    till = use_till()
    t = use_words(till)
    home = primary("next-sale", t("sale"), lambda: till.go("/"))
    return empty(ft.Icons.EXPLORE_OFF_OUTLINED, t("page_missing"), home)


def _measure(page: ft.Page, till: Till, *_event: Any) -> None:
    wide = (page.width or 0) >= theme.WIDE_FROM
    if till.layout.wide != wide:
        till.layout.wide = wide


def _go(page: ft.Page, route: str) -> None:
    """Show a screen. While the device is away only its route is set, for when it is back; before
    the first screen is drawn it is set as well, so that none is drawn that nobody asked for."""
    away = page.session.connection is None
    till: Till = page.session.store.get("till")
    if away or till.desk.opening:
        page.route = route
    if not away:
        page.navigate(route)


def _say(page: ft.Page, key: str, undo: Callable[[], Any] | None = None, **values: str) -> None:
    """A line at the foot of the screen, with a way back where there is one."""
    till: Till = page.session.store.get("till")
    t = words(till.preferences.language)
    if page.session.connection is None:
        return
    action = ft.SnackBarAction(label=t("undo"), on_click=undo) if undo else None
    page.show_dialog(
        ft.SnackBar(
            content=t(key, **values),
            action=action,
            duration=UNDO_MILLISECONDS if undo else 2500,
            persist=False,
            behavior=ft.SnackBarBehavior.FLOATING,
            margin=ft.Margin.only(left=16, right=16, bottom=150),
        )
    )
