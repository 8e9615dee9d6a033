"""What member knows of persons, and what it does not: every column that can hold text, bytes or
JSON is in one of the two lists (`shared.erasure`)."""

from shared.erasure import Personal

_OF = "id = :member_id"
_MERGED = "(survivor_id = :member_id OR merged_id = :member_id)"
NOTHING_FILLED = """'{"tags": [], "sizes": {}, "fields": {}, "columns": {}}'"""
PERSONAL: tuple[Personal, ...] = (
    # While the phones are still known: the row of a file that waits stays out from here on.
    Personal(
        "import_keys",
        "contact",
        {"row": "0"},
        "import_id IN (SELECT id FROM imports)"
        " AND key IN (SELECT hash FROM identifiers WHERE member_id = :member_id)",
    ),
    Personal(
        "members",
        "identity",
        dict.fromkeys(
            (
                "card_code",
                "name",
                "search_name",
                "gender",
                "birthday",
                "registration_digest",
                "update_digest",
            ),
            "NULL",
        ),
        _OF,
    ),
    Personal(
        "members",
        "contact",
        dict.fromkeys(("phone_cipher", "phone_hash", "last_four", "city", "wechat"), "NULL"),
        _OF,
    ),
    Personal(
        "members",
        "profile",
        {
            "associate_id": "NULL",
            "height_cm": "NULL",
            "style": "NULL",
            "spending_power": "NULL",
            "style_preferences": "'{}'",
            "sizes": "'{}'",
            "fields": "'{}'",
            "found_by": "'{}'",
        },
        _OF,
    ),
    Personal("members", "tags", {"tags": "'{}'", "rule_tags": "'{}'"}, _OF),
    Personal("rule_tags", "tags", {}),
    Personal("tag_exemptions", "tags", {}),
    Personal("tag_dues", "tags", {}),
    Personal("name_keys", "identity", {}),
    Personal("duplicate_keys", "identity", {}),
    # Why they were taken for somebody else.
    Personal("duplicates", "profile", {}, "(first_id = :member_id OR second_id = :member_id)"),
    Personal("identifiers", "contact", {}),
    # What one gave the other, and why somebody took the two for one.
    Personal("merges", "profile", {"filled": NOTHING_FILLED}, _MERGED),
    Personal(
        "merges",
        "free_text",
        {"reason": "''", "undo_reason": "CASE WHEN undone_at IS NOT NULL THEN '' END"},
        _MERGED,
    ),
    Personal("birthdays", "identity", {}),
    Personal("birthday_windows", "identity", {}),
    # Their family, and they themselves where they are in the family of somebody else.
    Personal(
        "relatives", "profile", {}, "(member_id = :member_id OR linked_member_id = :member_id)"
    ),
    # What was uploaded for their fields.
    Personal(
        "field_file_pieces",
        "profile",
        {},
        "file_id IN (SELECT id FROM field_files WHERE member_id = :member_id)",
    ),
    Personal("field_files", "profile", {}),
    Personal("happenings", "notes", {"text": "NULL", "fields": "'{}'", "fields_digest": "NULL"}),
)
HARMLESS = {
    "birthday_rules": "body",
    "consent_states": "purpose channel",
    "consents": "purpose channel notice_version recorded_by_kind proof",
    "disclosures": "purpose records",
    "duplicate_rules": "body",
    "duplicates": "state",
    "erasure_answers": "service destroyed",
    "erasures": "status reason refusal",
    "exports": "content columns",
    "field_versions": "subject key body",
    "hand_overs": "content answer",
    "happenings": "kind figures",
    # What waits of a file is encrypted, found by nobody, and gone with its import (ADR 0018).
    "import_chunks": "content",
    "import_keys": "key",
    "import_faults": "code parameters",
    "imports": "state file_name headers digest caller seal scope_kind plan",
    "member_orders": "currency lines",
    "member_tiers": "tier",
    "members": "source_channel",
    "merges": "consents booked undo_booked",
    "notices": "purpose version text_zh text_en",
    "privacy_rules": "kind body",
    "purchase_facts": "currency",
    "purchased_categories": "category",
    "retention_removals": "subject after",
    "retention_runs": "state body counts",
    "staff": "scope_kind",
    "tag_changes": "facts",
    "tag_history": "tag cause",
    "tag_rule_versions": "tag body kinds",
    "tag_runs": "kind tag body kinds state",
}
