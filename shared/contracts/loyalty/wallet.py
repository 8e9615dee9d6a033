"""The wallet beyond top-up and spending: plans on offer, refunds, pay-outs, transfers, freezing."""

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from shared.contracts import PLAIN, Command, Event, Message, Minor, Sentence
from shared.contracts.loyalty import Account, StatementAccount
from shared.contracts.loyalty.wallet_rules import Amount, TopUpStep, TopUpTender

Reason = Annotated[str, Meta(min_length=2, max_length=200, pattern=PLAIN)]

ERRORS = {
    "UNKNOWN_PLAN": Sentence(zh="没有储值方案“{plan}”", en="There is no top-up plan “{plan}”"),
    "PLAN_NOT_YET": Sentence(
        zh="该储值方案自 {valid_from} 起可用", en="This plan begins on {valid_from}"
    ),
    "PLAN_OVER": Sentence(
        zh="该储值方案已于 {valid_until} 结束", en="This plan ended on {valid_until}"
    ),
    "PLAN_ELSEWHERE": Sentence(zh="该储值方案不适用于本店", en="This plan is not for this store"),
    "PLAN_USED": Sentence(zh="该会员已使用过此方案", en="The member has used this plan already"),
    "PLAN_TENDER": Sentence(
        zh="该方案不支持此付款方式", en="This plan does not take this way of paying"
    ),
    "PLAN_AMOUNT": Sentence(
        zh="该方案的充值金额须为：{amounts}",
        en="This plan takes one of these amounts: {amounts}",
    ),
    "BALANCE_LIMIT": Sentence(
        zh="记名卡余额上限 {limit_minor}，还可存入 {room_minor}",
        en="A wallet holds at most {limit_minor}; {room_minor} can still be paid in",
    ),
    "DAILY_LIMIT": Sentence(
        zh="每日充值上限 {limit_minor}，今日还可充 {room_minor}",
        en="At most {limit_minor} a day; {room_minor} can still be paid in today",
    ),
    "TRANSFER_REQUIRED": Sentence(
        zh="达到 {threshold_minor} 须通过银行转账付款",
        en="From {threshold_minor} on it has to be paid by bank transfer",
    ),
    "ACCOUNT_FROZEN": Sentence(
        zh="该会员的账户已冻结（挂失），须由店长核实后解冻",
        en="This account is frozen; a manager can lift that after a check of the person",
    ),
    "UNKNOWN_TOP_UP": Sentence(zh="该会员没有这笔充值", en="The member has no such top-up"),
    "TOP_UP_MOVED": Sentence(
        zh="会员合并后余额已转入会员 {member_id}，请为其办理余额退款",
        en="The money of this top-up went to member {member_id} with a merge: pay it out there",
    ),
    "REFUND_TOO_LATE": Sentence(
        zh="充值 {days} 天内可退；此后请由店长办理余额退款",
        en="A top-up can be refunded for {days} days; after that a manager can pay out",
    ),
    "REFUND_AMOUNT": Sentence(
        zh="这笔充值还可退 {left_minor}", en="Of this top-up {left_minor} can still be refunded"
    ),
    "SAME_MEMBER": Sentence(
        zh="转出与转入不能是同一位会员", en="A balance is moved to another member"
    ),
}


class OfferedPlan(Message, frozen=True, kw_only=True):
    """A plan, and why the member may not use it here now (`reason`: a code, and in words)."""

    code: str
    name_zh: str
    name_en: str
    valid_until: date | None
    steps: list[TopUpStep]
    free_amount: bool
    applies: bool
    reason: str | None
    reason_zh: str | None
    reason_en: str | None


class TopUpOffer(Message, frozen=True, kw_only=True):
    """What the member can pay in here now: at most `room_minor`; `steps` are for everybody."""

    room_minor: int
    limit_minor: int
    steps: list[TopUpStep]
    plans: list[OfferedPlan]
    rule_version: int | None


class OfferTopUp(Command[TopUpOffer], frozen=True, kw_only=True):
    """Which plans a member may use in a store now, and why not the others (V2).

    With a tender or an amount given, plans that do not take it do not apply.
    """

    member_id: UUID
    store_id: UUID
    tender: TopUpTender | None = None
    paid_minor: Amount | None = None


class TopUpRefund(Message, frozen=True, kw_only=True):
    """Pay `principal_minor` back by `tender`; `bonus_minor` was taken back with it."""

    id: UUID
    top_up_id: UUID
    tender: str
    reference: str | None
    principal_minor: int
    bonus_minor: int
    account: Account


