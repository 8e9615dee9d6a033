"""The app of one session: a till on this device, and the screen that belongs to its state."""

import functools
from collections.abc import Callable
from typing import Any

import flet as ft

from staff_app import theme
from staff_app.address import Address
from staff_app.client import Transport
from staff_app.i18n import words
from staff_app.mended import mend
from staff_app.screens.activate import Activate
from staff_app.screens.sign_in import SignIn
from staff_app.storage import DeviceStorage, Storage
from staff_app.till import Till
from staff_app.ui import page_keys
from staff_app.ui.context import TillContext, use, use_till, use_words
from staff_app.ui.frame import bar, screen
from staff_app.ui.parts import skeleton
from staff_app.ways import Screens
from staff_app.whereabouts import Whereabouts

UNDO_MILLISECONDS = 5000


def app(transport: Transport, storage: Storage | None = None) -> Callable[[ft.Page], None]:
    """The entry point of a session. Without a storage of its own it keeps things on the device."""

    def main(page: ft.Page) -> None:
        mend(page)
        theme.apply(page)
        kept = storage or DeviceStorage(ft.SharedPreferences())
        whereabouts = Whereabouts()
        address = Address(page, whereabouts, lambda work: till.keep_running(work))
        till = Till(transport, kept, whereabouts, address.go, functools.partial(_say, page))
        page.session.store.set("till", till)
        page_keys.listen(page)
        page.on_resize = functools.partial(_measure, page, till)
        _measure(page, till)
        page.on_connect = functools.partial(_came_back, till, address)
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
    return Screens()


@ft.component
def Starting() -> ft.View:
    till = use_till()
    t = use_words(till)
    return screen("/starting", bar("Chainstitch"), [ft.Text(t("loading")), skeleton()])


def _measure(page: ft.Page, till: Till, *_event: Any) -> None:
    wide = (page.width or 0) >= theme.WIDE_FROM
    if till.layout.wide != wide:
        till.layout.wide = wide


async def _came_back(till: Till, address: Address, *_event: Any) -> None:
    address.follow()
    await till.came_back()


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
