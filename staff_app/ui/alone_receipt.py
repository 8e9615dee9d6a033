"""A receipt of a sale without network, as far as the device can make one by itself: number and QR
to photograph, and its text to share."""

from typing import Any

import flet as ft

from staff_app.clock import at
from staff_app.qr import qr_picture
from staff_app.ui.context import use_till, use_words
from staff_app.ui.parts import card, named, note, secondary
from staff_app.work.receipt_text import receipt_text

SIDE = 160


@ft.component
def AloneReceipt(order: dict[str, Any]) -> ft.Control:
    """Of a sale that is on its way there is no number yet: it says so."""
    till = use_till()
    t = use_words(till)
    trouble, set_trouble = ft.use_state("")
    number = order["receiptNumber"]
    drawn = ft.use_memo(lambda: qr_picture(number) if number else b"", [number])
    if not number:
        return named("alone-receipt", note(t("alone_on_its_way")))

    async def share() -> None:
        text = receipt_text(t, till.preferences.language, order, till.desk.store)
        try:
            result = await ft.Share().share_text(text, title=number)
        except (RuntimeError, TimeoutError):
            set_trouble(t("cannot_share_text"))
            return
        if result.status is not ft.ShareResultStatus.DISMISSED:
            till.say("shared")

    code = ft.Image(
        src=drawn, width=SIDE, height=SIDE, fit=ft.BoxFit.CONTAIN,
        filter_quality=ft.FilterQuality.NONE, semantics_label=number,
    )  # fmt: skip
    store = (till.desk.store or {}).get("name", "")
    when = at(order["placedAt"], till.desk.store)
    inside: list[ft.Control] = [
        note(t("alone_receipt")),
        named("receipt-code", ft.Container(code, bgcolor=ft.Colors.WHITE, border_radius=8)),
        ft.Text(f"{store} · {when}", text_align=ft.TextAlign.CENTER),
        ft.Text(t("alone_receipt_keep"), text_align=ft.TextAlign.CENTER),
    ]
    if trouble:
        inside.append(named("trouble", note(trouble)))
    inside.append(secondary("share-text", t("alone_share"), share, ft.Icons.SHARE_OUTLINED))
    middle = ft.Column(inside, spacing=8, horizontal_alignment=ft.CrossAxisAlignment.CENTER)
    return named("alone-receipt", card(middle))
