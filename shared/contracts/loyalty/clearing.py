"""Clearing between stores: what legal entities owe each other for each other's value (K42, K44).

An entity is a franchisee, or the chain's own stores together (None). Whoever gave points or wallet
money out owes whoever took them; whoever sold goods owes whoever paid cash back for them.
"""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import (
    BasisPoints,
    Code,
    Command,
    Currency,
    Event,
    Message,
    PageSize,
    Sentence,
    Text,
)
from shared.paging import Page

ClearingKind = Literal[
    "points_spent", "principal_spent", "bonus_spent", "points_returned", "principal_returned",
    "bonus_returned", "wallet_paid_out", "cash_refunded", "points_expired", "paid",
]  # fmt: skip
"""`*_returned` turns around what was spent; `paid` is a payment between the two."""

ERRORS = {
    "SAME_ENTITY": Sentence(
        zh="结算双方须为不同的法人主体", en="Clearing is between two different legal entities"
    ),
    "UNKNOWN_ENTITY": Sentence(
        zh="没有该加盟商的门店", en="There is no store of such a franchisee"
    ),
    "AGREEMENT_IN_PAST": Sentence(
        zh="协议不能追溯生效", en="An agreement cannot begin in the past"
    ),
    "EXPIRED_SHARE_OF_NOBODY": Sentence(
        zh="过期分成须指明双方", en="A share of expired value is agreed between two named entities"
    ),
    "EXPIRED_SHARES_TOO_HIGH": Sentence(
        zh="该发行方的过期分成合计超过 100%",
        en="The shares of what expires come to more than all of it",
    ),
    "AGREEMENT_ID_TAKEN": Sentence(
        zh="该协议编号已用于其他内容", en="This id was used for another agreement"
    ),
    "PAYMENT_ID_TAKEN": Sentence(
        zh="该付款编号已用于其他内容", en="This id was used for another payment"
    ),
    "PAYMENT_IN_FUTURE": Sentence(
        zh="付款日期不能晚于今天", en="A payment cannot be of a day to come"
    ),
    "DAY_NOT_CLOSED": Sentence(
        zh="{day} 尚未结账，或早于首个结账日",
        en="{day} has not been closed, or was before the first day that was",
    ),
}


class ClearingPair(Message, frozen=True, kw_only=True):
    """Who gave the value out, and who takes it; None: the chain's own stores."""

    issuer_id: UUID | None = None
    acceptor_id: UUID | None = None


class ClearingTerms(Message, frozen=True, kw_only=True):
    """What the issuer pays the acceptor.

    For 100 points minor units (None: what they paid for by the spend rule); of principal and bonus
    a share of the face value; of points of the issuer that expire a share of what they would
    have cost, the rest stays with the issuer.
    """

    points_minor_per_hundred: Annotated[int, Meta(ge=0, le=10**6)] | None = None
    principal_basis_points: BasisPoints = 10_000
    bonus_basis_points: BasisPoints = 10_000
    expired_basis_points: BasisPoints = 0


class ClearingAgreement(Message, frozen=True, kw_only=True):
    """`version` counts all agreements; without a `pair` it is for all that have none of their own.

    In force for a pair at an instant: of its own the one with the latest `valid_from` not after
    it, of two with the same the newer version; else likewise of those for all.
    """

    id: UUID
    version: int
    pair: ClearingPair | None
    valid_from: datetime
    author_id: UUID
    terms: ClearingTerms


class PublishClearingAgreement(Command[ClearingAgreement], frozen=True, kw_only=True):
    """Publish the next version of an agreement; HQ only. In force from `valid_from` (None: now).

    Refusals: SAME_ENTITY, UNKNOWN_ENTITY, AGREEMENT_IN_PAST, EXPIRED_SHARE_OF_NOBODY,
    EXPIRED_SHARES_TOO_HIGH, AGREEMENT_ID_TAKEN.
    """

    id: UUID
    pair: ClearingPair | None = None
    valid_from: datetime | None = None
    terms: ClearingTerms


class ListClearingAgreements(Command[Page[ClearingAgreement]], frozen=True, kw_only=True):
    """All versions, newest first; a franchise owner sees those that concern the own stores."""

    first: PageSize = 50
    after: Text | None = None


class ClearingLine(Message, frozen=True, kw_only=True):
    """What entries of a kind and a day come to: `amount_minor` above zero is what the other owes.

    `booked_on` is their own day, before that of the statement if they came late. `quantity` is
    points, or minor units, above zero for value taken; `version` that of the agreement (0: none).
    """

    kind: ClearingKind
    version: int
    booked_on: date
    owed_by_other: bool
    entries: int
    quantity: int
    amount_minor: int


