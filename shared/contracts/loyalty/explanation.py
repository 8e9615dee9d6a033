"""Why a balance is what it is."""

from datetime import datetime
from uuid import UUID

from shared.contracts import Command, Message


class BalanceSum(Message, frozen=True, kw_only=True):
    """What entries of one reason come to, and the versions of the rule that were used."""

    reason: str
    entries: int
    amount: int
    rule_versions: list[int]
    zh: str
    en: str


class BalancePart(Message, frozen=True, kw_only=True):
    """One account (points, principal, bonus): `opening` and the sums are the `balance`, of which
    orders on their way hold `held_by_orders`. `unit` is points or a currency."""

    account: str
    unit: str
    opening: int
    sums: list[BalanceSum]
    balance: int
    held_by_orders: int
    frozen: bool
    zh: str
    en: str


class BalanceExplanation(Message, frozen=True, kw_only=True):
    member_id: UUID
    since: datetime | None
    parts: list[BalancePart]


class ExplainBalance(Command[BalanceExplanation], frozen=True, kw_only=True):
    """Why a member has what they have, in words: the opening before `since` (None: nothing), and
    what came and went after it, by reason. Refusal: UNKNOWN_MEMBER."""

    member_id: UUID
    since: datetime | None = None
