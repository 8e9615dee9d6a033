"""What has to agree between the services' databases: each fact beside every copy and effect of it.

Both sides of a comparison are read in the order of their keys (the first columns) and laid side by
side. Inside one database its service's own `CHECKS` hold.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from shared.contracts import Event, campaign, directory, inventory, loyalty, member, order

Row = dict[str, Any]
Agree = Callable[[Row | None, Row | None], bool]


def equal(left: Row | None, right: Row | None) -> bool:
    return left == right


def contained(left: Row | None, right: Row | None) -> bool:
    """Everything on the left is on the right; there may be more of it."""
    return left is None or right is not None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left` and `right` are (service, SQL); `keys` names the columns that both are ordered by."""

    name: str
    left: tuple[str, str]
    right: tuple[str, str]
    keys: tuple[str, ...]
    agree: Agree = equal


def lay_side_by_side(
    left: Iterable[Row], right: Iterable[Row], keys: tuple[str, ...]
) -> Iterator[tuple[tuple[Any, ...], Row | None, Row | None]]:
    """(key, left, right) of every key, where both are ordered by it; None where one is missing.

    A key that is there twice on one side comes twice, the second time without a partner.
    """

    def sided(rows: Iterable[Row]) -> Iterator[tuple[tuple[Any, ...], Row]]:
        for row in rows:
            key = tuple(row[name] for name in keys)
            yield key, {name: value for name, value in row.items() if name not in keys}

    lefts, rights = iter(sided(left)), iter(sided(right))
    a, b = next(lefts, None), next(rights, None)
    while a is not None or b is not None:
        if b is None or (a is not None and a[0] < b[0]):
            assert a is not None  # noqa: S101  (one of the two is there)
            yield a[0], a[1], None
            a = next(lefts, None)
        elif a is None or b[0] < a[0]:
            yield b[0], None, b[1]
            b = next(rights, None)
        else:
            yield a[0], a[1], b[1]
            a, b = next(lefts, None), next(rights, None)


def states(**allowed: str) -> Agree:
    """Which state of a hold (`-`: none) goes with which status of its order."""

    def agree(left: Row | None, right: Row | None) -> bool:
        if left is None:
            return False
        return (right["status"] if right else "-") in allowed[left["status"]].split()

    return agree


_STATUS = "SELECT id AS order_id, status FROM orders ORDER BY id"

# Campaign forgets what it let go of after 30 days.
_STATUS_BY_AGE = """
    SELECT id AS order_id, CASE
      WHEN status = 'cancelled' AND created_at < now() - interval '29 days' THEN 'forgotten'
      ELSE status END AS status
    FROM orders ORDER BY id
"""

HOLDS = (
    Comparison(
        "every order's stock is settled, given back or let go, as the order says",
        ("order", _STATUS),
        ("inventory", "SELECT order_id, status FROM reservations ORDER BY order_id"),
        ("order_id",),
        states(placed="settled", voided="voided", cancelled="released", pending="- held"),
    ),
    Comparison(
        "every order's coupons are used, given back or let go, as the order says",
        ("order", _STATUS_BY_AGE),
        ("campaign", "SELECT order_id, status FROM holds ORDER BY order_id"),
        ("order_id",),
        states(
            placed="- confirmed",
            voided="- returned",
            cancelled="released",
            forgotten="- released",
            pending="- held",
        ),
    ),
    Comparison(
        "every order's points and wallet money are spent or let go, as the order says",
        ("order", _STATUS),
        ("loyalty", "SELECT order_id, status FROM holds ORDER BY order_id"),
        ("order_id",),
        states(placed="- settled", voided="- settled", cancelled="released", pending="- held"),
    ),
)