class RefundTopUp(Command[TopUpRefund], frozen=True, kw_only=True):
    """Pay a top-up back, within the days of the rule, to the tender it was paid with.

    Only principal that is not spent: the oldest is spent first, so later top-ups are untouched by
    it. None: all of that. The bonus it brought is taken back pro rata, as far as it is there.
    Refusals: UNKNOWN_TOP_UP, REFUND_TOO_LATE, REFUND_AMOUNT, TOP_UP_MOVED (paid in before the
    member was merged), ACCOUNT_FROZEN, ENTRY_ID_TAKEN, UNKNOWN_MEMBER.
    """

    id: UUID
    store_id: UUID
    member_id: UUID
    top_up_id: UUID
    principal_minor: Amount | None = None


class PayOutWallet(Command[Account], frozen=True, kw_only=True):
    """Pay principal out; of the bonus the same proportion is taken back.

    Above the limit it waits for another person: `Account.proposal_id`. Refusals:
    NOT_ENOUGH_WALLET, ACCOUNT_FROZEN, UNKNOWN_MEMBER, ENTRY_ID_TAKEN.
    """

    id: UUID
    store_id: UUID
    member_id: UUID
    principal_minor: Annotated[int, Meta(ge=1, le=10**12)]
    tender: TopUpTender
    reason: Reason


class AdjustWallet(Command[Account], frozen=True, kw_only=True):
    """Correct principal and bonus by hand, with a reason; never below zero.

    Above the limit it waits for another person: `Account.proposal_id`.
    """

    id: UUID
    store_id: UUID
    member_id: UUID
    principal_minor: Minor = 0
    bonus_minor: Minor = 0
    reason: Reason


class TransferWallet(Command[Account], frozen=True, kw_only=True):
    """Move money of `member_id` to another member (gift, inheritance, a new card); principal stays
    principal, bonus bonus. The answer is the account of who gave.

    A frozen wallet can be moved away: so a lost card is replaced. Above the limit it waits for
    another person. Refusals: SAME_MEMBER, NOT_ENOUGH_WALLET, CURRENCY_MISMATCH, BALANCE_LIMIT,
    ACCOUNT_FROZEN (of who receives), UNKNOWN_MEMBER, ENTRY_ID_TAKEN.
    """

    id: UUID
    store_id: UUID
    member_id: UUID
    to_member_id: UUID
    principal_minor: Amount = 0
    bonus_minor: Amount = 0
    reason: Reason


class FreezeAccount(Command[Account], frozen=True, kw_only=True):
    """A phone or card was lost: nothing can be held or topped up until it is lifted.

    Orders on their way settle, and what comes back is still credited. Points and wallet apart.
    """

    id: UUID
    store_id: UUID
    member_id: UUID
    account: StatementAccount
    reason: Reason


class UnfreezeAccount(Command[Account], frozen=True, kw_only=True):
    """Lift a freeze, with a reason; managers."""

    id: UUID
    store_id: UUID
    member_id: UUID
    account: StatementAccount
    reason: Reason


class TopUpRefunded(Event, frozen=True, kw_only=True):
    type: ClassVar[str] = "loyalty.top_up_refunded"
    refund_id: UUID
    top_up_id: UUID
    member_id: UUID
    store_id: UUID
    currency: str
    tender: str
    principal_minor: int
    bonus_minor: int


class WalletPaidOut(Event, frozen=True, kw_only=True):
    type: ClassVar[str] = "loyalty.wallet_paid_out"
    pay_out_id: UUID
    member_id: UUID
    store_id: UUID
    currency: str
    tender: str
    principal_minor: int
    bonus_minor: int


class WalletAdjusted(Event, frozen=True, kw_only=True):
    type: ClassVar[str] = "loyalty.wallet_adjusted"
    adjustment_id: UUID
    member_id: UUID
    store_id: UUID
    currency: str
    principal_minor: int
    bonus_minor: int


class WalletTransferred(Event, frozen=True, kw_only=True):
    type: ClassVar[str] = "loyalty.wallet_transferred"
    transfer_id: UUID
    member_id: UUID
    to_member_id: UUID
    store_id: UUID
    currency: str
    principal_minor: int
    bonus_minor: int


class AccountFrozen(Event, frozen=True, kw_only=True):
    """Frozen, or with `frozen` false lifted."""

    type: ClassVar[str] = "loyalty.account_frozen"
    freeze_id: UUID
    member_id: UUID
    store_id: UUID
    account: StatementAccount
    frozen: bool
