"""List prices: dated, for the chain, a franchisee or a store; the narrowest wins."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.inventory.models import Price, Store
from shared import outbox, stores
from shared.contracts.inventory import PriceChanged, PriceSet, SetPrice
from shared.errors import Forbidden, InvalidInput, Refusal
from shared.seal import HQ, Caller

# The price of the style `skus.style_id` in a store, for a LATERAL join. Of the prices that hold
# already those in the store's currency go first, then the narrowest, then the latest.
IN_STORE = """
    SELECT price_minor, currency FROM prices
    WHERE prices.style_id = skus.style_id AND valid_from <= :now
      AND (scope = 'chain' OR scope = 'store' AND scope_id = :store_id
           OR scope = 'franchisee' AND scope_id = :franchisee_id)
    ORDER BY currency = :currency DESC,
             CASE scope WHEN 'store' THEN 1 WHEN 'franchisee' THEN 2 ELSE 3 END,
             valid_from DESC, number DESC
    LIMIT 1
"""

_CHAIN_NOW = text("""
SELECT wanted.style_id, wanted.currency, latest.price_minor
FROM unnest(CAST(:style_ids AS uuid[]), CAST(:currencies AS text[]))
     AS wanted (style_id, currency)
JOIN LATERAL (
    SELECT price_minor FROM prices
    WHERE prices.style_id = wanted.style_id AND prices.currency = wanted.currency
      AND scope = 'chain' AND valid_from <= :now
    ORDER BY valid_from DESC, number DESC LIMIT 1
) AS latest ON true
""")

# The styles' rows are locked, so that the prices of each are counted without gaps or doubles.
_ADD = text("""
WITH wanted AS (
    SELECT * FROM unnest(
        CAST(:ids AS uuid[]), CAST(:style_ids AS uuid[]), CAST(:scopes AS text[]),
        CAST(:scope_ids AS uuid[]), CAST(:prices AS bigint[]), CAST(:currencies AS text[]),
        CAST(:valid_froms AS timestamptz[])
    ) AS price (id, style_id, scope, scope_id, price_minor, currency, valid_from)
), style AS (
    SELECT styles.id, styles.prices FROM styles JOIN wanted ON wanted.style_id = styles.id
    ORDER BY styles.id FOR UPDATE OF styles
), added AS (
    INSERT INTO prices (id, style_id, number, scope, scope_id, price_minor, currency, valid_from,
                        author_id)
    SELECT wanted.id, style.id, style.prices + 1, scope, scope_id, price_minor, currency,
           valid_from, CAST(:author_id AS uuid)
    FROM wanted JOIN style ON style.id = wanted.style_id
    ON CONFLICT (id) DO NOTHING
    RETURNING id, style_id, number
), counted AS (
    UPDATE styles SET prices = added.number FROM added WHERE styles.id = added.style_id
)
SELECT id, number FROM added
""")


def set_price(session: Session, caller: Caller, command: SetPrice) -> PriceSet:
    """Add a dated price. Refusals: UNKNOWN_STYLE, UNKNOWN_STORE, UNKNOWN_FRANCHISEE,
    CURRENCY_MISMATCH, PRICE_ID_TAKEN (the id came before with other content)."""
    _require_shape(command)
    require_currency(command.currency, _currencies(session, caller, command))
    if not add(session, caller, [command]):
        _require_repeated(session, command)
    return PriceSet(id=command.id)


def add(session: Session, caller: Caller, new: Sequence[SetPrice]) -> int:
    """Add prices, no two of one style, and tell of them; how many were not there before."""
    numbers = {
        row.id: row.number
        for row in session.execute(
            _ADD,
            {
                "ids": [price.id for price in new],
                "style_ids": [price.style_id for price in new],
                "scopes": [price.scope for price in new],
                "scope_ids": [price.scope_id for price in new],
                "prices": [price.price_minor for price in new],
                "currencies": [price.currency for price in new],
                "valid_froms": [price.valid_from for price in new],
                "author_id": caller.id,
            },
        )
    }
    added = [price for price in new if price.id in numbers]
    outbox.emit(session, *((_changed(price), price.style_id, numbers[price.id]) for price in added))
    return len(added)


def chain_prices(
    session: Session, styles: Sequence[tuple[UUID, str]], now: datetime
) -> dict[tuple[UUID, str], int]:
    """What the chain asks for styles, each in a currency, at `now`; those without are left out."""
    rows = session.execute(
        _CHAIN_NOW,
        {
            "style_ids": [style_id for style_id, _ in styles],
            "currencies": [currency for _, currency in styles],
            "now": now,
        },
    )
    return {(row.style_id, row.currency): row.price_minor for row in rows}


def chain_currencies(session: Session) -> set[str]:
    """The currencies of the stores known so far."""
    return set(session.scalars(select(Store.currency).distinct()))


def require_currency(currency: str, expected: set[str]) -> None:
    """Raise CURRENCY_MISMATCH unless one of the stores concerned (if any) trades in it."""
    if expected and currency not in expected:
        raise Refusal("CURRENCY_MISMATCH", {"expected": ", ".join(sorted(expected))})


def _require_shape(command: SetPrice) -> None:
    if (command.scope == "chain") != (command.scope_id is None):
        raise InvalidInput(
            "INVALID_INPUT", {"field": "$.scope_id", "reason": f"scope is {command.scope}"}
        )
    if command.valid_from.tzinfo is None:
        raise InvalidInput("INVALID_INPUT", {"field": "$.valid_from", "reason": "no time zone"})


def _currencies(session: Session, caller: Caller, command: SetPrice) -> set[str]:
    """The currencies of the stores the price is for, all of which the caller's scope covers."""
    if command.scope_id is None:
        caller.require(HQ)
        caller.require_chain()
        return chain_currencies(session)
    if command.scope == "store":
        return {stores.require_store(session, Store, caller, command.scope_id).currency}
    rows = session.execute(
        select(Store.__table__).where(Store.franchisee_id == command.scope_id)
    ).all()
    if not rows:
        raise Refusal("UNKNOWN_FRANCHISEE", {"franchisee_id": command.scope_id})
    found = [stores.Store(**row._mapping) for row in rows]
    if not all(store.within(caller) for store in found):
        raise Forbidden("FORBIDDEN_SCOPE")
    return {store.currency for store in found}


def _require_repeated(session: Session, command: SetPrice) -> None:
    """Nothing was added: raise unless it was there already with the same content."""
    held = session.get(Price, command.id)
    if held is None:
        raise Refusal("UNKNOWN_STYLE", {"style_id": command.style_id})
    same = all(
        getattr(held, name) == getattr(command, name)
        for name in ("style_id", "scope", "scope_id", "price_minor", "currency", "valid_from")
    )
    if not same:
        raise Refusal("PRICE_ID_TAKEN", {"id": command.id})


def _changed(price: SetPrice) -> PriceChanged:
    return PriceChanged(
        price_id=price.id,
        style_id=price.style_id,
        scope=price.scope,
        scope_id=price.scope_id,
        price_minor=price.price_minor,
        currency=price.currency,
        valid_from=price.valid_from.astimezone(UTC),
    )