class ClearingAccount(Message, frozen=True, kw_only=True):
    """How one entity stands with another: above zero the other (None: the chain) has to pay.
    The opening and the lines are the closing, to the cent."""

    other_id: UUID | None
    currency: str
    opening_minor: int
    lines: list[ClearingLine]
    closing_minor: int


class ClearingStatement(Message, frozen=True, kw_only=True):
    """The closed statement of an entity of a day; it never changes."""

    franchisee_id: UUID | None
    day: date
    closed_at: datetime
    accounts: list[ClearingAccount]


class GetClearingStatement(Command[ClearingStatement], frozen=True, kw_only=True):
    """The statement of a franchisee (None: of the chain's own stores). Refusal: DAY_NOT_CLOSED."""

    day: date
    franchisee_id: UUID | None = None


class ClearingMovement(Message, frozen=True, kw_only=True):
    """A day on which something moved between two entities, from the side of the first."""

    day: date
    other_id: UUID | None
    currency: str
    opening_minor: int
    closing_minor: int


class ListClearingStatements(Command[Page[ClearingMovement]], frozen=True, kw_only=True):
    """The closed days of an entity with the others, newest first."""

    franchisee_id: UUID | None = None
    first: PageSize = 50
    after: Text | None = None


class ClearingAge(Message, frozen=True, kw_only=True):
    """What has been open for at least `from_days`; payments are of what is oldest."""

    from_days: int
    amount_minor: int


class ClearingBalance(Message, frozen=True, kw_only=True):
    """What `debtor_id` has to pay `creditor_id` on balance, now; `closed_minor` of it by the last
    closed day, below zero if that was the other way round. None: the chain's own stores."""

    debtor_id: UUID | None
    creditor_id: UUID | None
    currency: str
    amount_minor: int
    closed_minor: int
    ages: list[ClearingAge]


class ClearingBalances(Message, frozen=True, kw_only=True):
    """`closed_through`: the last closed day."""

    closed_through: date | None
    balances: list[ClearingBalance]


class GetClearingBalances(Command[ClearingBalances], frozen=True, kw_only=True):
    """One amount for each pair that is not even: those of a franchisee, or all one may see."""

    franchisee_id: UUID | None = None


class ClearingItem(Message, frozen=True, kw_only=True):
    """An entry of the ledger, a return or a payment, and what it is worth between the two:
    `quantity` × `rate` (minor units for 100) × `share_basis_points` is `millionths` of a minor
    unit. `document_id` is the order, return, expiry or payment."""

    id: int
    entry_id: int | None
    document_id: UUID
    debtor_id: UUID | None
    creditor_id: UUID | None
    currency: str
    kind: ClearingKind
    booked_on: date
    at: datetime
    quantity: int
    rate: int
    share_basis_points: int
    version: int
    millionths: int


class ExplainClearing(Command[Page[ClearingItem]], frozen=True, kw_only=True):
    """What is behind the lines between two entities of a closed day (None: of what is open)."""

    franchisee_id: UUID | None = None
    other_id: UUID | None = None
    day: date | None = None
    kind: ClearingKind | None = None
    first: PageSize = 50
    after: Text | None = None


class ClearingPayment(Message, frozen=True, kw_only=True):
    """Money that went from one entity to another (None: the chain)."""

    id: UUID
    payer_id: UUID | None
    payee_id: UUID | None
    currency: str
    amount_minor: int
    paid_on: date
    reference: str


class RecordClearingPayment(Command[ClearingPayment], frozen=True, kw_only=True):
    """Record a payment between two entities; HQ. Repeating it changes nothing. `reference` is the
    bank's number. Refusals: SAME_ENTITY, UNKNOWN_ENTITY, PAYMENT_IN_FUTURE, PAYMENT_ID_TAKEN."""

    id: UUID
    payer_id: UUID | None = None
    payee_id: UUID | None = None
    currency: Currency
    amount_minor: Annotated[int, Meta(ge=1, le=10**14)]
    paid_on: date
    reference: Code


class ClearingAgreementPublished(Event, frozen=True, kw_only=True):
    """Subject: the agreement; sequence: 1."""

    type: ClassVar[str] = "loyalty.clearing_agreement_published"
    agreement_id: UUID
    version: int
    pair: ClearingPair | None
    valid_from: datetime
    terms: ClearingTerms


class ClearingClosed(Event, frozen=True, kw_only=True):
    """The statements of a day were closed. Subject: the day; sequence: 1."""

    type: ClassVar[str] = "loyalty.clearing_closed"
    day: date
    entries: int
    lines: int


class ClearingPaymentRecorded(Event, frozen=True, kw_only=True):
    """Subject: the payment; sequence: 1."""

    type: ClassVar[str] = "loyalty.clearing_payment_recorded"
    payment_id: UUID
    payer_id: UUID | None
    payee_id: UUID | None
    currency: str
    amount_minor: int
    paid_on: date
