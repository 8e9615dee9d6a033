"""Under settings: what this device keeps to sell without network."""

import flet as ft

from staff_app.clock import at
from staff_app.money import count
from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.parts import card, named


@ft.component
def AloneCard() -> ft.Control:
    till = use_till()
    t = use_words(till)
    alone = use(till.alone)
    said = t("alone_nothing_kept")
    if alone.ready:
        time = at(alone.contact_at, till.desk.store)
        said = t("alone_kept", styles=count(alone.styles), time=time)
    title = ft.Text(t("alone_title"), weight=ft.FontWeight.BOLD)
    return named("alone-kept", card(title, ft.Text(said), spacing=6))
