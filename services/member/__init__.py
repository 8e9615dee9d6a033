"""Member: one person, known in every store.

Owns who a member is (profile, phone, tags), what a member agreed to (an append-only ledger of
consents) and what is known from purchases (M3), which is kept from the orders' events alone: the
facts may be there before the member is.

Emits `member.registered`, `member.updated`, `member.tagged`, `member.phone_revealed`; none of them
holds personal data. Consumes `directory.store_changed`, `order.placed`, `order.voided`.
"""
