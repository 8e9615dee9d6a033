"""Member: one person, known in every store.

Owns who a member is (profile, phone, tags), what a member agreed to (an append-only ledger of
consents, and the notices they refer to), what is known from purchases (M3) and the timeline of all
that happened with a member (M4, M8), which are kept from events: the facts may be there before the
member is. Owns as well who looks after whom, and hands members over (M21), the fields that HQ
defines (N2, N3), families (M7), birthdays with the rule about them, the rules by which members get
tags (M10), and imports and exports (M22, M23).

Emits `member.registered`, `member.updated`, `member.tagged`, `member.phone_revealed`,
`member.contact_recorded`, `member.members_handed_over`, `member.field_published`,
`member.notice_published`, `member.consents_recorded`, `member.family_changed`,
`member.birthday_rule_published`, `member.birthday_window`, `member.tag_rule_published`,
`member.tags_revised`, `member.exempted`, `member.identifier_linked` and `identifier_unlinked`,
`member.merged` and `unmerged`, `member.duplicate_dismissed`, `member.duplicate_rule_published`,
`member.import_changed`, `member.openings_brought_in`, `member.export_begun`,
`member.export_ended`; none of them holds personal data. Consumes
`directory.store_changed` and `staff_changed`, `order.placed`, `voided` and `returned`,
`loyalty.order_booked`, `return_booked`, `points_adjusted`, `points_redeemed`,
`redemption_cancelled`, `wallet_topped_up`, `tier_changed`, `openings_booked` and
`accounts_merged`, `campaign.coupon_redeemed`.
"""
