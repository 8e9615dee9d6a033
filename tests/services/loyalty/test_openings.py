"""Opening balances of imported members in the ledger (K30)."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.loyalty import (
    accounts,
    erasure,
    expiry,
    explanation,
    liability,
    openings,
    statement,
)
from shared.contracts.loyalty import ExpiryRule, GetStatement
from shared.contracts.loyalty.explanation import ExplainBalance
from shared.contracts.loyalty.liability import GetLiability
from shared.contracts.loyalty.openings import OpeningsBooked
from shared.contracts.member.imports import Opening, OpeningsBroughtIn
from shared.ids import new_id
from tests.services.loyalty.conftest import NOW, TODAY, Shop, envelope_of
from tests.services.loyalty.test_merged_wallets import entries, merged, parted

IMPORT = UUID("019a0000-0000-7000-8000-000000000001")


def brought(shop: Shop, *items: Opening, import_id: UUID = IMPORT) -> OpeningsBroughtIn:
    return OpeningsBroughtIn(import_id=import_id, items=list(items))


def opening(shop: Shop, row: int, member_id: UUID, **fields: Any) -> Opening:
    values: dict[str, Any] = {
        "row": row,
        "member_id": member_id,
        "store_id": shop.store_id,
        "franchisee_id": None,
        "time_zone": "Asia/Shanghai",
        "currency": "CNY",
        "earned_on": TODAY,
    }
    return Opening(**(values | fields))


def test_k30_opening_balances_have_their_own_reason_and_a_counter_account(shop: Shop) -> None:
    """K30: points and money of the old system are in the ledger, on the books of the home store."""
    franchised = {"store_id": shop.franchised_id, "franchisee_id": shop.franchisee_id}
    member, other = new_id(), shop.register()

    openings.book(
        shop.session,
        [
            brought(
                shop,
                opening(shop, 2, member, points=120, principal_minor=5_000, bonus_minor=300),
                opening(shop, 3, other, points=80, **franchised),
            )
        ],
        NOW,
    )

    account = shop.account(member)
    assert (account.points, account.wallet_principal_minor) == (120, 5_000)
    assert account.wallet_bonus_minor == 300
    page = statement.get_statement(
        shop.session, shop.hq, GetStatement(member_id=other, account="points")
    )
    (entry,) = page.items
    assert (entry.amount, entry.reason, entry.issuing_store_id) == (
        80,
        "opening",
        shop.franchised_id,
    )
    counters = shop.session.execute(
        text(
            "SELECT a.kind, a.store_id, sum(e.amount)::int FROM entries e"
            " JOIN accounts a ON a.id = e.account_id WHERE a.store_id IS NOT NULL"
            " GROUP BY 1, 2 ORDER BY 1, 3"
        )
    )
    assert [tuple(each) for each in counters] == [
        ("bonus_opening", shop.store_id, -300),
        ("points_opening", shop.store_id, -120),
        ("points_opening", shop.franchised_id, -80),
        ("wallet_opening", shop.store_id, -5_000),
    ]
    assert shop.differences() == {}


def test_a_row_is_booked_once_whatever_comes_again(shop: Shop) -> None:
    member = shop.register()
    event = brought(shop, opening(shop, 2, member, points=50))
    openings.book(shop.session, [event, event], NOW)
    before = shop.everything()

    openings.on_openings_brought_in(shop.session, [envelope_of(event)])

    assert shop.everything() == before
    assert shop.account(member).points == 50
    (told,) = shop.events(OpeningsBooked)
    assert told.data == OpeningsBooked(
        import_id=IMPORT, rows=1, points=50, principal_minor=0, bonus_minor=0
    )


def test_the_same_row_of_another_import_is_another_one(shop: Shop) -> None:
    member = shop.register()
    item = opening(shop, 2, member, points=50)

    openings.book(shop.session, [brought(shop, item), brought(shop, item, import_id=new_id())], NOW)

    assert shop.account(member).points == 100
    assert shop.differences() == {}


def test_opening_points_expire_by_their_day_of_earning(bare_shop: Shop) -> None:
    """Lots of the old system live as long as if they had been earned here."""
    shop = bare_shop
    shop.publish(ExpiryRule(basis="months", length=12, notice_days=30))
    member = shop.register()
    rows = [
        opening(shop, 2, member, points=70, earned_on=TODAY - timedelta(days=400)),
        opening(shop, 3, member, points=30, earned_on=date(2026, 1, 5)),
    ]
    openings.book(shop.session, [brought(shop, *rows)], NOW)

    expiry.expire(shop.session, NOW)

    account = accounts.account_of(shop.session, member, NOW)
    assert (account.points, account.points_valid_until) == (30, date(2027, 1, 5))
    assert shop.differences() == {}


def test_a_wallet_of_another_currency_is_left_and_shows(shop: Shop) -> None:
    member = shop.register()
    abroad = opening(shop, 2, member, points=5, principal_minor=100, currency="HKD")

    openings.book(shop.session, [brought(shop, abroad)], NOW)

    (told,) = shop.events(OpeningsBooked)
    assert (told.data.points, told.data.principal_minor) == (5, 0)
    assert shop.account(member).wallet_principal_minor == 0
    assert shop.differences() == {}


def test_a_row_for_closed_accounts_brings_nothing_and_shows(shop: Shop) -> None:
    """Who is erased while the row is on its way gets no value any more; the others do."""
    member, other = shop.register(), shop.register()
    erasure.settle(shop.session, new_id(), [member], NOW)
    rows = [opening(shop, 2, member, points=5, principal_minor=100), opening(shop, 3, other,
            points=7)]  # fmt: skip

    openings.book(shop.session, [brought(shop, *rows)], NOW)

    (told,) = shop.events(OpeningsBooked)
    assert (told.data.rows, told.data.points, told.data.principal_minor) == (2, 7, 0)
    assert (shop.account(member).points, shop.account(other).points) == (0, 7)
    assert shop.differences() == {}


def test_k28_a_row_for_somebody_merged_is_booked_on_the_survivor(shop: Shop) -> None:
    """K28: with an id of before and the survivor's own in one batch; an undo leaves it there."""
    survivor_id, other_id = shop.register(), shop.register()
    event = merged(shop, survivor_id, other_id)
    rows = [
        opening(shop, 2, other_id, points=50, principal_minor=900, bonus_minor=100),
        opening(shop, 3, survivor_id, points=7),
    ]

    openings.book(shop.session, [brought(shop, *rows)], NOW)

    assert (shop.account(other_id).points, shop.account(survivor_id).points) == (57, 57)
    assert entries(shop, openings.document_of(IMPORT, 2)) == [
        (survivor_id, "bonus", 100),
        (survivor_id, "points", 50),
        (survivor_id, "principal", 900),
    ]
    assert shop.differences() == {}
    parted(shop, event)
    assert (shop.account(other_id).points, shop.account(survivor_id).points) == (0, 57)
    assert shop.differences() == {}


