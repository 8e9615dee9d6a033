"""What points and tiers have to come to: reckoned by DuckDB over the raw files of the baskets.

It shares no code with what it checks. It is told which baskets were sold, the tier that each was
priced at (an order carries it) and the versions of the rules; lines, money, categories and times it
reads from the files itself.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from infra.failure import Failure

WHOLE = 10**16
"""A factor of one, in whole numbers: the products of three bonuses lose nothing."""
BASIS_POINT = WHOLE // 10_000
MULTIPLIED = 3
CHANNEL = "other_till"
HOURS_AHEAD = 8
"""Of UTC: the files' times are taken for China's."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Points that a card's baskets earn, and its tier; by card."""

    points: dict[int, int]
    tiers: dict[int, str | None]


def reckon(
    files: Path,
    sold: Mapping[int, str | None],
    rules: Sequence[Mapping[str, Any]],
    ids: Mapping[str, Mapping[int, str]],
    today: date,
) -> Expected:
    """Points and tiers by card.

    `sold` gives the tier that each basket was priced at, by its number in the files. `rules` are
    all versions as the API lists them; `ids` gives the ids that stores and styles have in the
    installation, by their numbers in the files (``store``, ``style``). Raises `Failure` for a rule
    it cannot reckon.
    """
    import duckdb

    with duckdb.connect() as base:
        base.execute(_LINES, [str(files / "transactions.parquet"), str(files / "products.parquet")])
        _fill(base, "sold", _SOLD, sold.items())
        for what, known in ids.items():
            _fill(base, f"{what}_ids", {"number": "BIGINT", "id": "TEXT"}, known.items())
        _earn_rules(base, [rule for rule in rules if rule["kind"] == "EARN"])
        base.execute(_BOOKED)
        ladder = _in_force(rules, "LADDER")
        booked = base.execute("SELECT card, sum(points) FROM booked GROUP BY card").fetchall()
        points = {int(card): int(sum_) for card, sum_ in booked}
        if ladder is None:
            return Expected(points, dict.fromkeys(points))
        return Expected(points, _tiers(base, ladder, today))


def _earn_rules(base: Any, rules: Sequence[Mapping[str, Any]]) -> None:
    versions, multipliers, bonuses = [], [], []
    for rule in rules:
        body, number = rule["body"], rule["version"]
        combine = body.get("combine", "highest")
        if combine == "multiply" and len(body.get("bonuses", [])) > MULTIPLIED:
            raise Failure(f"more than {MULTIPLIED} bonuses that multiply are not reckoned exactly")
        limit = body.get("bonus_limit_basis_points", 1_000_000) * BASIS_POINT
        versions.append((number, _instant(rule), body["minor_per_point"], combine, limit))
        multipliers += [
            (number, tier, bp * BASIS_POINT)
            for tier, bp in body.get("multipliers_basis_points", {}).items()
        ]
        bonuses += [_bonus(number, bonus) for bonus in body.get("bonuses", [])]
    _fill(base, "versions", _VERSIONS, versions)
    _fill(base, "multipliers", _MULTIPLIERS, multipliers)
    _fill(base, "bonuses", _BONUSES, bonuses)


def _bonus(version: int, bonus: Mapping[str, Any]) -> tuple[Any, ...]:
    when = bonus.get("when", {})
    stores, styles = when.get("store_ids", []), when.get("style_ids", [])
    categories = when.get("categories", [])
    return (
        version,
        bonus["multiplier_basis_points"] * BASIS_POINT,
        when.get("first_day"),
        when.get("last_day"),
        when.get("weekdays", []),
        when.get("channels", []),
        when.get("tiers", []),
        bool(stores or when.get("franchisee_ids")),
        stores,
        bool(categories or styles),
        categories,
        styles,
    )


def _tiers(base: Any, ladder: Mapping[str, Any], today: date) -> dict[int, str | None]:
    steps = [(step["code"], step["threshold"]) for step in ladder["tiers"]]
    _fill(base, "steps", {"code": "TEXT", "threshold": "HUGEINT"}, steps)
    since = _SINCE_YEAR if ladder.get("calendar_year") else _SINCE_DAYS
    found = base.execute(
        _TIERS.format(since=since, sum_="minor" if ladder["basis"] == "spend" else "points"),
        {"today": today, "days": ladder.get("window_days")},
    )
    return {int(card): code for card, code in found.fetchall()}


def _in_force(rules: Sequence[Mapping[str, Any]], kind: str) -> Mapping[str, Any] | None:
    now = datetime.now(UTC).replace(tzinfo=None)
    begun = [
        (_instant(rule), rule["version"], rule["body"])
        for rule in rules
        if rule["kind"] == kind and _instant(rule) <= now
    ]
    return max(begun, key=lambda rule: rule[:2])[2] if begun else None


def _instant(rule: Mapping[str, Any]) -> datetime:
    """When a rule comes into force; UTC, as the files' times are made."""
    return datetime.fromisoformat(rule["validFrom"]).astimezone(UTC).replace(tzinfo=None)


