"""Under a receipt: print it, or share it as a picture."""

import flet as ft

from staff_app.ui.attempt import use_attempt
from staff_app.ui.context import use_till, use_words
from staff_app.ui.parts import secondary


@ft.component
def ReceiptActions(
    document: dict[str, str], number: str, back_to: str, again: bool = False, name: str = ""
) -> ft.Control:
    """`document` as `PaperWork` has it; `again`: it went out when it was made. `name`
    tells the buttons of several receipts on a screen apart."""
    till = use_till()
    t = use_words(till)
    attempt = use_attempt()

    async def print_() -> None:
        copy = await till.paper_work.print(document)
        if copy:
            till.say("printed_copy", copy=str(copy))
        else:
            till.say("printed")

    async def draw() -> None:
        await till.paper_work.draw(document, number, back_to)

    async def on_print() -> None:
        await attempt.make(print_, lambda: attempt.say(""))

    async def on_share() -> None:
        await attempt.make(draw, lambda: till.go("/receipt-picture"))

    words = ("print_again", "send_again") if again else ("print", "share")
    ways = (
        (f"print-receipt{name}", words[0], on_print, ft.Icons.PRINT_OUTLINED),
        (f"share-receipt{name}", words[1], on_share, ft.Icons.SHARE_OUTLINED),
    )
    buttons = [
        ft.Container(secondary(identifier, t(word), press, icon, expand=True), expand=True)
        for identifier, word, press, icon in ways
    ]
    return ft.Column([*attempt.note, ft.Row(list(buttons), spacing=8)], spacing=8)
