"""What can be said of a basket and its payments before anybody is asked. Rules without I/O."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.contracts import LINES_LIMIT
from shared.contracts.campaign import BasketLine
from shared.contracts.order import PlaceOrder, Tender
from shared.errors import Refusal
from shared.seal import Caller, Role

QUANTITY_LIMIT = 10_000
CLOCK_TOLERANCE = timedelta(minutes=5)


def check_lines(lines: Sequence[BasketLine]) -> None:
    """Raise BASKET_SIZE or INVALID_QUANTITY."""
    if not 1 <= len(lines) <= LINES_LIMIT:
        raise Refusal("BASKET_SIZE", {"limit": LINES_LIMIT})
    if any(not 1 <= line.quantity <= QUANTITY_LIMIT for line in lines):
        raise Refusal("INVALID_QUANTITY", {"limit": QUANTITY_LIMIT})
    if len({line.line for line in lines}) != len(lines):
        raise Refusal("INVALID_INPUT", {"field": "$.lines", "reason": "line numbers repeat"})


def is_fact(caller: Caller, command: PlaceOrder, now: datetime) -> bool:
    """Whether the command tells of a sale that has happened in another till (X1).

    All lines then state what was charged, and only an integration may say so.
    """
    stated = [line.stated_minor is not None for line in command.lines]
    if not any(stated) and command.occurred_at is None:
        return False
    if command.exchange is not None:
        reason = "a sale of another till states its returns by themselves"
        raise Refusal("INVALID_INPUT", {"field": "$.exchange", "reason": reason})
    if Role.INTEGRATION not in caller.roles:
        raise Refusal("STATED_BY_CLIENTS_ONLY")
    if not all(stated):
        reason = "all lines state their price, or none"
        raise Refusal("INVALID_INPUT", {"field": "$.lines", "reason": reason})
    if command.occurred_at and (
        command.occurred_at.tzinfo is None or command.occurred_at > now + CLOCK_TOLERANCE
    ):
        raise Refusal("INVALID_TIME")
    return True


def check_tenders(command: PlaceOrder) -> None:
    """Raise unless the payments are well-formed and come to what the customer was told."""
    for tender in command.tenders:
        reason = _fault_of(tender)
        if reason:
            raise Refusal("TENDER_INVALID", {"reason": reason})
    kinds = [tender.kind for tender in command.tenders]
    if kinds.count("points") > 1 or kinds.count("wallet") > 1:
        raise Refusal("TENDER_INVALID", {"reason": "points and wallet once each"})
    if command.member_id is None and {"points", "wallet"} & set(kinds):
        raise Refusal("TENDER_NEEDS_MEMBER")
    if command.exchange is not None:
        return  # the goods that come back pay too: what is left to pay is known when they are
    require_paid(command, command.tenders)


def require_paid(command: PlaceOrder, tenders: Sequence[Tender]) -> None:
    """Raise TENDERS_MISMATCH unless the payments come to what the customer was told."""
    paid = sum(tender.amount_minor for tender in tenders)
    if paid != command.total_minor:
        sums = {"paid_minor": paid, "total_minor": command.total_minor}
        raise Refusal("TENDERS_MISMATCH", {**sums, "currency": command.currency})


def _fault_of(tender: Tender) -> str | None:
    if tender.amount_minor < 1:
        return "amount"
    if tender.return_id is not None:
        return "return_id"
    if (tender.kind == "points") != (tender.points is not None):
        return "points"
    if tender.given_minor is not None and (
        tender.kind != "cash" or tender.given_minor < tender.amount_minor
    ):
        return "given"
    if tender.kind in ("card", "code") and not tender.reference:
        return "reference"
    return None


def amount_of(tenders: Sequence[Tender], kind: str) -> int:
    """What is paid with one kind of tender, in minor units."""
    return sum(tender.amount_minor for tender in tenders if tender.kind == kind)


def change_of(tenders: Sequence[Tender]) -> int:
    """What goes back to the customer out of the cash given."""
    return sum(t.given_minor - t.amount_minor for t in tenders if t.given_minor is not None)
