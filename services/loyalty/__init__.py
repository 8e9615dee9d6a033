"""Loyalty: points, tiers and wallet as double-entry, append-only ledgers; versioned rules.

Owns a member's accounts (points, wallet principal, wallet bonus), what orders hold on them, the
purchases a tier rests on, and the rules for earning, spending, topping up, climbing the ladder, and
for how long points live.
Emits: `RulePublished`, `OrderBooked`, `TierChanged`, `WalletToppedUp`, `PointsAdjusted`,
`PointsExpiring`, `TopUpRefunded`, `WalletPaidOut`, `WalletAdjusted`, `WalletTransferred`,
`AccountFrozen`, `AdjustmentProposed`, `ProposalDecided`, `ReturnBooked`, `OpeningsBooked`,
`MallItemPublished`, `MallStockMoved`, `PointsRedeemed`, `RedemptionHandedOver`,
`RedemptionCancelled`, `TierSet`, `TierLapsing`, `NearNextTier`.
Consumes: `directory.StoreChanged`, `member.MemberRegistered`, `member.OpeningsBroughtIn`,
`order.OrderPlaced`, `order.OrderCancelled`, `order.OrderVoided`, `order.OrderReturned`.
"""
