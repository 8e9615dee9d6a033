"""The facts that conditions of tag rules may ask for: their kinds, how they are read for many
members at once, and until when a value stays as it is.

Each fact is read with its part; a part belongs to a group of facts that change together, which is
what the triggers of the tables tell of (migration of the tag rules).
"""

import functools
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.member import conditions
from services.member.conditions import Kind, Kinds, Operand, Test, Value
from shared.contracts.member.consents import Channel, Purpose
from shared.contracts.member.fields import (
    ChoiceField,
    DateField,
    FieldInput,
    MoneyField,
    MultiChoiceField,
    NumberField,
    TextField,
)
from shared.money import round_half_up


class Fact(NamedTuple):
    kind: Kind
    part: str
    zh: str
    en: str


FACTS: dict[str, Fact] = {
    "source": Fact("text", "profile", "来源渠道", "source channel"),
    "home_store": Fact("text", "profile", "归属门店", "home store"),
    "gender": Fact("text", "profile", "性别", "gender"),
    "age": Fact("number", "profile", "年龄", "age"),
    "city": Fact("text", "profile", "城市", "city"),
    "style": Fact("text", "profile", "风格", "style"),
    "style_preferences": Fact("set", "profile", "风格偏好", "style preferences"),
    "spending_power": Fact("text", "profile", "消费能力", "spending power"),
    "height_cm": Fact("number", "profile", "身高（厘米）", "height in cm"),
    "has_associate": Fact("truth", "profile", "有专属导购", "has an associate"),
    "registered_on": Fact("date", "profile", "入会日期", "joined on"),
    "spent": Fact("money", "purchases", "累计消费", "total spend"),
    "orders": Fact("number", "purchases", "订单数", "number of orders"),
    "average": Fact("money", "purchases", "客单价", "average basket"),
    "first_purchase_on": Fact("date", "purchases", "首次购买", "first purchase"),
    "last_purchase_on": Fact("date", "purchases", "最近购买", "last purchase"),
    "spent_in": Fact("money_window", "window", "近 {days} 天消费", "spend of the last {days} days"),
    "orders_in": Fact("window", "window", "近 {days} 天订单数", "orders of the last {days} days"),
    "favourite_category": Fact("text", "categories", "最常购买品类", "favourite category"),
    "categories": Fact("set", "categories", "购买过的品类", "categories bought"),
    "skus": Fact("set", "skus", "购买过的商品", "SKUs bought"),
    "last_visit_on": Fact("date", "contacts", "最近到店", "last visit"),
    "last_contact_on": Fact("date", "contacts", "最近联系", "last contact"),
    "tier": Fact("text", "tier", "等级", "tier"),
    "tags": Fact("set", "tags", "手工标签", "tags by hand"),
}
"""`home_store` is the id of a store, `tier` its code; dates are local to the home store."""
GROUPS = {"window": "purchases", "categories": "purchases", "skus": "purchases"}
"""Parts that change together with another one."""
CONTACT_FACTS = frozenset({"last_visit_on", "last_contact_on"})
_FIELD_KINDS: dict[type, Kind] = {
    TextField: "text",
    NumberField: "number",
    MoneyField: "money",
    DateField: "date",
    ChoiceField: "text",
    MultiChoiceField: "set",
}


def kinds_of(fields: Iterable[FieldInput]) -> Kinds:
    """All facts there are: those of every member, sizes, consents, and custom fields."""
    found: dict[str, Kind] = {name: fact.kind for name, fact in FACTS.items()}
    found["size.*"] = "text"
    for purpose in get_args(Purpose):
        found[f"consent.{purpose}"] = "truth"
        found |= {f"consent.{purpose}.{channel}": "truth" for channel in get_args(Channel)}
    for field in fields:
        kind = _FIELD_KINDS.get(type(field.kind))
        if kind is not None and field.subject == "member":
            found[f"field.{field.key}"] = kind
    return tuple(sorted(found.items()))


def part_of(fact: str) -> str:
    """Which part of the reading a fact comes with."""
    if fact in FACTS:
        return FACTS[fact].part
    return {"size": "profile", "consent": "consents", "field": "fields"}[fact.partition(".")[0]]


def group_of(part: str) -> str:
    """Which group of facts a part changes with."""
    return GROUPS.get(part, part)


