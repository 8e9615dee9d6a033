"""Find the member of this sale; who is not there yet gets a card on the same screen."""

from typing import Any

import flet as ft

from staff_app.ui.context import use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen
from staff_app.ui.member_search import MemberSearch


@ft.component
def Members() -> ft.View:
    till = use_till()
    t = use_words(till)

    async def attach(member: dict[str, Any]) -> None:
        till.finding.forget_people()
        till.go("/")
        await till.attach(member)

    search = MemberSearch(attach, t("register"))
    return screen("/members", bar(t("find_member"), back=BackTo("/")), [search])
