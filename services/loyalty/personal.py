"""What loyalty knows of persons, and what it does not: every column that can hold text, bytes or
JSON is in one of the two lists (`shared.erasure`)."""

from shared.erasure import Personal

_ACCOUNTS = "(SELECT account_id FROM member_accounts WHERE member_accounts.member_id = :member_id)"
# Both sides of what was booked for the member; only their own of what expired, as that document is
# of many members. The number of a document is no free text.
_OWN = (
    "transaction_id IN (SELECT own.transaction_id FROM entries AS own"
    f" WHERE own.account_id IN {_ACCOUNTS}) AND detail !~ '^[0-9a-f-]{{36}}$'"
    f" AND (reason <> 'expired' OR account_id IN {_ACCOUNTS})"
)
_WITHOUT_WORDS = "content - CAST('{reason,reference,note}' AS text[])"
PERSONAL: tuple[Personal, ...] = (
    # Reasons and references are free text; who wrote them may have named somebody.
    Personal("documents", "free_text", {"content": _WITHOUT_WORDS}),
    Personal("entries", "free_text", {"detail": "NULL"}, _OWN),
    # That somebody had a privilege on a day tells of their birthday.
    Personal(
        "sale_facts",
        "rights",
        {"facts": "jsonb_set(facts, '{privileges}', '[]')"},
        "document_id IN (SELECT own.document_id FROM orders_booked AS own"
        " WHERE own.member_id = :member_id)",
    ),
    Personal("freezes", "free_text", {"reason": "''"}),
    Personal("redemptions", "free_text", {"cancel_reason": "NULL"}),
    Personal("tier_settings", "free_text", {"reason": "''"}),
    Personal(
        "proposals",
        "free_text",
        {"reason": "''", "note": "NULL", "content": _WITHOUT_WORDS},
        "(member_id = :member_id OR other_member_id = :member_id)",
    ),
)
HARMLESS = {
    "accounts": "kind unit",
    "clearing_balances": "currency",
    "clearing_items": "currency kind",
    "clearing_lines": "currency kind",
    "clearing_payments": "currency reference",
    "documents": "kind answer",
    "entries": "unit reason",
    "freezes": "account",
    "holds": "status currency",
    "liability_accounts": "kind unit",
    "liability_ages": "kind unit",
    "liability_days": "unit kind reason",
    "mall_item_versions": "body",
    "mall_items": "code",
    "mall_movements": "kind note",
    "member_accounts": "kind",
    "members": "currency tier earned_tier grace_tier near_tier set_tier",
    "openings": "currency",
    "orders_booked": "kind currency tier",
    "proposals": "kind currency answer",
    "rehearsals": "kind body state found",
    "rules": "kind body",
    "tier_settings": "tier",
    "transactions": "kind",
}
