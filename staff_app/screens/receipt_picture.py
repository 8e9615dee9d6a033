"""The receipt as the customer gets it: looked at, then handed to the app that sends it."""

import flet as ft

from staff_app.ui.context import use, use_till, use_words
from staff_app.ui.frame import BackTo, bar, screen, scrolling
from staff_app.ui.parts import empty, named, note, primary

ROUTE = "/receipt-picture"


@ft.component
def ReceiptPicture() -> ft.View:
    till = use_till()
    t = use_words(till)
    paper = use(till.paper)
    trouble, set_trouble = ft.use_state("")
    head = bar(t("receipt_picture"), back=BackTo(paper.back_to))
    picture = paper.picture
    if picture is None:
        return screen(ROUTE, head, [empty(ft.Icons.RECEIPT_LONG_OUTLINED, t("no_picture"))])

    async def share() -> None:
        file = ft.ShareFile.from_bytes(picture, mime_type="image/png", name=f"{paper.number}.png")
        sharing = ft.Share()
        try:
            result = await sharing.share_files([file])
        except (RuntimeError, TimeoutError):
            set_trouble(t("cannot_share"))
            return
        if result.status is ft.ShareResultStatus.DISMISSED:
            return
        till.say("shared")

    shown: list[ft.Control] = []
    if trouble:
        shown.append(named("trouble", note(trouble)))
    if paper.copy:
        shown.append(named("copy", note(t("receipt_is_copy", copy=paper.copy))))
    drawn = ft.Image(
        src=picture, fit=ft.BoxFit.FIT_WIDTH, semantics_label=f"{t('receipt')} {paper.number}"
    )
    shown.append(named("picture", ft.Container(drawn, bgcolor=ft.Colors.WHITE)))
    return screen(ROUTE, head, [scrolling(shown)], [primary("share", t("share_receipt"), share)])