BOOKINGS = (
    Comparison(
        "every piece sold left the shelf once, and came back once where the sale was voided",
        (
            "order",
            """SELECT order_id, sku_id, sum(quantity)::bigint AS sold,
                 (sum(quantity) * (status = 'voided')::int)::bigint AS brought_back
               FROM orders JOIN order_lines ON order_id = orders.id
               WHERE status IN ('placed', 'voided')
               GROUP BY order_id, sku_id, status ORDER BY order_id, sku_id""",
        ),
        (
            "inventory",
            """SELECT document_id AS order_id, sku_id,
                 coalesce(-sum(quantity) FILTER (WHERE reason = 'sale'), 0)::bigint AS sold,
                 coalesce(sum(quantity) FILTER (WHERE reason = 'void'), 0)::bigint
                   AS brought_back
               FROM movements WHERE reason IN ('sale', 'void')
               GROUP BY document_id, sku_id ORDER BY document_id, sku_id""",
        ),
        ("order_id", "sku_id"),
    ),
    Comparison(
        "pieces sold per store and SKU = its stock movements",
        (
            "order",
            """SELECT store_id, sku_id, sum(quantity)::bigint AS sold
               FROM orders JOIN order_lines ON order_id = orders.id
               WHERE status IN ('placed', 'voided')
               GROUP BY store_id, sku_id ORDER BY store_id, sku_id""",
        ),
        (
            "inventory",
            """SELECT store_id, sku_id, (-sum(quantity))::bigint AS sold
               FROM movements WHERE reason = 'sale'
               GROUP BY store_id, sku_id ORDER BY store_id, sku_id""",
        ),
        ("store_id", "sku_id"),
    ),
    Comparison(
        "every order is booked once in loyalty, and compensated once where it was voided",
        (
            "order",
            """SELECT orders.id AS order_id, k.kind, member_id, store_id, business_date,
                 k.sign * total_minor AS spend_minor,
                 (k.sign * coalesce(paid.points, 0))::bigint AS points,
                 (k.sign * coalesce(paid.wallet_minor, 0))::bigint AS wallet_minor
               FROM orders JOIN (VALUES ('sale', 1), ('void', -1)) AS k (kind, sign)
                 ON k.kind = 'sale' OR status = 'voided'
               LEFT JOIN (
                 SELECT order_id, sum(points) AS points,
                   sum(amount_minor) FILTER (WHERE kind = 'wallet') AS wallet_minor
                 FROM order_tenders WHERE kind IN ('points', 'wallet') GROUP BY order_id
               ) AS paid ON paid.order_id = orders.id
               WHERE status IN ('placed', 'voided') ORDER BY orders.id, k.kind""",
        ),
        (
            "loyalty",
            """SELECT order_id, kind, member_id, store_id, business_date, spend_minor,
                 points_told AS points, wallet_told_minor AS wallet_minor
               FROM orders_booked ORDER BY order_id, kind""",
        ),
        ("order_id", "kind"),
    ),
    Comparison(
        "redemptions = the orders' promotions, and given back where the sale was voided",
        (
            "order",
            """SELECT orders.id AS order_id, promotion_id, k.orders, version, coupon_code,
                 member_id, store_id, k.orders * p.discount_minor AS discount_minor
               FROM orders CROSS JOIN jsonb_to_recordset(promotions) AS p (promotion_id uuid,
                 version int, coupon_code text, discount_minor bigint)
               JOIN (VALUES (-1), (1)) AS k (orders) ON k.orders = 1 OR status = 'voided'
               WHERE status IN ('placed', 'voided')
               ORDER BY orders.id, promotion_id, k.orders""",
        ),
        (
            "campaign",
            """SELECT order_id, promotion_id, orders::int, version, coupon_code, member_id,
                 store_id, discount_minor
               FROM redemptions ORDER BY order_id, promotion_id, orders""",
        ),
        ("order_id", "promotion_id", "orders"),
    ),
)

PURCHASES = (
    Comparison(
        "every order of a member is known of the member, once",
        (
            "order",
            """SELECT id AS order_id, member_id, store_id, business_date,
                 status = 'voided' AS voided,
                 CASE status WHEN 'placed' THEN total_minor ELSE 0 END AS total_minor
               FROM orders WHERE member_id IS NOT NULL AND status IN ('placed', 'voided')
               ORDER BY id""",
        ),
        (
            "member",
            """SELECT order_id, member_id, store_id, business_date, voided,
                 CASE WHEN voided THEN 0 ELSE total_minor END AS total_minor
               FROM member_orders ORDER BY order_id""",
        ),
        ("order_id",),
    ),
    Comparison(
        "purchase facts = Σ orders of the member that stand",
        (
            "order",
            """SELECT member_id, currency, count(*) AS orders,
                 sum(total_minor)::bigint AS spent_minor
               FROM orders WHERE member_id IS NOT NULL AND status = 'placed'
               GROUP BY member_id, currency ORDER BY member_id, currency COLLATE "C" """,
        ),
        (
            "member",
            """SELECT member_id, currency, orders::bigint, spent_minor FROM purchase_facts
               WHERE orders <> 0 ORDER BY member_id, currency COLLATE "C" """,
        ),
        ("member_id", "currency"),
    ),
    Comparison(
        "pieces bought per member and SKU = Σ order lines that stand",
        (
            "order",
            """SELECT member_id, sku_id, sum(quantity)::bigint AS pieces
               FROM orders JOIN order_lines ON order_id = orders.id
               WHERE member_id IS NOT NULL AND status = 'placed'
               GROUP BY member_id, sku_id ORDER BY member_id, sku_id""",
        ),
        (
            "member",
            """SELECT member_id, sku_id, pieces FROM purchased_skus WHERE pieces <> 0
               ORDER BY member_id, sku_id""",
        ),
        ("member_id", "sku_id"),
    ),
)