# A member's days are those of the home store; the parts that are not asked for are not read.
_PARTS = {
    "purchases": """(SELECT jsonb_agg(jsonb_build_array(currency, orders, spent, first_on, last_on))
            FROM (SELECT currency, CAST(sum(orders) AS bigint) AS orders,
                CAST(sum(spent_minor) AS bigint) AS spent, min(first_on) AS first_on,
                max(last_on) AS last_on FROM purchase_facts
                WHERE member_id = ANY(g.ids) AND orders > 0 GROUP BY currency) AS f)""",
    "window": """(SELECT jsonb_agg(jsonb_build_array(business_date, currency,
            total_minor - returned_minor))
            FROM member_orders WHERE member_id = ANY(g.ids) AND NOT voided AND currency <> 'XXX'
            AND business_date > CAST(:now AS date) - CAST(:days AS int) - 2)""",
    "categories": """(SELECT jsonb_agg(category ORDER BY pieces DESC, category)
            FROM (SELECT category, sum(pieces) AS pieces FROM purchased_categories
                WHERE member_id = ANY(g.ids) AND pieces > 0 GROUP BY category) AS b)""",
    "skus": """(SELECT jsonb_agg(DISTINCT sku_id) FROM purchased_skus
            WHERE member_id = ANY(g.ids) AND pieces > 0)""",
    "contacts": """(SELECT jsonb_object_agg(kind, at) FROM (
            SELECT kind, max(at) AS at FROM happenings WHERE member_id = ANY(g.ids)
            AND kind IN ('note', 'visit', 'enquiry', 'call', 'message') GROUP BY kind) AS c)""",
    "tier": "(SELECT tier FROM member_tiers WHERE member_id = m.id)",
    "consents": """(SELECT jsonb_agg(jsonb_build_array(purpose, channel, granted))
            FROM consent_states WHERE member_id = m.id AND franchisee_id IS NULL)""",
    "fields": "m.fields",
    "tags": "m.tags",
    "profile": """jsonb_build_object('source', source_channel, 'home_store', home_store_id,
            'gender', gender, 'city', city, 'style', style, 'height_cm', height_cm,
            'style_preferences', style_preferences, 'spending_power', spending_power,
            'born', birthday, 'sizes', sizes, 'has_associate', associate_id IS NOT NULL)""",
}


class Known(NamedTuple):
    """What was read of a member: parts by name, and how it stands with rules.

    `held` are versions of rules by tag, `dues` when time may change what a rule says. What was
    bought and who was spoken to is that of all who were merged into the member (`merged`: this one
    was merged into another).
    """

    id: UUID
    merged: bool
    zone: ZoneInfo
    registered_at: datetime
    held: dict[str, int]
    dues: dict[str, str]
    exempt: frozenset[str]
    parts: dict[str, Any]


def read(
    session: Session, ids: Iterable[UUID], parts: frozenset[str], days: int, now: datetime
) -> list[Known]:
    """Some parts of some members, as one statement; orders of the last `days`."""
    asked = {"ids": list(ids), "now": now, "days": days}
    if "window" not in parts:
        del asked["now"], asked["days"]
    return [
        Known(
            row.id,
            row.survivor_id is not None,
            ZoneInfo(row.time_zone),
            row.registered_at,
            row.held or {},
            row.dues or {},
            frozenset(row.exempt),
            {part: getattr(row, f"p_{part}") for part in parts},
        )
        for row in session.execute(_statement(parts), asked)
    ]


@functools.lru_cache(200)
def _statement(parts: frozenset[str]) -> Any:
    columns = "".join(f", {_PARTS[part]} AS p_{part}" for part in sorted(parts))
    return text(f"""
        SELECT m.id, m.survivor_id, s.time_zone, m.registered_at,
            (SELECT jsonb_object_agg(tag, version) FROM rule_tags WHERE member_id = m.id) AS held,
            (SELECT jsonb_object_agg(tag, due_at) FROM tag_dues WHERE member_id = m.id) AS dues,
            ARRAY(SELECT tag FROM tag_exemptions WHERE member_id = m.id) AS exempt{columns}
        FROM members AS m JOIN stores AS s ON s.id = m.home_store_id
        CROSS JOIN LATERAL (SELECT ARRAY(SELECT m.id UNION ALL
            SELECT id FROM members WHERE survivor_id = m.id) AS ids) AS g
        WHERE m.id = ANY(:ids) AND m.erased_at IS NULL
    """)


