"""What the demo's HQ asks of members and notes beyond the usual: a form, a signature, a place."""

from typing import Any

from infra.demo import id_of

EVERYBODY = ["ASSOCIATE", "STORE_MANAGER", "FRANCHISE_OWNER", "HQ_OPERATIONS", "HQ_ADMINISTRATOR"]
CARE = "我已了解真丝与羊毛服饰的护理须知，定制改衣后不退换。"
CARE_EN = "I know how silk and wool are cared for, and that altered pieces do not come back."

# Subject, key, names, kind.
AT_REGISTRATION = {"heard_from"}
FIELDS: list[tuple[str, str, str, str, dict[str, Any]]] = [
    ("MEMBER", "heard_from", "从哪里知道我们", "Heard of us by",
     {"type": "choice", "options": [
         {"key": "passing", "label_zh": "路过", "label_en": "Passing by"},
         {"key": "friend", "label_zh": "朋友", "label_en": "A friend"},
         {"key": "social", "label_zh": "小红书", "label_en": "Social media"},
     ]}),
    ("MEMBER", "alteration", "改衣同意书", "Alteration consent",
     {"type": "signature", "text_zh": CARE, "text_en": CARE_EN}),
    ("MEMBER", "measurements", "量体单", "Measurements",
     {"type": "attachment", "kinds": ["jpeg", "png", "pdf"], "max_items": 3}),
    ("MEMBER", "delivery_place", "送货位置", "Where to deliver", {"type": "location", "digits": 2}),
    ("CONTACT", "photo", "搭配照片", "Photo of the look",
     {"type": "attachment", "kinds": ["jpeg", "png", "webp"], "max_items": 2}),
]  # fmt: skip


def fields() -> list[dict[str, Any]]:
    """The inputs of `publishField`."""
    return [
        {
            "id": id_of(f"field:{subject}:{key}"),
            "version": 0,
            "field": {
                "subject": subject,
                "key": key,
                "labelZh": zh,
                "labelEn": en,
                "kind": kind,
                "position": position,
                "atRegistration": key in AT_REGISTRATION,
                "seenBy": EVERYBODY,
                "editedBy": EVERYBODY,
            },
        }
        for position, (subject, key, zh, en, kind) in enumerate(FIELDS)
    ]
