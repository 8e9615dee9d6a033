"""Members: find one, and see them from all sides; beside the search where there is room."""

from typing import Any

import flet as ft

from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, head, place, screen
from staff_app.ui.member_pane import MemberPane
from staff_app.ui.member_search import MemberSearch


@ft.component
def Customers() -> ft.Control:
    till = use_till()
    t = use_words(till)
    wide = use(till.layout).wide

    async def look_at(member: dict[str, Any]) -> None:
        await till.open_member(member["id"])

    search = MemberSearch(look_at, t("register_only"), beside=wide)
    beside = MemberPane() if wide else None
    return place(head("/customers", t("customers")), [search], aside=beside)


@ft.component
def Member() -> ft.View:
    """One member on a screen of their own."""
    till = use_till()
    t = use_words(till)
    back = BackTo(use(till.person).back_to)
    return screen("/customers/member", bar(t("member"), back=back), [MemberPane(margin=0)])