def test_a_survivor_without_accounts_gets_them_by_the_row(shop: Shop) -> None:
    survivor_id, other_id = new_id(), new_id()
    merged(shop, survivor_id, other_id)

    openings.book(shop.session, [brought(shop, opening(shop, 2, other_id, points=50))], NOW)

    assert entries(shop, openings.document_of(IMPORT, 2)) == [(survivor_id, "points", 50)]
    assert shop.differences() == {}


def test_money_in_a_currency_the_survivor_has_not_stays_with_the_id_that_was_merged(
    shop: Shop,
) -> None:
    survivor_id, other_id = shop.register(), new_id()
    accounts.open_accounts(shop.session, [accounts.Opening(other_id, None, "HKD")])
    merged(shop, survivor_id, other_id)
    abroad = opening(shop, 2, other_id, points=5, principal_minor=100, currency="HKD")

    openings.book(shop.session, [brought(shop, abroad)], NOW)

    assert entries(shop, openings.document_of(IMPORT, 2)) == [
        (survivor_id, "points", 5),
        (other_id, "principal", 100),
    ]
    assert shop.differences() == {}


def test_a_row_for_a_survivor_who_was_erased_brings_nothing(shop: Shop) -> None:
    survivor_id, other_id = shop.register(), shop.register()
    merged(shop, survivor_id, other_id)
    erasure.settle(shop.session, new_id(), [survivor_id, other_id], NOW)

    openings.book(shop.session, [brought(shop, opening(shop, 2, other_id, points=5))], NOW)

    (told,) = shop.events(OpeningsBooked)
    assert (told.data.rows, told.data.points) == (1, 0)
    assert entries(shop, openings.document_of(IMPORT, 2)) == []
    assert shop.differences() == {}


def test_opening_balances_are_owed_by_the_home_store_and_explained(shop: Shop) -> None:
    member = shop.register()
    brought_in = opening(shop, 2, member, points=50, principal_minor=900, bonus_minor=100)
    openings.book(shop.session, [brought(shop, brought_in)], NOW)

    report = liability.get_liability(shop.session, shop.hq, GetLiability(store_id=shop.store_id))

    found = {line.account: line for line in report.lines}
    assert {name: line.closing for name, line in found.items()} == {
        "points": 50,
        "principal": 900,
        "bonus": 100,
    }
    assert [each.reason for each in found["points"].movements] == ["opening"]
    said = explanation.explain_balance(shop.session, shop.hq, ExplainBalance(member_id=member))
    points = next(part for part in said.parts if part.account == "points")
    assert "旧系统期初转入 1 笔 +50" in points.zh
    assert "brought in from an old system +50 in 1" in points.en


@pytest.mark.parametrize("change", ["UPDATE openings SET points = 9", "DELETE FROM openings"])
def test_openings_are_never_changed(shop: Shop, change: str) -> None:
    with pytest.raises(IntegrityError, match="append-only"), shop.session.begin_nested():
        shop.session.execute(text(change))
