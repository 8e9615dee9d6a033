"""What campaign knows of persons, and what it does not: every column that can hold text, bytes or
JSON is in one of the two lists (`shared.erasure`)."""

from shared.erasure import Personal

PERSONAL: tuple[Personal, ...] = (
    Personal("members", "tags", {"tags": "'{}'"}, "id = :member_id"),
    # When a privilege begins tells the birthday.
    Personal("birthday_windows", "identity", {}),
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
    "styles": "code name category",
}
