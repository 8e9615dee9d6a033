"""The catalogue, prices and stock that a till keeps to sell without network: pages of changes."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.inventory.models import Store
from shared import changes, stores
from shared.contracts.inventory.till import (
    GetTillCatalogue,
    GetTillStock,
    TillCatalogue,
    TillStock,
    TillStyle,
)
from shared.seal import Caller

_START = UUID(int=0)

# Prices of a store, as `prices.IN_STORE` picks them, in its own currency only. Each price that is
# to come is a step, at which the one that holds from then on is looked up.
_APPLIES = """
    prices.style_id = page.id AND prices.currency = :currency
    AND (scope = 'chain' OR scope = 'store' AND scope_id = :store_id
         OR scope = 'franchisee' AND scope_id = :franchisee_id)
"""
_STYLES = text(
    f"""
    WITH page AS MATERIALIZED (
      SELECT id, code, name, category, tax_basis_points FROM styles
      WHERE id > :after AND {changes.written("styles")} >= :since ORDER BY id LIMIT :limit
    )
    SELECT page.*, (
        SELECT json_object_agg(skus.id, json_build_array(skus.code, colour, size,
          coalesce(ean, '')) ORDER BY position, skus.code)
        FROM skus WHERE style_id = page.id
      ) AS skus, (
        SELECT json_object_agg(CASE WHEN at = :now THEN '' ELSE to_char(
            at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') END, price_minor
          ORDER BY at)
        FROM (
          SELECT CAST(:now AS timestamptz) AS at
          UNION SELECT valid_from FROM prices WHERE valid_from > :now AND {_APPLIES}
        ) AS step JOIN LATERAL (
          SELECT price_minor FROM prices WHERE valid_from <= step.at AND {_APPLIES}
          ORDER BY CASE scope WHEN 'store' THEN 1 WHEN 'franchisee' THEN 2 ELSE 3 END,
            valid_from DESC, number DESC
          LIMIT 1
        ) AS price ON true
      ) AS prices
    FROM page ORDER BY id
    """
)
_STOCK = text(
    f"""
    SELECT sku_id, on_hand - reserved AS available FROM stock
    WHERE store_id = :store_id AND sku_id > :after AND {changes.written("stock")} >= :since
    ORDER BY sku_id LIMIT :limit
    """
)


def get_catalogue(
    session: Session, caller: Caller, command: GetTillCatalogue, now: datetime | None = None
) -> TillCatalogue:
    """Styles that a till has to learn anew, in the order of their ids."""
    store = stores.require_store(session, Store, caller, command.store_id)
    asked = changes.since(session, command.since_version)
    rows = session.execute(
        _STYLES,
        {
            "store_id": store.id,
            "franchisee_id": store.franchisee_id,
            "currency": store.currency,
            "now": now or datetime.now(UTC),
            "since": asked.since,
            "after": command.after or _START,
            "limit": command.first + 1,
        },
    ).all()
    return TillCatalogue(
        version=asked.version,
        whole=asked.whole,
        items=[_style(row) for row in rows[: command.first]],
        after=str(rows[command.first - 1].id) if len(rows) > command.first else None,
    )


def get_stock(session: Session, caller: Caller, command: GetTillStock) -> TillStock:
    """What can be sold of pieces whose stock has changed, in the order of their ids."""
    store = stores.require_store(session, Store, caller, command.store_id)
    asked = changes.since(session, command.since_version)
    rows = session.execute(
        _STOCK,
        {
            "store_id": store.id,
            "since": asked.since,
            "after": command.after or _START,
            "limit": command.first + 1,
        },
    ).all()
    return TillStock(
        version=asked.version,
        whole=asked.whole,
        levels={str(row.sku_id): row.available for row in rows[: command.first]},
        after=str(rows[command.first - 1].sku_id) if len(rows) > command.first else None,
    )


def _style(row: Any) -> TillStyle:
    return TillStyle(
        id=row.id,
        code=row.code,
        name=row.name,
        category=row.category,
        tax_basis_points=row.tax_basis_points,
        prices=row.prices or {},
        skus=row.skus or {},
    )
