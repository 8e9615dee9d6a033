"""Saving styles with their SKUs: all or none, and nothing told when nothing changed."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import or_, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.inventory import barcodes, prices
from services.inventory.models import Sku, Style
from shared import outbox
from shared.contracts.inventory import (
    SaveStyles,
    SetPrice,
    SkuInput,
    StyleInput,
    StyleSaved,
    StylesSaved,
)
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Caller

_NEW_STYLES = text("""
INSERT INTO styles (id, code, name, category, tax_basis_points)
SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:codes AS text[]), CAST(:names AS text[]),
                     CAST(:categories AS text[]), CAST(:taxes AS int[])) AS style (id)
ORDER BY id
ON CONFLICT (id) DO NOTHING
""")
_CHANGE_STYLES = text("""
UPDATE styles SET code = new.code, name = new.name, category = new.category,
                  tax_basis_points = new.tax, version = styles.version + 1
FROM unnest(CAST(:ids AS uuid[]), CAST(:codes AS text[]), CAST(:names AS text[]),
            CAST(:categories AS text[]), CAST(:taxes AS int[]))
     AS new (id, code, name, category, tax)
WHERE styles.id = new.id
""")
_PUT_SKUS = text("""
INSERT INTO skus (id, style_id, code, colour, size, ean, position, sort_key, search)
SELECT * FROM unnest(
    CAST(:ids AS uuid[]), CAST(:style_ids AS uuid[]), CAST(:codes AS text[]),
    CAST(:colours AS text[]), CAST(:sizes AS text[]), CAST(:eans AS text[]),
    CAST(:positions AS int[]), CAST(:sort_keys AS text[]), CAST(:searches AS text[])
) AS sku (id)
ORDER BY id
ON CONFLICT (id) DO UPDATE
SET code = excluded.code, colour = excluded.colour, size = excluded.size, ean = excluded.ean,
    position = excluded.position, sort_key = excluded.sort_key, search = excluded.search
