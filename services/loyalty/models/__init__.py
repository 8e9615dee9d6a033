"""Tables of the loyalty service, a module for each noun."""

from services.loyalty.models.accounts import Account, Balance, Member, MemberAccount
from services.loyalty.models.base import Base, ErasedMember, Inbox, Outbox, Store
from services.loyalty.models.clearing import (
    ClearingAgreement,
    ClearingBalance,
    ClearingDay,
    ClearingItem,
    ClearingLine,
    ClearingMark,
    ClearingPayment,
)
from services.loyalty.models.documents import Document
from services.loyalty.models.hands import Freeze, Proposal, TierSetting
from services.loyalty.models.ledger import Entry, ExpiryNotice, Transaction
from services.loyalty.models.liability import (
    LiabilityAccount,
    LiabilityAge,
    LiabilityDay,
    LiabilityMark,
)
from services.loyalty.models.mall import (
    MallItem,
    MallItemVersion,
    MallMovement,
    MallStock,
    Redemption,
)
from services.loyalty.models.merges import Merge, MovedDebt
from services.loyalty.models.openings import OpeningBooked
from services.loyalty.models.orders import Hold, OrderBooked
from services.loyalty.models.rehearsals import Rehearsal, SaleFacts
from services.loyalty.models.rules import RuleVersion

__all__ = [
    "Account",
    "Balance",
    "Base",
    "ClearingAgreement",
    "ClearingBalance",
    "ClearingDay",
    "ClearingItem",
    "ClearingLine",
    "ClearingMark",
    "ClearingPayment",
    "Document",
    "Entry",
    "ErasedMember",
    "ExpiryNotice",
    "Freeze",
    "Hold",
    "Inbox",
    "LiabilityAccount",
    "LiabilityAge",
    "LiabilityDay",
    "LiabilityMark",
    "MallItem",
    "MallItemVersion",
    "MallMovement",
    "MallStock",
    "Member",
    "MemberAccount",
    "Merge",
    "MovedDebt",
    "OpeningBooked",
    "OrderBooked",
    "Outbox",
    "Proposal",
    "Redemption",
    "Rehearsal",
    "RuleVersion",
    "SaleFacts",
    "Store",
    "TierSetting",
    "Transaction",
]
