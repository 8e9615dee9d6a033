"""What stands on a receipt, row by row, whether it is printed or drawn."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.receipt_words import Words
from shared.contracts.directory import Store
from shared.contracts.order import Order
from shared.contracts.order.receipts import ReceiptIssue
from shared.contracts.order.returns import ReturnReceipt
from shared.money import written


@dataclass(frozen=True)
class Row:
    """`left` and `right` on one line, or `left` alone in the middle; `strong` is bold,
    `large` twice as high."""

    left: str
    right: str = ""
    middle: bool = False
    strong: bool = False
    large: bool = False


@dataclass(frozen=True)
class Rule:
    """A line across."""


@dataclass(frozen=True)
class Code:
    """A QR code, as the till's scanner reads it."""

    text: str


Part = Row | Rule | Code


@dataclass(frozen=True)
class Facts:
    """What a receipt says that its document does not: where, by whom (staff number), and the
    member's `points` and `wallet_minor` now, if it is a member's."""

    store: Store
    staff: str = ""
    balances: tuple[int, int] | None = None


def parts_of(issue: ReceiptIssue, facts: Facts, words: Words) -> list[Part]:
    """The receipt of a sale or of a return."""
    if issue.order is not None:
        return _sale(issue, issue.order, facts, words)
    if issue.return_receipt is not None:
        return _return(issue, issue.return_receipt, facts, words)
    raise ValueError("a receipt is of a sale or of a return")


def test_page(store: Store, words: Words) -> list[Part]:
    """What a printer is tried with."""
    return [
        Row(store.name, middle=True, strong=True, large=True),
        Row(words("test"), middle=True),
        Rule(),
        Row(words("test_line"), written(123_456, store.currency)),
        Code(store.code),
    ]


def _sale(issue: ReceiptIssue, order: Order, facts: Facts, words: Words) -> list[Part]:
    number = order.receipt_number or ""
    parts = _head(issue, facts, words)
    if order.status == "voided":
        parts.append(Row(words("voided"), middle=True, strong=True))
    parts += [Rule(), Row(words("number"), number)]
    parts += _when(order.placed_at, facts, words)
    parts.append(Rule())
    for line in order.lines:
        each = written(line.unit_list_minor, order.currency)
        parts += _piece(line.name, line.colour, line.size)
        parts.append(Row(f"  {line.quantity} × {each}", written(line.list_minor, order.currency)))
    for promotion in order.promotions:
        name = words.either(promotion.name_zh, promotion.name_en)
        parts.append(Row(name, written(-promotion.discount_minor, order.currency)))
    parts.append(Rule())
    total = written(order.total_minor, order.currency)
    parts.append(Row(words("total"), total, strong=True, large=True))
    if order.tax_minor:
        parts.append(Row(words("tax"), written(order.tax_minor, order.currency)))
    parts += _tenders(order, words)
    return parts + _of_member(order, facts, words) + _foot(number, words)


def _tenders(order: Order, words: Words) -> list[Part]:
    rows: list[Part] = []
    for tender in order.tenders:
        name = words(tender.kind)
        if tender.return_id:
            name = words("carried", tender=name)
        if tender.points:
            name = f"{name} {tender.points:,}"
        rows.append(Row(name, written(tender.amount_minor, order.currency)))
        if tender.given_minor and tender.given_minor != tender.amount_minor:
            rows.append(Row(words("given"), written(tender.given_minor, order.currency)))
    if order.change_minor:
        rows.append(Row(words("change"), written(order.change_minor, order.currency)))
    return rows


def _of_member(order: Order, facts: Facts, words: Words) -> list[Part]:
    """What the sale leaves the member with, as it was told at the till."""
    if order.member_id is None:
        return []
    rows: list[Part] = [Rule(), Row(words("points_earned"), f"+{order.points_expected:,}")]
    if order.balances:
        wallet = order.balances.wallet_principal_minor + order.balances.wallet_bonus_minor
        points = order.balances.points + order.points_expected
        rows += _balances((points, wallet), order.currency, words)
    elif facts.balances:
        rows += _balances(facts.balances, order.currency, words)
    return rows


def _return(issue: ReceiptIssue, back: ReturnReceipt, facts: Facts, words: Words) -> list[Part]:
    parts = _head(issue, facts, words)
    parts += [
        Row(words("return"), middle=True, strong=True, large=True),
        Rule(),
        Row(words("number"), back.receipt_number),
        Row(words("of_receipt"), back.order_receipt_number),
        *_when(back.returned_at, facts, words),
        Rule(),
    ]
    for line in back.lines:
        parts += _piece(line.name, line.colour, line.size)
        condition = f" {words('damaged')}" if line.condition == "damaged" else ""
        refund = written(-line.refund_minor, back.currency)
        parts.append(Row(f"  {line.quantity}{condition}", refund))
    total = written(-back.refund_minor, back.currency)
    parts += [Rule(), Row(words("refund"), total, strong=True, large=True)]
    for refund_ in back.refunds:
        name = words("back_to", tender=words(refund_.kind))
        if refund_.points:
            name = f"{name} {refund_.points:,}"
        parts.append(Row(name, written(refund_.amount_minor, back.currency)))
    if back.points_taken:
        parts.append(Row(words("points_taken"), f"-{back.points_taken:,}"))
    if facts.balances:
        parts += [Rule(), *_balances(facts.balances, back.currency, words)]
    return parts + _foot(back.order_receipt_number, words)


def _head(issue: ReceiptIssue, facts: Facts, words: Words) -> list[Part]:
    parts: list[Part] = [
        Row(facts.store.name, middle=True, strong=True, large=True),
        Row(facts.store.legal_entity, middle=True),
    ]
    if issue.copy:
        parts.append(Row(words("copy", copy=issue.copy), middle=True, strong=True))
    return parts


def _when(at: datetime | None, facts: Facts, words: Words) -> list[Part]:
    rows: list[Part] = []
    if at is not None:
        local = at.astimezone(ZoneInfo(facts.store.time_zone))
        rows.append(Row(words("time"), local.strftime("%Y-%m-%d %H:%M")))
    if facts.staff:
        rows.append(Row(words("staff"), facts.staff))
    return rows


def _piece(name: str, colour: str, size: str) -> list[Part]:
    return [Row(f"{name} {colour} {size}")]


def _balances(after: tuple[int, int], currency: str, words: Words) -> list[Part]:
    points, wallet_minor = after
    return [
        Row(words("points_after"), f"{points:,}", strong=True),
        Row(words("wallet_after"), written(wallet_minor, currency)),
    ]


def _foot(number: str, words: Words) -> list[Part]:
    return [
        Rule(),
        Code(number),
        Row(number, middle=True),
        Row(words("keep"), middle=True),
        Row(words("thanks"), middle=True),
    ]