def _fill(base: Any, table: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """A table of some rows; they travel as JSON, in one statement."""
    kinds = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    base.execute(f"CREATE TABLE {table} ({kinds})")
    told = [dict(zip(columns, row, strict=True)) for row in rows]
    base.execute(
        f"INSERT INTO {table} SELECT unnest(from_json(CAST($1 AS JSON),"
        f" '{json.dumps([columns])}'), recursive := true)",
        [json.dumps(told, default=str)],
    )


_SOLD = {"basket": "BIGINT", "tier": "TEXT"}
_VERSIONS = {
    "version": "INT", "valid_from": "TIMESTAMP", "minor_per_point": "HUGEINT",
    "combine": "TEXT", "most": "HUGEINT",
}  # fmt: skip
_MULTIPLIERS = {"version": "INT", "tier": "TEXT", "factor": "HUGEINT"}
_BONUSES = {
    "version": "INT", "factor": "HUGEINT", "first_day": "DATE", "last_day": "DATE",
    "weekdays": "INT[]", "channels": "TEXT[]", "tiers": "TEXT[]", "somewhere": "BOOL",
    "stores": "TEXT[]", "something": "BOOL", "categories": "TEXT[]", "styles": "TEXT[]",
}  # fmt: skip
_LINES = f"""
    CREATE TABLE lines AS
    SELECT row_number() OVER () AS line, t.basket_id AS basket, t.household_id AS card,
        t.store_id AS store, t.product_id AS product,
        CAST(t.transaction_timestamp AS DATE) AS day,
        t.transaction_timestamp - INTERVAL {HOURS_AHEAD} HOUR AS sold_at,
        CAST(round(t.sales_value * 100) AS HUGEINT) AS minor,
        coalesce(nullif(left(trim(p.product_category), 60), ''), 'OTHER') AS category
    FROM read_parquet($1) t LEFT JOIN read_parquet($2) p USING (product_id)
    WHERE t.quantity <> 0 OR round(t.sales_value * 100) <> 0
"""
_BOOKED = f"""
    CREATE TABLE booked AS
    WITH sale AS (
        SELECT s.basket, s.tier, v.version, v.minor_per_point, v.combine, v.most,
            coalesce(m.factor, {WHOLE}) AS member
        FROM sold s JOIN (SELECT basket, min(sold_at) AS sold_at FROM lines GROUP BY basket) t
            USING (basket)
        JOIN LATERAL (
            SELECT * FROM versions v WHERE v.valid_from <= t.sold_at
            ORDER BY v.valid_from DESC, v.version DESC LIMIT 1) v ON true
        LEFT JOIN multipliers m ON m.version = v.version AND m.tier = s.tier
    ), line AS (
        SELECT l.line, l.basket, l.card, l.day, l.minor, s.member, s.combine, s.most,
            s.minor_per_point,
            count(b.factor) AS bonuses, max(b.factor) AS best,
            sum(b.factor - {WHOLE}) AS more, list(b.factor) FILTER (b.factor IS NOT NULL) AS factors
        FROM lines l JOIN sale s USING (basket)
        LEFT JOIN store_ids i ON i.number = l.store
        LEFT JOIN style_ids y ON y.number = l.product
        LEFT JOIN bonuses b ON b.version = s.version
            AND (b.first_day IS NULL OR b.first_day <= l.day)
            AND (b.last_day IS NULL OR l.day <= b.last_day)
            AND (len(b.weekdays) = 0 OR list_contains(b.weekdays, isodow(l.day)))
            AND (len(b.channels) = 0 OR list_contains(b.channels, '{CHANNEL}'))
            AND (len(b.tiers) = 0 OR list_contains(b.tiers, s.tier))
            AND (NOT b.somewhere OR list_contains(b.stores, i.id))
            AND (NOT b.something OR list_contains(b.categories, l.category)
                OR list_contains(b.styles, y.id))
        GROUP BY ALL
    ), factor AS (
        SELECT *, CASE
            WHEN bonuses = 0 THEN member
            WHEN combine = 'highest' AND best <= member THEN member
            WHEN combine = 'highest' THEN least(best, greatest(most, member))
            WHEN combine = 'add' THEN
                least(greatest(member + more, 0), greatest(most, member))
            ELSE least(
                list_reduce(list_prepend(member, factors), lambda a, b: a * (b // {BASIS_POINT})
                    // 10000),
                greatest(most, member))
        END AS factor FROM line
    )
    SELECT basket, any_value(card) AS card, any_value(day) AS day, sum(minor) AS minor,
        CAST(sum(minor * factor) AS HUGEINT) // ({WHOLE} * any_value(minor_per_point)) AS points
    FROM factor GROUP BY basket
"""
_SINCE_DAYS = "$days IS NULL OR day > CAST($today AS DATE) - CAST($days AS INT)"
_SINCE_YEAR = "$days IS NULL AND year(day) = year(CAST($today AS DATE))"
_TIERS = """
    SELECT card, (SELECT code FROM steps WHERE threshold <= progress
        ORDER BY threshold DESC LIMIT 1)
    FROM (SELECT card, coalesce(sum({sum_}) FILTER ({since}), 0) AS progress
        FROM booked GROUP BY card)
"""
