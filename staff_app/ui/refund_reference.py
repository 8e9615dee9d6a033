"""The terminal's number of a refund to card or code."""

from typing import Any

import flet as ft

from staff_app.i18n import Words
from staff_app.money import money
from staff_app.ui.parts import edge, named
from staff_app.ui.receipt_lines import NAMES

LONGEST = 100


def refund_reference(
    t: Words, refund: dict[str, Any], known: Any, currency: str, changed: Any = None
) -> ft.Control:
    """A field that writes into `known`, by the position of the payment."""
    position = refund["position"]
    name = t(
        "refund_reference",
        tender=t(NAMES[refund["kind"]]),
        amount=money(int(refund["amountMinor"]), currency),
    )

    def change(event: Any) -> None:
        known[position] = (event.control.value or "")[:LONGEST]
        if changed:
            changed()

    return named(
        f"refund-reference-{position}",
        ft.TextField(value=known.get(position, ""), label=name, border=edge(), on_change=change),
    )
