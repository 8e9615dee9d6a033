"""Accounts of a person who is erased: money first, points forfeited, free text gone."""

from uuid import UUID

import pytest
from sqlalchemy import text

from services.loyalty import erasure, points, wallet
from services.loyalty.audit import CHECKS
from shared.contracts import Envelope
from shared.contracts.loyalty import AdjustPoints, TopUp
from shared.contracts.member.erasure import MemberErased
from shared.errors import Refusal
from shared.ids import new_id
from tests.services.loyalty.conftest import NOW, Shop


def adjusted(shop: Shop, member_id: UUID, amount: int, reason: str) -> None:
    points.adjust_points(
        shop.session,
        shop.manager,
        AdjustPoints(
            id=new_id(), store_id=shop.store_id, member_id=member_id, points=amount, reason=reason
        ),
    )


def topped_up(shop: Shop, member_id: UUID) -> None:
    wallet.top_up(
        shop.session,
        shop.manager,
        TopUp(
            id=new_id(), store_id=shop.store_id, member_id=member_id, currency="CNY",
            paid_minor=5_000, tender="cash", reference="顾客的卡",
        ),
    )  # fmt: skip


def differences(shop: Shop) -> list[str]:
    return [name for name, check in CHECKS.items() if shop.session.execute(text(check)).all()]


def test_points_are_forfeited_by_an_entry_of_their_own(shop: Shop) -> None:
    member_id, erasure_id = shop.register(), new_id()
    adjusted(shop, member_id, 120, "生日")

    answer = erasure.settle(shop.session, erasure_id, [member_id], NOW)

    assert (answer.refusal, answer.points_forfeited) == (None, 120)
    rows = shop.session.execute(
        text(
            "SELECT a.kind, e.amount, e.balance_after, e.reason FROM entries e"
            " JOIN accounts a ON a.id = e.account_id WHERE e.document_id = :id ORDER BY e.amount"
        ),
        {"id": erasure_id},
    ).all()
    assert [tuple(row) for row in rows] == [
        ("points", -120, 0, "forfeited"),
        ("points_forfeited", 120, None, "forfeited"),
    ]
    assert differences(shop) == []
    for attempt in (adjusted, topped_up):
        with pytest.raises(Refusal, match="UNKNOWN_MEMBER"):
            attempt(shop, member_id, *([1, "还在吗"] if attempt is adjusted else []))


def test_money_has_to_be_paid_out_first(shop: Shop) -> None:
    member_id = shop.register()
    adjusted(shop, member_id, 120, "生日")
    topped_up(shop, member_id)
    before = shop.session.execute(text("SELECT * FROM balances ORDER BY account_id")).all()

    answer = erasure.settle(shop.session, new_id(), [member_id], NOW)

    assert answer.refusal == "WALLET_NOT_EMPTY"
    after = shop.session.execute(text("SELECT * FROM balances ORDER BY account_id")).all()
    assert after == before
    topped_up(shop, member_id)  # the account is open as before


def test_k37_free_text_goes_and_sums_stay(shop: Shop) -> None:
    """K37: what somebody wrote about the member is gone, on both sides of the books."""
    member_id, other = shop.register(), shop.register()
    adjusted(shop, member_id, 120, "王女士投诉")
    adjusted(shop, other, 80, "生日")
    sums = "SELECT account_id, sum(amount) FROM entries GROUP BY account_id ORDER BY account_id"
    before = shop.session.execute(text(sums)).all()
    told = Envelope(
        id=new_id(), source="chainstitch/member", type=MemberErased.type, subject="x", sequence=1,
        time=NOW, data=MemberErased(erasure_id=new_id(), member_id=member_id),
    )  # fmt: skip

    erasure.on_member_erased(shop.session, [told])

    details = shop.session.scalars(text("SELECT detail FROM entries ORDER BY id")).all()
    assert details == [None, None, "生日", "生日"]
    contents = shop.session.scalars(text("SELECT content::text FROM documents ORDER BY at"))
    assert [("王女士" in content, "reason" in content) for content in contents] == [
        (False, False),
        (False, True),
    ]
    assert shop.session.execute(text(sums)).all() == before
    assert differences(shop) == []
    envelope = shop.session.scalar(
        text("SELECT envelope FROM outbox WHERE type = 'loyalty.member_erased'")
    )
    assert '"table":"entries","data_class":"free_text","columns":["detail"],"rows":2' in envelope
