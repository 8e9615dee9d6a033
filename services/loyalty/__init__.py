"""Loyalty: points, tiers and wallet as double-entry, append-only ledgers; versioned rules.

Owns a member's accounts (points, wallet principal, wallet bonus), what orders hold on them, the
purchases a tier rests on, and the rules for earning, spending, topping up and climbing the ladder.
Emits: `RulePublished`, `OrderBooked`, `TierChanged`, `WalletToppedUp`, `PointsAdjusted`.
Consumes: `directory.StoreChanged`, `member.MemberRegistered`, `order.OrderPlaced`,
`order.OrderCancelled`, `order.OrderVoided`.
"""
