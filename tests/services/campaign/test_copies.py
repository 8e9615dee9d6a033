"""The read copies: in any order, any number of times, the newest counts."""

from typing import Any
from uuid import UUID

import msgspec

from shared.contracts.inventory import PriceChanged, SkuInput, StyleSaved
from shared.contracts.loyalty import TierChanged, TiersChanged
from shared.contracts.member import MemberRegistered, MemberTagged
from shared.contracts.member.imports import Arrival, MembersImported
from shared.ids import new_id
from tests.services.campaign.shop import LONG_AGO, Shop, envelope

STYLE, RED, BLUE, MEMBER = new_id(), new_id(), new_id(), new_id()


def style(version: int, name: str, *skus: tuple[Any, str]) -> StyleSaved:
    return StyleSaved(
        style_id=STYLE, version=version, code="ST", name=name, category="tops",
        tax_basis_points=1300,
        skus=[SkuInput(id=id_, code=str(id_)[-8:], colour=c, size="M") for id_, c in skus],
    )  # fmt: skip


def tier(version: int, code: str | None) -> TierChanged:
    return TierChanged(
        member_id=MEMBER, version=version, tier=code, tier_name_zh=code, tier_name_en=code,
        ladder_version=1,
    )  # fmt: skip


def test_styles_and_skus(shop: Shop) -> None:
    shop.tell(style(1, "one", (RED, "red"), (BLUE, "blue")), style(3, "three", (RED, "crimson")))
    shop.tell(style(2, "two", (RED, "pink"), (BLUE, "navy")))

    assert shop.rows("SELECT name, version FROM styles") == [("three", 3)]
    assert dict(shop.rows("SELECT id, colour FROM skus")) == {RED: "crimson", BLUE: "navy"}


def test_a_price_before_its_style(shop: Shop) -> None:
    price = PriceChanged(
        price_id=new_id(), style_id=STYLE, scope="chain", scope_id=None, price_minor=100,
        currency="CNY", valid_from=LONG_AGO,
    )  # fmt: skip
    shop.tell(envelope(price), envelope(price))
    shop.tell(style(1, "one", (RED, "red")))

    assert shop.price(RED).total_minor == 100


def test_tags_and_tier_before_the_member(shop: Shop) -> None:
    shop.tell(tier(2, "gold"), tier(1, "silver"))
    shop.tell(
        MemberTagged(member_id=MEMBER, version=3, tags=["a", "b'\"{},"]),
        MemberTagged(member_id=new_id(), version=1, tags=[]),
    )
    registered = MemberRegistered(
        member_id=MEMBER, card_code="C", home_store_id=shop.store_id, associate_id=None,
        source_channel="store",
    )  # fmt: skip
    shop.tell(registered, registered)
    shop.tell(MemberTagged(member_id=MEMBER, version=2, tags=["old"]))
    shop.tell(tier(1, "silver"))

    sql = "SELECT tier, tier_version, tags, tags_version FROM members WHERE id = :id"
    assert shop.rows(sql, id=MEMBER) == [("gold", 2, ["a", "b'\"{},"], 3)]
    shop.tell(tier(3, None))
    assert shop.rows(sql, id=MEMBER)[0][0] is None


def test_what_is_told_together_counts_as_if_told_one_by_one(shop: Shop) -> None:
    """Members of an import with their tags, and tiers that were reckoned together."""
    other = new_id()
    shop.tell(tier(2, "gold"))
    shop.tell(MemberTagged(member_id=MEMBER, version=3, tags=["new"]))

    shop.tell(MembersImported(import_id=new_id(), items=[arrival(MEMBER), arrival(other)]))
    one, two = tier(1, "silver"), msgspec.structs.replace(tier(1, "silver"), member_id=other)
    shop.tell(TiersChanged(items=[one, two]))

    sql = "SELECT tier, tier_version, tags, tags_version FROM members WHERE id = :id"
    assert shop.rows(sql, id=MEMBER) == [("gold", 2, ["new"], 3)]
    assert shop.rows(sql, id=other) == [("silver", 1, ["old"], 1)]


def arrival(member_id: UUID) -> Arrival:
    return Arrival(
        member_id=member_id, version=1, card_code="C", home_store_id=new_id(), associate_id=None,
        source_channel="import", consents=[], tags=["old"],
    )  # fmt: skip


def test_a_store_that_closes(shop: Shop) -> None:
    sql = "SELECT version, active FROM stores WHERE id = :id"
    shop.store(shop.store_id, version=2, active=False)
    shop.store(shop.store_id, version=1)

    assert shop.rows(sql, id=shop.store_id) == [(2, False)]
