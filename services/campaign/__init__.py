"""Campaign owns promotions, coupons, the price of a basket with the reasons for it, and tasks.

Its tables: versioned promotions, coupons, what is held and used of them (`usages`), the holds of
orders on their way, the append-only ledger of redemptions; tasks with their history and the rule
that raises them; and read copies of stores, staff, styles, SKUs, dated list prices and what is
known of members, so that pricing a basket needs no call.

Emits   promotion_published, promotion_ended, coupons_issued, coupon_redeemed,
        task_changed, task_rule_published
Consumes directory.store_changed, directory.staff_changed,
        inventory.style_saved, inventory.price_changed, inventory.stock_discrepancy,
        inventory.stock_low,
        member.registered, member.tagged, member.tags_revised, member.birthday_window,
        member.associates_changed, member.members_imported, member.merged, member.unmerged,
        member.erased,
        loyalty.tier_changed, loyalty.near_next_tier, loyalty.tier_lapsing,
        loyalty.points_expiring,
        order.placed, order.cancelled, order.voided, order.returned
"""
