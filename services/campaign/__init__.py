"""Campaign owns promotions, coupons and the price of a basket with the reasons for it.

Its tables: versioned promotions, coupons, what is held and used of them (`usages`), the holds of
orders on their way, the append-only ledger of redemptions; and read copies of stores, styles, SKUs,
dated list prices and what is known of members, so that pricing a basket needs no call.

Emits   promotion_published, promotion_ended, coupons_issued, coupon_redeemed
Consumes directory.store_changed, inventory.style_saved, inventory.price_changed,
        member.registered, member.tagged, member.tags_revised, member.birthday_window,
        loyalty.tier_changed,
        order.placed, order.cancelled, order.voided, order.returned
"""
