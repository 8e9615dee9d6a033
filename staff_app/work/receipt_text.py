"""A receipt in plain text, made on the device: what can be shared where no gateway draws one."""

from typing import Any

from staff_app.clock import at
from staff_app.i18n import Words, either
from staff_app.money import money


def receipt_text(
    t: Words, language: str, order: dict[str, Any], store: dict[str, Any] | None
) -> str:
    """Store, number, when, each piece with its list price, what was taken off, and the tenders."""
    currency = order["currency"]
    lines = [
        (store or {}).get("name", ""),
        t("receipt_number", number=order["receiptNumber"]),
        at(order["placedAt"], store),
        "",
    ]
    for line in order["lines"]:
        piece = f"{line['name']} {line['colour']} {line['size']} × {line['quantity']}"
        lines.append(f"{piece}  {money(int(line['listMinor']), currency)}")
    for promotion in order["promotions"]:
        name = either(language, promotion["nameZh"], promotion["nameEn"])
        lines.append(f"{name}  {money(-int(promotion['discountMinor']), currency)}")
    lines.append(f"{t('total')}  {money(int(order['totalMinor']), currency)}")
    lines += [
        f"{t(tender['kind'].lower())}  {money(int(tender['amountMinor']), currency)}"
        for tender in order["tenders"]
    ]
    if int(order["changeMinor"]):
        lines.append(f"{t('change')}  {money(int(order['changeMinor']), currency)}")
    return "\n".join([*lines, "", t("alone_receipt_returns")])
