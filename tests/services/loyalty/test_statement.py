"""Statements: the entries behind a balance."""

from uuid import UUID

import pytest

from services.loyalty import holds, points, statement
from shared.contracts.loyalty import AdjustPoints, Entry, GetStatement
from shared.errors import InvalidInput, Refusal
from shared.ids import new_id
from shared.paging import Page, encode_cursor
from tests.services.loyalty.conftest import Shop


def read(shop: Shop, member_id: UUID, account: str = "points", **fields: object) -> Page[Entry]:
    command = GetStatement(member_id=member_id, account=account, **fields)  # type: ignore[arg-type]
    return statement.get_statement(shop.session, shop.seller, command)


def test_newest_first_page_by_page_without_gap_or_repeat(shop: Shop, member_id: UUID) -> None:
    for amount in range(1, 6):
        shop.fill(member_id, points=amount)
    other = shop.register()
    shop.fill(other, points=99)

    seen, after = [], None
    for _ in range(3):
        page = read(shop, member_id, first=2, after=after)
        seen += page.items
        after = page.cursors[-1]
        assert page.has_next == (len(seen) < 5)

    assert [entry.amount for entry in seen] == [5, 4, 3, 2, 1]
    assert [entry.balance_after for entry in seen] == [15, 10, 6, 3, 1]
    assert read(shop, member_id, after=after).items == []


def test_an_entry_says_why_where_and_by_which_rule(shop: Shop, member_id: UUID) -> None:
    shop.fill(member_id, points=10)
    adjustment = AdjustPoints(
        id=new_id(), store_id=shop.store_id, member_id=member_id, points=-4, reason="for the bag"
    )
    points.adjust_points(shop.session, shop.manager, adjustment)

    taken, earned = read(shop, member_id).items

    assert (taken.reason, taken.detail, taken.document_id) == (
        "adjusted",
        "for the bag",
        adjustment.id,
    )
    assert (taken.issuing_store_id, taken.accepting_store_id) == (shop.store_id, shop.store_id)
    assert (earned.reason, earned.rule_version, earned.account) == ("earned", 1, "points")
    assert (earned.issuing_store_id, earned.accepting_store_id) == (shop.store_id, None)


def test_the_wallet_shows_both_parts_and_points_none(shop: Shop, member_id: UUID) -> None:
    shop.fill(member_id, wallet_minor=500)
    hold = shop.hold(member_id, wallet_minor=200)
    holds.hold(shop.session, shop.seller, hold)
    shop.place(shop.order(member_id, 200, order_id=hold.order_id, wallet_minor=200))

    entries = read(shop, member_id, "wallet").items

    assert [(e.account, e.amount, e.balance_after, e.reason) for e in entries] == [
        ("principal", -200, 300, "spent"),
        ("principal", 500, 500, "top_up"),
    ]


@pytest.mark.parametrize("after", ["?", "", encode_cursor("x"), encode_cursor(1, 2),
    encode_cursor(-1), encode_cursor(2**63)])  # fmt: skip
def test_a_foreign_cursor_is_refused(shop: Shop, member_id: UUID, after: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(shop, member_id, after=after)

    assert refused.value.code == "INVALID_CURSOR"


def test_an_unknown_member_has_no_statement(shop: Shop) -> None:
    with pytest.raises(Refusal) as refused:
        read(shop, new_id())

    assert refused.value.code == "UNKNOWN_MEMBER"
