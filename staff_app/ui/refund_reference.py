"""The terminal's number of a refund to card or code."""

from typing import Any

import flet as ft

from staff_app.i18n import Words
from staff_app.money import money
from staff_app.ui.parts import edge, named
from staff_app.ui.receipt_lines import NAMES

LONGEST = 100


def refund_reference(t: Words, refund: dict[str, Any], known: Any, currency: str) -> ft.Control:
    """A field that writes into `known`, by the position of the payment."""
    position, tender = refund["position"], t(NAMES[refund["kind"]])
    name = t("refund_reference_of", tender=tender)
    if refund["amountMinor"] is not None:
        back = money(int(refund["amountMinor"]), currency)
        name = t("refund_reference", tender=tender, amount=back)

    def change(event: Any) -> None:
        known[position] = (event.control.value or "")[:LONGEST]

    return named(
        f"refund-reference-{position}",
        ft.TextField(value=known.get(position, ""), label=name, border=edge(), on_change=change),
    )
