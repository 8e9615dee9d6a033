"""Reading the catalogue: SKUs by id, barcode or words, with price and stock of one store."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from services.inventory import barcodes, prices
from services.inventory.models import Store
from shared import stores
from shared.contracts.inventory import FindSkus, GetSkus, GetStyle, Sku, Skus, Style
from shared.errors import InvalidInput, Refusal
from shared.paging import Page, decode_cursor, page_of
from shared.seal import Caller

_START = ("", "00000000-0000-0000-0000-000000000000")


class _Found(msgspec.Struct, frozen=True):
    """A SKU and its place in the catalogue's order."""

    sku: Sku
    sort_key: str


def _reading(picked: str) -> TextClause:
    """The statement that reads the SKUs a sub-select picks, in the order of the catalogue."""
    columns = """
    SELECT skus.id, skus.style_id, skus.code, styles.code AS style_code, styles.name,
           styles.category, skus.colour, skus.size, skus.ean, styles.tax_basis_points,
           coalesce(price.price_minor, 0) AS price_minor,
           coalesce(price.currency, :currency) AS currency,
           coalesce(stock.on_hand, 0) AS on_hand, coalesce(stock.reserved, 0) AS reserved,
           coalesce(stock.on_hand - stock.reserved, 0) AS available, skus.sort_key"""
    joined = """
    JOIN styles ON styles.id = skus.style_id
    LEFT JOIN stock ON stock.store_id = :store_id AND stock.sku_id = skus.id
    LEFT JOIN LATERAL"""
    order = "AS price ON true ORDER BY skus.sort_key, skus.id"
    return text(f"{columns} FROM ({picked}) AS skus {joined} ({prices.IN_STORE}) {order}")


_BY_ID = _reading("SELECT * FROM skus WHERE id = ANY(CAST(:ids AS uuid[]))")
_BY_STYLE = _reading("SELECT * FROM skus WHERE style_id = :style_id")
_BY_CODE = _reading("""
    SELECT * FROM skus
    WHERE (ean = :ean OR code = :code) AND (sort_key, id) > (:after_key, CAST(:after_id AS uuid))
    ORDER BY sort_key, id LIMIT :limit
""")
_BY_WORDS = _reading("""
    SELECT * FROM skus
    WHERE search LIKE ALL (CAST(:patterns AS text[]))
      AND (sort_key, id) > (:after_key, CAST(:after_id AS uuid))
    ORDER BY sort_key, id LIMIT :limit
""")


def get_skus(
    session: Session, caller: Caller, command: GetSkus, now: datetime | None = None
) -> Skus:
    """SKUs in the order they were asked for; unknown ids are left out."""
    store = stores.require_store(session, Store, caller, command.store_id)
    found = {row.sku.id: row.sku for row in _read(session, _BY_ID, store, now, ids=command.ids)}
    return Skus(items=[found[id_] for id_ in dict.fromkeys(command.ids) if id_ in found])


def get_style(
    session: Session, caller: Caller, command: GetStyle, now: datetime | None = None
) -> Style:
    """A style with its SKUs in the order of its matrix; raises UNKNOWN_STYLE."""
    store = stores.require_store(session, Store, caller, command.store_id)
    skus = [row.sku for row in _read(session, _BY_STYLE, store, now, style_id=command.id)]
    if not skus:
        raise Refusal("UNKNOWN_STYLE", {"style_id": command.id})
    first = skus[0]
    return Style(
        id=command.id,
        code=first.style_code,
        name=first.name,
        category=first.category,
        skus=skus,
    )


def find_skus(
    session: Session, caller: Caller, command: FindSkus, now: datetime | None = None
) -> Page[Sku]:
    """What a scanner or a person typed: a barcode, a SKU code, or words that all occur.

    Refuses thirteen digits that are neither a SKU code nor a sound barcode (INVALID_EAN).
    """
    store = stores.require_store(session, Store, caller, command.store_id)
    query = barcodes.scanned(command.query)
    after_key, after_id = _after(command.after)
    page = {"after_key": after_key, "after_id": after_id, "limit": command.first + 1}
    found: list[_Found] = []
    if query:
        exact = {"code": query, "ean": barcodes.as_ean13(query)}
        found = _read(session, _BY_CODE, store, now, **exact, **page)
        if not found and barcodes.is_thirteen_digits(query) and not barcodes.is_ean13(query):
            raise Refusal("INVALID_EAN", {"ean": query})
    if not found:
        found = _read(session, _BY_WORDS, store, now, patterns=_patterns(query), **page)
    keyed = page_of(found, command.first, lambda row: (row.sort_key, str(row.sku.id)))
    return Page(
        items=[row.sku for row in keyed.items], cursors=keyed.cursors, has_next=keyed.has_next
    )


def _read(
    session: Session,
    statement: TextClause,
    store: stores.Store,
    now: datetime | None,
    **parameters: Any,
) -> list[_Found]:
    rows = session.execute(
        statement,
        {
            "store_id": store.id,
            "franchisee_id": store.franchisee_id,
            "currency": store.currency,
            "now": now or datetime.now(UTC),
            **parameters,
        },
    )
    found = []
    for row in rows:
        values = dict(row._mapping)
        sort_key = values.pop("sort_key")
        found.append(_Found(Sku(**values), sort_key))
    return found


def _patterns(query: str) -> Sequence[str]:
    """LIKE patterns of the words; what a person typed matches only itself."""
    words = query.lower().split()
    for special in ("\\", "%", "_"):
        words = [word.replace(special, f"\\{special}") for word in words]
    return [f"%{word}%" for word in words] or ["%"]


def _after(cursor: str | None) -> tuple[str, str]:
    if cursor is None:
        return _START
    sort_key, sku_id = decode_cursor(cursor, 2)
    try:
        return str(sort_key), str(UUID(str(sku_id)))
    except ValueError as error:
        raise InvalidInput("INVALID_CURSOR") from error
