"""Limits of a wallet, as HQ has set them; without a rule those of the law for registered cards."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty import rules
from services.loyalty.ledger import Balance
from shared.contracts.loyalty import TopUp, WalletLimits
from shared.errors import Refusal
from shared.stores import Store


def limits_at(session: Session, now: datetime) -> WalletLimits:
    """The limits in force."""
    found = rules.in_force(session, "wallet_limits", now)
    return found[1] if found else WalletLimits()


def room_in(limits: WalletLimits, principal: int, bonus: int) -> int:
    """How much more a wallet may hold."""
    there = principal + bonus if limits.counts_bonus else principal
    return max(limits.max_balance_minor - there, 0)


def refuse_above(
    session: Session, balances: Mapping[str, Balance], more: Mapping[str, int], now: datetime
) -> None:
    """Raise BALANCE_LIMIT if a wallet (principal, bonus) may not hold so much more of each."""
    limits = limits_at(session, now)
    room = room_in(limits, balances["principal"].balance, balances["bonus"].balance)
    added = more["principal"] + (more["bonus"] if limits.counts_bonus else 0)
    if added > room:
        limit, currency = limits.max_balance_minor, balances["principal"].unit
        raise Refusal(
            "BALANCE_LIMIT", {"limit_minor": limit, "room_minor": room, "currency": currency}
        )


def refuse_day(session: Session, store: Store, principal: Balance, paid: int, at: datetime) -> None:
    """Raise DAILY_LIMIT if a member may not pay in so much more on this date of the store."""
    limit = limits_at(session, at).max_per_day_minor
    if limit is None:
        return
    day = {
        "account_id": principal.account_id,
        "today": store.business_date(at),
        "zone": store.time_zone,
    }
    room = max(limit - session.execute(_PAID_TODAY, day).scalar_one(), 0)
    if paid > room:
        currency = principal.unit
        raise Refusal(
            "DAILY_LIMIT", {"limit_minor": limit, "room_minor": room, "currency": currency}
        )


def transfer_due(limits: WalletLimits, command: TopUp) -> bool:
    """Whether the law wants a bank transfer for this and it is none.

    Raises `Refusal("TRANSFER_REQUIRED")` where that is not to be noted only.
    """
    company = command.buyer == "company"
    threshold = limits.company_transfer_minor if company else limits.person_transfer_minor
    if command.tender == "bank_transfer" or command.paid_minor < threshold:
        return False
    if limits.on_cash == "refuse":
        currency = command.currency
        raise Refusal("TRANSFER_REQUIRED", {"threshold_minor": threshold, "currency": currency})
    return True


_PAID_TODAY = text(
    "SELECT coalesce(sum(amount), 0) FROM entries WHERE account_id = :account_id"
    " AND reason = 'top_up' AND CAST(at AT TIME ZONE :zone AS date) = :today"
)