_STORE = "version, code, name, region_id, franchisee_id, legal_entity, time_zone, currency, active"

COPIES = (
    *(
        Comparison(
            f"{service}'s copy of the stores = directory's stores",
            (
                "directory",
                f"""SELECT stores.id AS store_id, brand_id,
                      {", ".join(f"stores.{name}" for name in _STORE.split(", "))}
                    FROM stores JOIN regions ON regions.id = region_id ORDER BY stores.id""",
            ),
            (service, f"SELECT id AS store_id, brand_id, {_STORE} FROM stores ORDER BY id"),
            ("store_id",),
        )
        for service in ("member", "loyalty", "inventory", "order", "campaign")
    ),
    Comparison(
        "order's copy of the devices = directory's devices",
        ("directory", "SELECT id AS device_id, version, store_id, code FROM devices ORDER BY id"),
        ("order", "SELECT id AS device_id, version, store_id, code FROM devices ORDER BY id"),
        ("device_id",),
    ),
    Comparison(
        "order's copy of the staff = directory's staff",
        *(
            (
                service,
                """SELECT id AS staff_id, version, roles, scope_kind, scope_id FROM staff
                   ORDER BY id""",
            )
            for service in ("directory", "order")
        ),
        ("staff_id",),
    ),
    Comparison(
        "order's copy of the earn rules = loyalty's rules",
        (
            "loyalty",
            "SELECT version, valid_from FROM rules WHERE kind = 'earn' ORDER BY version",
        ),
        ("order", "SELECT version, valid_from FROM earn_rules ORDER BY version"),
        ("version",),
    ),
    *(
        Comparison(
            f"{service} knows every member",
            ("member", "SELECT id AS member_id FROM members ORDER BY id"),
            (service, f"SELECT {column} AS member_id FROM members ORDER BY 1"),
            ("member_id",),
            contained,
        )
        for service, column in (("loyalty", "member_id"), ("campaign", "id"))
    ),
    Comparison(
        "campaign's copy of the members' tiers = loyalty's tiers",
        (
            "loyalty",
            "SELECT member_id, tier FROM members WHERE tier IS NOT NULL ORDER BY member_id",
        ),
        (
            "campaign",
            "SELECT id AS member_id, tier FROM members WHERE tier IS NOT NULL ORDER BY id",
        ),
        ("member_id",),
    ),
    Comparison(
        "campaign's copy of the members' tags = member's tags",
        ("member", "SELECT id AS member_id, tags FROM members WHERE tags <> '{}' ORDER BY id"),
        ("campaign", "SELECT id AS member_id, tags FROM members WHERE tags <> '{}' ORDER BY id"),
        ("member_id",),
    ),
    Comparison(
        "campaign's copy of the styles = inventory's styles",
        *(
            (
                service,
                """SELECT id AS style_id, version, code, name, category, tax_basis_points
                   FROM styles ORDER BY id""",
            )
            for service in ("inventory", "campaign")
        ),
        ("style_id",),
    ),
    Comparison(
        "campaign's copy of the SKUs = inventory's SKUs",
        *(
            (service, "SELECT id AS sku_id, style_id, code, colour, size FROM skus ORDER BY id")
            for service in ("inventory", "campaign")
        ),
        ("sku_id",),
    ),
    Comparison(
        "campaign's copy of the prices = inventory's prices",
        *(
            (
                service,
                """SELECT id AS price_id, style_id, price_minor, currency, valid_from,
                     coalesce(scope_id, '00000000-0000-0000-0000-000000000000') AS scope_id
                   FROM prices ORDER BY id""",
            )
            for service in ("inventory", "campaign")
        ),
        ("price_id",),
    ),
)


def _audited(module: ModuleType) -> str:
    types = [
        found.type
        for found in vars(module).values()
        if isinstance(found, type)
        and issubclass(found, Event)
        and found.__module__ == module.__name__
        if found.audited
    ]
    return ", ".join(f"'{type_}'" for type_ in sorted(types))


AUDIT_LOG = tuple(
    Comparison(
        f"every audited event of {module.__name__.rsplit('.', 1)[-1]} is in the audit log",
        (
            module.__name__.rsplit(".", 1)[-1],
            f"""SELECT event_id, type FROM outbox WHERE type IN ({_audited(module)})
                ORDER BY event_id""",
        ),
        ("directory", "SELECT event_id, type FROM audit_entries ORDER BY event_id"),
        ("event_id",),
        contained,
    )
    for module in (directory, member, loyalty, inventory, order, campaign)
)

COMPARISONS = (*HOLDS, *BOOKINGS, *PURCHASES, *COPIES, *AUDIT_LOG)
