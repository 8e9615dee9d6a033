"""What campaign knows of persons, and what it does not: every column that can hold text, bytes or
JSON is in one of the two lists (`shared.erasure`)."""

from shared.erasure import Personal

PERSONAL: tuple[Personal, ...] = (
    Personal("members", "tags", {"tags": "'{}'"}, "id = :member_id"),
    # When a privilege begins tells the birthday.
    Personal("birthday_windows", "identity", {}),
    # What is to be done for somebody, and when, tells of them; so do the remarks on it.
    Personal(
        "tasks",
        "notes",
        {"reason_zh": "''", "reason_en": "''", "due_at": "raised_at"},
    ),
    Personal(
        "task_steps",
        "notes",
        {"note": "''"},
        "EXISTS (SELECT FROM tasks WHERE tasks.id = task_id AND tasks.member_id = :member_id)",
    ),
    # Who owned it has gone: a coupon of that person is of no use any more.
    Personal("coupons", "rights", {"valid_until": "least(valid_until, now())"}),
)
HARMLESS = {
    "coupons": "code lookup",
    "holds": "status digest answer",
    "members": "tier",
    "prices": "currency",
    "promotion_versions": "body",
    "promotions": "code",
    "redemptions": "coupon_code",
    "skus": "code colour size",
    "staff": "scope_kind",
    "styles": "code name category",
    "task_rules": "body",
    "task_steps": "act",
    "tasks": "kind state digest source outcome",
}
