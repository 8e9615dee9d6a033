import pytest
from sqlalchemy.orm import Session

from services.inventory import catalogue
from shared.contracts.inventory import FindSkus, GetSkus, GetStyle, Sku
from shared.errors import Forbidden, InvalidInput
from shared.ids import new_id
from shared.paging import Page, encode_cursor
from shared.service import decode
from tests.services.inventory.givens import (
    HQ,
    a_sku,
    a_store,
    a_style,
    an_ean,
    an_order,
    at,
    refused,
    reserved,
    saved,
    stocked,
)


@pytest.fixture
def store_id(session: Session) -> object:
    store_id = a_store(session)
    saved(
        session,
        a_style(
            a_sku(code="DR-01-RED-S", colour="红", size="S", ean=an_ean(1)),
            a_sku(code="DR-01-RED-M", colour="红", size="M", ean=an_ean(2)),
            a_sku(code="DR-01-NAVY-M", colour="Navy", size="M"),
            code="DR-01",
            name="真丝连衣裙",
        ),
        a_style(
            a_sku(code="TS-02-NAVY-M", colour="Navy", size="M", ean="0012345678905"),
            a_sku(code="TS-02-100%", colour="白", size="100%"),
            code="TS-02",
            name="Basic Tee",
            category="T恤",
        ),
    )
    return store_id


def find(session: Session, store_id: object, query: str, **fields: object) -> list[str]:
    return [sku.code for sku in page(session, store_id, query, **fields).items]


def page(session: Session, store_id: object, query: str, **fields: object) -> Page[Sku]:
    command = decode({"store_id": store_id, "query": query, **fields}, FindSkus)
    assert isinstance(command, FindSkus)
    return catalogue.find_skus(session, HQ, command)


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        (an_ean(2), ["DR-01-RED-M"]),
        (f" {an_ean(2)}\r\n", ["DR-01-RED-M"]),
        ("012345678905", ["TS-02-NAVY-M"]),
        ("DR-01-NAVY-M", ["DR-01-NAVY-M"]),
        ("连衣裙", ["DR-01-RED-S", "DR-01-RED-M", "DR-01-NAVY-M"]),
        ("navy", ["DR-01-NAVY-M", "TS-02-NAVY-M"]),
        ("NAVY basic", ["TS-02-NAVY-M"]),
        ("连衣裙　ｎａｖｙ", ["DR-01-NAVY-M"]),
        ("ts-02", ["TS-02-NAVY-M", "TS-02-100%"]),
        ("100%", ["TS-02-100%"]),
        ("1_0", []),
        ("\\", []),
        ("没有", []),
        ("👗", []),
        (an_ean(999), []),
    ],
)
def test_what_is_found(session: Session, store_id: object, query: str, codes: list[str]) -> None:
    assert find(session, store_id, query) == codes


def test_a_barcode_with_a_wrong_check_digit_is_refused(session: Session, store_id: object) -> None:
    wrong = an_ean(2)[:12] + str((int(an_ean(2)[12]) + 1) % 10)
    with refused(session, "INVALID_EAN", ean=wrong):
        find(session, store_id, wrong)


def test_pages_follow_each_other_without_gap_or_double(session: Session, store_id: object) -> None:
    whole = find(session, store_id, "")
    codes: list[str] = []
    after = None
    for _ in range(5):
        part = page(session, store_id, "", first=2, after=after)
        codes += [sku.code for sku in part.items]
        if not part.has_next:
            break
        after = part.cursors[-1]

    assert len(whole) == 5
    assert codes == whole


@pytest.mark.parametrize(
    "cursor",
    ["x", "🙂", encode_cursor(1), encode_cursor("DR-01 0001", "no id"), encode_cursor("a\0", "b"),
     encode_cursor(1, 2, 3)],
)  # fmt: skip
def test_a_foreign_cursor_is_refused(session: Session, store_id: object, cursor: str) -> None:
    with pytest.raises(InvalidInput):
        page(session, store_id, "", after=cursor)


@pytest.mark.parametrize("query", ["a\x00", "x" * 61, "\u202e"])
def test_a_query_that_is_no_text_is_refused(session: Session, store_id: object, query: str) -> None:
    with pytest.raises(InvalidInput, match="INVALID_INPUT"):
        find(session, store_id, query)


def test_skus_come_in_the_order_asked_for_with_the_stores_stock(session: Session) -> None:
    store_id, other = a_store(session), a_store(session)
    first, second = a_sku(), a_sku(size="L")
    saved(session, a_style(first, second, list_price_minor=500))
    stocked(session, store_id, {first.id: 5})
    stocked(session, other, {second.id: 9})
    reserved(session, an_order(store_id, (first.id, 2)))

    command = GetSkus(ids=[second.id, new_id(), first.id, second.id], store_id=store_id)
    items = catalogue.get_skus(session, at(store_id), command).items

    assert [
        (sku.id, sku.on_hand, sku.reserved, sku.available, sku.price_minor) for sku in items
    ] == [(second.id, 0, 0, 0, 500), (first.id, 5, 2, 3, 500)]


def test_an_unknown_style_is_refused(session: Session) -> None:
    store_id = a_store(session)
    with refused(session, "UNKNOWN_STYLE"):
        catalogue.get_style(session, HQ, GetStyle(id=new_id(), store_id=store_id))


def test_another_store_an_unknown_and_a_closed_one_are_refused(session: Session) -> None:
    mine, other = a_store(session), a_store(session)
    closed = a_store(session, active=False)
    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        catalogue.find_skus(session, at(mine), FindSkus(store_id=other))
    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        catalogue.get_skus(session, at(mine), GetSkus(ids=[], store_id=other))
    with pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        catalogue.get_style(session, at(mine), GetStyle(id=new_id(), store_id=other))
    with refused(session, "UNKNOWN_STORE"):
        catalogue.find_skus(session, HQ, FindSkus(store_id=new_id()))
    with refused(session, "STORE_CLOSED"):
        catalogue.find_skus(session, HQ, FindSkus(store_id=closed))