def value_of(known: Known, operand: Operand, currency: str, today: date) -> Value:
    """The value of a fact, or what is reckoned of it; None where it is not known."""
    if operand.since:
        start = _date_of(known, operand.fact)
        return None if start is None else (today - start).days
    if operand.days is not None:
        sold = [total for _, total in _orders(known, operand, currency, today)]
        return len(sold) if operand.fact == "orders_in" else sum(sold)
    if operand.kind == "date":
        return _date_of(known, operand.fact)
    part = part_of(operand.fact)
    if part == "fields":
        return _field(known.parts["fields"].get(operand.fact.partition(".")[2]), operand.kind)
    if part == "purchases":
        return _figure(known.parts["purchases"] or [], operand.fact, currency)
    if part == "consents":
        return _agreed(known.parts["consents"] or [], operand.fact)
    if part == "profile":
        return _of_profile(known.parts["profile"], operand.fact, today)
    found = known.parts[part]
    if operand.fact == "favourite_category":
        return found[0] if found else None
    return frozenset(found or ()) if operand.kind == "set" else found


def next_day(known: Known, test: Test, currency: str, today: date) -> date | None:
    """The first day after today on which time alone may turn a test; None: never."""
    operand = test.operand
    if operand.fact == "age":
        born = known.parts["profile"]["born"]
        return conditions.next_birthday(test, date.fromisoformat(born), today) if born else None
    if operand.days is not None:
        days = [day for day, _ in _orders(known, operand, currency, today)]
        return min(days) + timedelta(days=operand.days) if days else None
    if operand.since or test.sign == "within":
        start = _date_of(known, operand.fact)
        return None if start is None else conditions.next_turn(test, start, today)
    return None


def begins(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a local day begins."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def _date_of(known: Known, fact: str) -> date | None:
    if fact == "registered_on":
        return known.registered_at.astimezone(known.zone).date()
    if fact in CONTACT_FACTS:
        at = (known.parts["contacts"] or {}).items()
        wanted = [when for kind, when in at if fact == "last_contact_on" or kind == "visit"]
        moments = [datetime.fromisoformat(each) for each in wanted]
        return max(moments).astimezone(known.zone).date() if moments else None
    if part_of(fact) == "fields":
        kept = known.parts["fields"].get(fact.partition(".")[2])
        return date.fromisoformat(kept["value"]) if kept else None
    figures = known.parts["purchases"] or []
    if fact == "first_purchase_on":
        found = min((figure[3] for figure in figures), default=None)
    else:
        found = max((figure[4] for figure in figures), default=None)
    return None if found is None else date.fromisoformat(found)


def _orders(known: Known, operand: Operand, currency: str, today: date) -> list[tuple[date, int]]:
    """The orders within a window: the day and amount of each; amounts of one currency only."""
    assert operand.days is not None  # noqa: S101  (asked of windows only)
    first = today - timedelta(days=operand.days)
    orders = ((date.fromisoformat(day), *more) for day, *more in known.parts["window"] or [])
    return [
        (day, total)
        for day, of, total in orders
        if day > first and (operand.fact == "orders_in" or of == currency)
    ]


def _figure(figures: list[Any], fact: str, currency: str) -> int:
    """Orders count in all currencies; amounts are those of one."""
    if fact == "orders":
        return sum(figure[1] for figure in figures)
    mine = next((figure for figure in figures if figure[0] == currency), None)
    if mine is None:
        return 0
    return int(mine[2]) if fact == "spent" else round_half_up(mine[2], mine[1])


def _field(kept: Any, kind: Kind) -> Value:
    if kept is None:
        return None
    value = kept["value"]
    if kind == "set":
        return frozenset(value)
    return Decimal(value) if kind in ("number", "money") else str(value)


def _agreed(consents: list[Any], fact: str) -> bool:
    """Whether the chain (not only a franchisee) may, on that channel or on any."""
    _, purpose, *channel = fact.split(".")
    return any(
        granted and of == purpose and (not channel or by == channel[0])
        for of, by, granted in consents
    )


def _of_profile(profile: dict[str, Any], fact: str, today: date) -> Value:
    if fact == "age":
        born = profile["born"]
        return None if born is None else conditions.age(date.fromisoformat(born), today)
    if fact.startswith("size."):
        size: str | None = profile["sizes"].get(fact.partition(".")[2])
        return size
    found = profile[fact]
    value: Value = frozenset(found) if isinstance(found, list) else found
    return value
