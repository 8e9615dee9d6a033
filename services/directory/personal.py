"""What directory knows of persons, and what it does not: every column that can hold text, bytes or
JSON is in one of the two lists (`shared.erasure`)."""

from shared.erasure import Personal

ONLY_IDS = (
    "(SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(detail)"
    " WHERE key ~ '_ids?$' OR jsonb_typeof(value) IN ('number', 'boolean'))"
)
"""The detail of an audited event without its texts and lists."""
PERSONAL: tuple[Personal, ...] = (
    # Of what was done with somebody erased, ids and figures stay.
    Personal(
        "audit_entries",
        "free_text",
        {"detail": ONLY_IDS},
        "detail ->> 'member_id' = CAST(:member_id AS text)",
    ),
)
HARMLESS = {
    "audit_entries": "caller_kind type subject",
    "brands": "code name",
    "clients": "name scope_kind secret_digest",
    "devices": "code name secret_digest activation_digest storage_key",
    "franchisees": "code name legal_entity",
    "printers": "address paper characters",
    "refresh_families": "ended_because",
    "refresh_tokens": "digest",
    "regions": "code name",
    "settings": "name scope_kind",
    "sign_in_failures": "key",
    "sign_in_policy": "author",
    "staff": "number name roles scope_kind pin_hash password_hash",
}
