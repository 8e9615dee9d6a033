"""Tables of the order service, a module for each noun."""

from services.order.models.base import Base, ErasedMember, Inbox, Outbox, Store
from services.order.models.offline import OfflineRule, OfflineSale, OfflineSpell, RefusedSale
from services.order.models.orders import (
    Device,
    EarnRule,
    MergedMember,
    Order,
    OrderLine,
    OrderTender,
    ReceiptCounter,
    ReceiptIssue,
    Refund,
    Return,
    ReturnLine,
    ReturnRule,
    Staff,
)

__all__ = [
    "Base",
    "Device",
    "EarnRule",
    "ErasedMember",
    "Inbox",
    "MergedMember",
    "OfflineRule",
    "OfflineSale",
    "OfflineSpell",
    "Order",
    "OrderLine",
    "OrderTender",
    "Outbox",
    "ReceiptCounter",
    "ReceiptIssue",
    "Refund",
    "RefusedSale",
    "Return",
    "ReturnLine",
    "ReturnRule",
    "Staff",
    "Store",
]
