"""Facts of one service beside the copies that others keep of them."""

from infra.comparisons.side_by_side import Comparison, contained

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
        "campaign's copy of the staff = directory's staff",
        *(
            (
                service,
                """SELECT id AS staff_id, version, scope_kind, scope_id, active FROM staff
                   ORDER BY id""",
            )
            for service in ("directory", "campaign")
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
        "campaign's copy of who looks after members = member's",
        (
            "member",
            """SELECT id AS member_id, home_store_id, associate_id FROM members
               WHERE erased_at IS NULL ORDER BY id""",
        ),
        (
            "campaign",
            """SELECT id AS member_id, home_store_id, associate_id FROM members m
               WHERE NOT EXISTS (SELECT FROM erased_members e WHERE e.member_id = m.id)
               ORDER BY id""",
        ),
        ("member_id",),
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
        (
            "member",
            """SELECT id AS member_id,
                 ARRAY(SELECT DISTINCT unnest(tags || rule_tags) COLLATE "C" ORDER BY 1) AS tags
               FROM members WHERE tags <> '{}' OR rule_tags <> '{}' ORDER BY id""",
        ),
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
