"""What a till keeps of the catalogue and the stock: everything once, then what has changed."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.inventory import prices, till
from shared.contracts.inventory import SetPrice
from shared.contracts.inventory.till import GetTillCatalogue, GetTillStock
from shared.database import Database
from shared.errors import Forbidden
from shared.ids import new_id
from shared.stores import forget_stores
from tests.services.at_rest import at_rest
from tests.services.inventory.givens import HQ, NOW, a_sku, a_store, a_style, at, saved, stocked


@pytest.fixture
def database(own_database: Callable[..., Database]) -> Iterator[Database]:
    forget_stores()
    yield own_database("inventory")
    forget_stores()


@pytest.fixture
def store(database: Database) -> UUID:
    with database.transaction() as session:
        return a_store(session)


def catalogue(database: Database, store: UUID, **fields: Any) -> Any:
    with database.transaction() as session:
        return till.get_catalogue(
            session, at(store), GetTillCatalogue(store_id=store, **fields), NOW
        )


def stock(database: Database, store: UUID, **fields: Any) -> Any:
    with database.transaction() as session:
        return till.get_stock(session, at(store), GetTillStock(store_id=store, **fields))


def save(database: Database, *styles: Any) -> None:
    with database.transaction() as session:
        saved(session, *styles)


def price(database: Database, style: UUID, minor: int, days: int = 0, **scope: Any) -> None:
    command = SetPrice(
        id=new_id(), style_id=style, price_minor=minor, valid_from=NOW + timedelta(days=days),
        **{"scope": "chain", **scope},
    )  # fmt: skip
    with database.transaction() as session:
        prices.set_price(session, HQ, command)


def test_pages_hold_everything_once(database: Database, store: UUID) -> None:
    styles = [a_style(a_sku(ean=None), a_sku(size="L")) for _ in range(5)]
    save(database, *styles)
    pages, after = [], None
    while True:
        pages.append(catalogue(database, store, first=2, after=after))
        after = pages[-1].after
        if after is None:
            break

    assert [len(page.items) for page in pages] == [2, 2, 1]
    told = {style.id: style for page in pages for style in page.items}
    assert set(told) == {style.id for style in styles}
    one = told[styles[0].id]
    assert one.prices == {"": 29_900}
    assert list(one.skus.values()) == [
        [sku.code, sku.colour, sku.size, sku.ean or ""] for sku in styles[0].skus
    ]


def test_then_only_what_has_changed(database: Database, store: UUID) -> None:
    kept, changed, priced = a_style(), a_style(), a_style()
    save(database, kept, changed, priced)
    assert catalogue(database, store).whole
    version = at_rest(lambda version: catalogue(database, store, since_version=version))

    save(database, a_style(a_sku(), *changed.skus, id=changed.id, code=changed.code))
    price(database, priced.id, 19_900)
    now = catalogue(database, store, since_version=version)
    assert not now.whole
    assert {style.id for style in now.items} == {changed.id, priced.id}


def test_what_commits_late_is_not_skipped(database: Database, store: UUID) -> None:
    late, early = a_style(), a_style()
    with database.transaction() as session:
        saved(session, late)
        save(database, early)
        between = catalogue(database, store)
        assert [style.id for style in between.items] == [early.id]

    after = catalogue(database, store, since_version=between.version)
    assert late.id in {style.id for style in after.items}


def test_prices_are_those_of_the_store_with_what_is_to_come(
    database: Database, store: UUID
) -> None:
    style = a_style(list_price_minor=10_000)
    save(database, style)
    price(database, style.id, 9_000, days=2)
    price(database, style.id, 8_000, days=3, scope="store", scope_id=store)
    price(database, style.id, 7_000, days=4)
    with database.transaction() as session:
        abroad = a_store(session, currency="HKD")

    assert list(catalogue(database, store).items[0].prices.values()) == [
        10_000, 9_000, 8_000, 8_000,
    ]  # fmt: skip
    assert catalogue(database, abroad).items[0].prices == {}


def test_stock_of_the_store_and_its_changes(database: Database, store: UUID) -> None:
    style = a_style(a_sku(), a_sku(size="L"))
    save(database, style)
    one, other = sorted(sku.id for sku in style.skus)
    with database.transaction() as session:
        stocked(session, store, {one: 3, other: 4})
        stocked(session, a_store(session), {one: 9})
    first = stock(database, store, first=1)
    rest = stock(database, store, first=1, after=UUID(first.after))
    assert (first.levels, rest.levels, rest.after) == ({str(one): 3}, {str(other): 4}, None)

    version = at_rest(lambda version: stock(database, store, since_version=version))
    with database.transaction() as session:
        stocked(session, store, {other: 1})
    assert stock(database, store, since_version=version).levels == {str(other): 5}


def test_another_store_is_not_told(database: Database, store: UUID) -> None:
    with pytest.raises(Forbidden), database.transaction() as session:
        till.get_stock(session, at(new_id()), GetTillStock(store_id=store))
