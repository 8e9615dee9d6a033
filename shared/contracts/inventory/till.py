"""What a till keeps of the catalogue, its prices and the stock of its store, to sell alone by."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from shared.contracts import Command, Message, Text

StylesPage = Annotated[int, Meta(ge=1, le=1_000)]
LevelsPage = Annotated[int, Meta(ge=1, le=10_000)]


class TillStyle(Message, frozen=True, kw_only=True):
    """A style as a till keeps it, compact because there are many.

    `prices`: list prices of one piece in this store by the instant (UTC, ISO 8601) from which they
    hold, in order; the first one, that holds now, stands under "". Empty: it has none.
    `skus`: by id, in the order of the matrix, each [code, colour, size, EAN-13 or ""].
    """

    id: UUID
    code: str
    name: str
    category: str
    tax_basis_points: int
    prices: dict[str, int]
    skus: dict[str, list[str]]


class TillCatalogue(Message, frozen=True, kw_only=True):
    """A page of what has changed. `version` of the first page is asked with the next time; `whole`:
    what the till had is replaced. `after` is where the next page begins, None at the end."""

    version: str
    whole: bool
    items: list[TillStyle]
    after: str | None


class GetTillCatalogue(Command[TillCatalogue], frozen=True, kw_only=True):
    """Styles that are new or have changed since a version, or whose SKUs or prices have. Styles are
    never removed. All pages are asked with the same `since_version`."""

    store_id: UUID
    since_version: Text | None = None
    first: StylesPage = 500
    after: UUID | None = None


class TillStock(Message, frozen=True, kw_only=True):
    """A page of the store's stock: pieces that can be sold, by SKU."""

    version: str
    whole: bool
    levels: dict[str, int]
    after: str | None


class GetTillStock(Command[TillStock], frozen=True, kw_only=True):
    """What can be sold of SKUs whose stock has changed since a version; see `GetTillCatalogue`."""

    store_id: UUID
    since_version: Text | None = None
    first: LevelsPage = 5_000
    after: UUID | None = None
