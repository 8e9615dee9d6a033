"""Rules of the wallet and of what is done by hand: versioned data, like all rules."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import Code, Message, Name
from shared.seal import Role

Points = Annotated[int, Meta(ge=0, le=10**9)]
Amount = Annotated[int, Meta(ge=0, le=10**12)]
TopUpTender = Literal["cash", "card", "code", "bank_transfer"]
Buyer = Literal["person", "company"]
PlanUse = Literal["always", "once", "yearly"]
StoreIds = Annotated[list[UUID], Meta(max_length=500)]


class TopUpStep(Message, frozen=True, kw_only=True):
    paid_minor: Annotated[int, Meta(ge=1)]
    bonus_minor: Amount


class TopUpPlan(Message, frozen=True, kw_only=True):
    """A campaign for top-ups (V2): from the first through the last local date of the store, in the
    stores named or of the franchisees named (none named: everywhere).

    The bonus is that of the highest step not above what is paid; without `free_amount` one of the
    steps has to be paid exactly. A member may use it always, once, or once in a calendar year.
    """

    code: Code
    name_zh: Name
    name_en: Name
    valid_from: date | None = None
    valid_until: date | None = None
    store_ids: StoreIds = []
    franchisee_ids: StoreIds = []
    steps: Annotated[list[TopUpStep], Meta(min_length=1, max_length=50)]
    free_amount: bool = True
    use: PlanUse = "always"
    tenders: list[TopUpTender] = []


class TopUpRule(Message, frozen=True, kw_only=True, tag="top_up"):
    """The bonus of the highest step not above what is paid (V2), and the most one may pay at once.

    `steps` are for everybody; `plans` are campaigns beside them. A top-up that names no plan gets
    what gives the highest bonus.
    """

    steps: Annotated[list[TopUpStep], Meta(max_length=50)] = []
    limit_minor: Amount = 500_000
    plans: Annotated[list[TopUpPlan], Meta(max_length=100)] = []


class WalletRule(Message, frozen=True, kw_only=True, tag="wallet"):
    """Which part of the wallet is spent first."""

    spend_order: Literal["principal_first", "bonus_first", "pro_rata"] = "principal_first"


class WalletLimits(Message, frozen=True, kw_only=True, tag="wallet_limits"):
    """Limits of a registered card (单用途商业预付卡管理办法) and of refunds (法释〔2025〕4号).

    `max_balance_minor` is of principal, and of bonus too if `counts_bonus`. From the thresholds on
    a company or a person has to pay by bank transfer; `on_cash` says whether another tender is
    refused or only noted. A top-up can be refunded through the `refund_days`-th day after it.
    """

    max_balance_minor: Amount = 500_000
    counts_bonus: bool = False
    max_per_day_minor: Amount | None = None
    company_transfer_minor: Amount = 500_000
    person_transfer_minor: Amount = 5_000_000
    on_cash: Literal["refuse", "note"] = "refuse"
    refund_days: Annotated[int, Meta(ge=0, le=3660)] = 7


class HandLimit(Message, frozen=True, kw_only=True):
    """Up to here one person books by hand alone: points, money given or moved, money paid out."""

    points: Points = 5_000
    wallet_minor: Amount = 50_000
    pay_out_minor: Amount = 0


class ApprovalRule(Message, frozen=True, kw_only=True, tag="approval"):
    """What needs a second person: above the limit of the roles named, else above `others`.

    Of several roles the widest limit counts. A proposal not decided upon lapses.
    """

    others: HandLimit = HandLimit()
    roles: dict[Role, HandLimit] = {}
    lapse_hours: Annotated[int, Meta(ge=1, le=8760)] = 72