""")


class _Matrix(msgspec.Struct):
    """The SKUs of one style in their order, and what they were before."""

    style: StyleInput
    version: int
    before: list[SkuInput]
    skus: list[SkuInput]
    renamed: bool

    @property
    def changed(self) -> bool:
        return self.renamed or self.before != self.skus


def save_styles(
    session: Session, caller: Caller, command: SaveStyles, now: datetime | None = None
) -> StylesSaved:
    """Create or change styles; a list price other than the chain's is a new price from `now` on.

    Refusals: INVALID_EAN, EAN_TAKEN, CODE_TAKEN, SKU_OF_OTHER_STYLE, CURRENCY_MISMATCH.
    """
    caller.require_chain()
    _require_sound(command.items)
    currencies = prices.chain_currencies(session)
    for item in command.items:
        prices.require_currency(item.currency, currencies)
    try:
        with session.begin_nested():
            changed = [matrix for matrix in _matrices(session, command.items) if matrix.changed]
            _write(session, changed)
    except IntegrityError:
        _require_free(session, command.items)
        raise
    outbox.emit(session, *map(_saved, changed))
    _reprice(session, caller, command.items, now or datetime.now(UTC))
    return StylesSaved(ids=[item.id for item in command.items])


def _require_sound(items: Sequence[StyleInput]) -> None:
    """Refuse wrong check digits, and what is there twice within the command."""
    skus = [sku for item in items for sku in item.skus]
    for sku in skus:
        if sku.ean is not None and not barcodes.is_ean13(sku.ean):
            raise Refusal("INVALID_EAN", {"ean": sku.ean})
    _require_once("CODE_TAKEN", "code", (item.code for item in items))
    _require_once("CODE_TAKEN", "code", (sku.code for sku in skus))
    _require_once("EAN_TAKEN", "ean", (sku.ean for sku in skus if sku.ean))
    codes = {item.id: item.code for item in items} | {sku.id: sku.code for sku in skus}
    ids = [*(item.id for item in items), *(sku.id for sku in skus)]
    for id_, count in Counter(ids).items():
        if count > 1:
            raise Refusal("CODE_TAKEN", {"code": codes[id_]})


def _require_once(code: str, name: str, values: Iterable[str]) -> None:
    for value, count in Counter(values).items():
        if count > 1:
            raise Refusal(code, {name: value})


def _matrices(session: Session, items: Sequence[StyleInput]) -> list[_Matrix]:
    """Lock the styles (new ones are made first) and lay the new SKUs over those they have."""
    session.execute(_NEW_STYLES, _style_columns(items))
    ids = [item.id for item in items]
    styles = {
        row.id: row
        for row in session.execute(
            select(Style.__table__).where(Style.id.in_(ids)).order_by(Style.id).with_for_update()
        )
    }
    named = {sku.id: item.id for item in items for sku in item.skus}
    before: defaultdict[UUID, list[SkuInput]] = defaultdict(list)
    rows = session.execute(
        select(Sku.__table__)
        .where(or_(Sku.style_id.in_(ids), Sku.id.in_(named)))
        .order_by(Sku.style_id, Sku.position, Sku.code)
    )
    for row in rows:
        if named.get(row.id, row.style_id) != row.style_id:
            raise Refusal("SKU_OF_OTHER_STYLE", {"code": row.code})
        before[row.style_id].append(
            SkuInput(id=row.id, code=row.code, colour=row.colour, size=row.size, ean=row.ean)
        )
    return [_matrix(item, styles[item.id], before[item.id]) for item in items]


def _matrix(item: StyleInput, style: Any, before: list[SkuInput]) -> _Matrix:
    """Named SKUs in the order they were named; those not named stay, behind them."""
    named = {sku.id for sku in item.skus}
    skus = [*item.skus, *(sku for sku in before if sku.id not in named)]
    told = (item.code, item.name, item.category, item.tax_basis_points)
    renamed = style.version == 0 or told != (
        style.code,
        style.name,
        style.category,
        style.tax_basis_points,
    )
    if not renamed and set(item.skus) <= set(before):
        skus = before  # named in another order, or some of them only: nothing is new
    return _Matrix(item, style.version + 1, before, skus, renamed)


def _write(session: Session, matrices: Sequence[_Matrix]) -> None:
    if not matrices:
        return
    session.execute(_CHANGE_STYLES, _style_columns([matrix.style for matrix in matrices]))
    placed = [
        (matrix.style, position, sku)
        for matrix in matrices
        for position, sku in enumerate(matrix.skus)
    ]
    session.execute(
        _PUT_SKUS,
        {
            "ids": [sku.id for _, _, sku in placed],
            "style_ids": [style.id for style, _, _ in placed],
            "codes": [sku.code for _, _, sku in placed],
            "colours": [sku.colour for _, _, sku in placed],
            "sizes": [sku.size for _, _, sku in placed],
            "eans": [sku.ean for _, _, sku in placed],
            "positions": [position for _, position, _ in placed],
            "sort_keys": [f"{style.code} {position:04}" for style, position, _ in placed],
            "searches": [_search_text(style, sku) for style, _, sku in placed],
        },
    )


def _style_columns(styles: Sequence[StyleInput]) -> dict[str, list[Any]]:
    return {
        "ids": [style.id for style in styles],
        "codes": [style.code for style in styles],
        "names": [style.name for style in styles],
        "categories": [style.category for style in styles],
        "taxes": [style.tax_basis_points for style in styles],
    }


def _search_text(style: StyleInput, sku: SkuInput) -> str:
    words = (style.code, style.name, style.category, sku.code, sku.colour, sku.size)
    return barcodes.scanned(" ".join(words)).lower()


def _require_free(session: Session, items: Sequence[StyleInput]) -> None:
    """Refuse the first code or barcode that is another one's."""
    skus = [sku for item in items for sku in item.skus]
    taken: list[tuple[str, Any, Any, dict[str | None, UUID]]] = [
        ("EAN_TAKEN", Sku.ean, Sku.id, {sku.ean: sku.id for sku in skus}),
        ("CODE_TAKEN", Sku.code, Sku.id, {sku.code: sku.id for sku in skus}),
        ("CODE_TAKEN", Style.code, Style.id, {item.code: item.id for item in items}),
    ]
    for refusal, column, owner, wanted in taken:
        for value, id_ in session.execute(select(column, owner).where(column.in_(wanted))):
            if wanted[value] != id_:
                raise Refusal(refusal, {column.key: value})


def _saved(matrix: _Matrix) -> tuple[StyleSaved, UUID, int]:
    style = matrix.style
    event = StyleSaved(
        style_id=style.id,
        version=matrix.version,
        code=style.code,
        name=style.name,
        category=style.category,
        tax_basis_points=style.tax_basis_points,
        skus=matrix.skus,
    )
    return event, style.id, matrix.version


def _reprice(session: Session, caller: Caller, items: Sequence[StyleInput], now: datetime) -> None:
    current = prices.chain_prices(session, [(item.id, item.currency) for item in items], now)
    new = [
        SetPrice(
            id=new_id(),
            style_id=item.id,
            scope="chain",
            price_minor=item.list_price_minor,
            currency=item.currency,
            valid_from=now,
        )
        for item in items
        if current.get((item.id, item.currency)) != item.list_price_minor
    ]
    if new:
        prices.add(session, caller, new)
