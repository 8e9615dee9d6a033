"""What order knows of persons, and what it does not: every column that can hold text, bytes or
JSON is in one of the two lists (`shared.erasure`)."""

from shared.erasure import Personal

PERSONAL: tuple[Personal, ...] = (
    Personal("orders", "free_text", {"cancel_reason": "NULL"}),
    Personal("returns", "free_text", {"reason": "''"}),
    Personal("refused_sales", "free_text", {"reason": "NULL"}),
)
HARMLESS = {
    "devices": "code",
    "earn_rules": "body",
    "offline_rules": "body",
    "offline_sales": "receipt tier differences",
    "order_lines": "sku_code name category colour size reasons",
    "order_tenders": "kind reference",
    "orders": "status content legal_entity channel currency tier privileges promotions balances"
    " points_bonuses receipt_number refusal",
    "refunds": "kind reference",
    "refused_sales": "receipt currency content command refusal",
    "return_lines": "condition",
    "return_rules": "body",
    "returns": "content legal_entity currency receipt_number",
    "receipt_counters": "device_code",
    "receipt_issues": "way",
    "staff": "roles scope_kind",
}
