"""Publishing, ending and listing promotions: versioned, by HQ, never lost in a race (C26)."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from services.campaign import promotions
from services.campaign.offers import forget_offers
from shared.contracts.campaign import (
    AmountOff,
    Bundle,
    BundlePart,
    Eligibility,
    EndPromotion,
    ListPromotions,
    Percentage,
    Promotion,
    PublishPromotion,
)
from shared.errors import Forbidden, InvalidInput, Refusal
from shared.ids import new_id
from shared.service import decode
from tests.services.campaign.shop import HQ_CALLER, LONG_AGO, STORE_HQ, Shop, now
from tests.services.campaign.test_races import at_once


def changed(offer: Promotion, **fields: Any) -> Any:
    return msgspec.structs.replace(offer.promotion, **fields)


def end(shop: Shop, id_: Any) -> Promotion:
    with shop.database.transaction() as session:
        return promotions.end(session, HQ_CALLER, EndPromotion(id=id_))


def listed(shop: Shop, **fields: Any) -> list[Promotion]:
    with shop.database.transaction() as session:
        return promotions.list_promotions(session, ListPromotions(**fields)).items


def told(shop: Shop) -> list[str]:
    return [row[0] for row in shop.rows("SELECT type FROM outbox ORDER BY id")]


def test_publishing_makes_version_after_version(shop: Shop) -> None:
    one = shop.publish()
    two = shop.publish(1, promotion=changed(one, rule=Percentage(off_basis_points=2000)))

    assert (one.version, two.version) == (1, 2)
    assert two.author_id == HQ_CALLER.id
    assert (two.ended, two.redeemed) == (False, 0)
    assert listed(shop) == [two]
    assert listed(shop, id=one.promotion.id) == [two, one]
    assert told(shop) == ["campaign.promotion_published"] * 2
    assert shop.price(shop.piece(10000)).total_minor == 8000


def test_publishing_the_same_again_changes_nothing(shop: Shop) -> None:
    one = shop.publish()
    before = shop.snapshot()

    assert shop.publish(0, promotion=one.promotion) == one
    assert shop.snapshot() == before


@pytest.mark.parametrize("version", [0, 2, 7])
def test_publishing_over_a_change_of_somebody_else_is_refused(shop: Shop, version: int) -> None:
    one = shop.publish()
    before = shop.snapshot()

    with pytest.raises(Refusal, match="PROMOTION_CHANGED"):
        shop.publish(version, promotion=changed(one, name_zh="新名"))

    assert shop.snapshot() == before


def test_a_next_version_of_an_unknown_promotion_is_refused(shop: Shop) -> None:
    with pytest.raises(Refusal, match="UNKNOWN_PROMOTION"):
        shop.publish(1)


def test_two_who_change_a_promotion_at_once(shop: Shop) -> None:
    one = shop.publish()

    answers = at_once(
        10, lambda n: shop.publish(1, promotion=changed(one, name_zh=f"第{n}个")).version
    )

    assert Counter(answers) == {2: 1, "PROMOTION_CHANGED": 9}


def test_a_code_belongs_to_one_promotion(shop: Shop) -> None:
    shop.publish(code="SPRING")
    other = shop.publish(code="AUTUMN")
    before = shop.snapshot()

    with pytest.raises(Refusal, match="CODE_TAKEN"):
        shop.publish(code="SPRING")
    with pytest.raises(Refusal, match="CODE_TAKEN"):
        shop.publish(1, promotion=changed(other, code="SPRING"))

    assert shop.snapshot() == before


def test_a_version_of_tomorrow_leaves_today_as_it_is(shop: Shop) -> None:
    shirt, tomorrow = shop.piece(10000), now() + timedelta(days=1)
    one = shop.publish()
    rule = Percentage(off_basis_points=5000)
    shop.publish(1, promotion=changed(one, rule=rule, valid_from=tomorrow))

    assert shop.price(shirt).total_minor == 9000
    assert shop.price(shirt, at=tomorrow).total_minor == 5000


def test_an_ended_promotion_applies_no_more(shop: Shop) -> None:
    shirt, one = shop.piece(10000), shop.publish()
    assert shop.price(shirt).total_minor == 9000
    before_end = now()

    ended = end(shop, one.promotion.id)

    assert ended.ended
    assert shop.price(shirt).total_minor == 10000
    assert shop.price(shirt, at=before_end).total_minor == 9000
    assert listed(shop) == []
    assert listed(shop, include_ended=True) == [ended]
    assert told(shop) == ["campaign.promotion_published", "campaign.promotion_ended"]
    before = shop.snapshot()
    assert end(shop, one.promotion.id) == ended
    assert shop.snapshot() == before

    shop.publish(1, promotion=one.promotion)
    assert shop.price(shirt).total_minor == 9000


def test_ending_an_unknown_promotion_is_refused(shop: Shop) -> None:
    with pytest.raises(Refusal, match="UNKNOWN_PROMOTION"):
        end(shop, new_id())


def test_other_processes_know_of_it_within_two_seconds(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shirt = shop.piece(10000)
    assert shop.price(shirt).total_minor == 10000
    monkeypatch.setattr(promotions, "forget_offers", lambda: None)
    shop.publish()

    assert shop.price(shirt).total_minor == 10000
    forget_offers()
    assert shop.price(shirt).total_minor == 9000


def test_only_the_whole_chain_may_publish_and_end(shop: Shop) -> None:
    one = shop.publish()
    before = shop.snapshot()
    command = PublishPromotion(version=1, promotion=one.promotion)

    with shop.database.transaction() as session, pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        promotions.publish(session, STORE_HQ, command)
    with shop.database.transaction() as session, pytest.raises(Forbidden, match="FORBIDDEN_SCOPE"):
        promotions.end(session, STORE_HQ, EndPromotion(id=one.promotion.id))

    assert shop.snapshot() == before


@pytest.mark.parametrize(
    "fields",
    [
        {"valid_from": LONG_AGO, "valid_until": LONG_AGO},
        {"valid_from": datetime(2026, 1, 1)},  # noqa: DTZ001
        {"rule": AmountOff(threshold_minor=100, off_minor=101)},
        {"rule": Bundle(parts=[BundlePart()], price_minor=1)},
        {"cap_total": 1, "cap_per_member": 2},
    ],
)
def test_a_promotion_nobody_can_have_meant_is_refused(shop: Shop, fields: dict[str, Any]) -> None:
    before = shop.snapshot()

    with pytest.raises(Refusal, match="INVALID_PROMOTION") as caught:
        shop.publish(**fields)

    assert caught.value.parameters.keys() == {"reason_zh", "reason_en"}
    assert shop.snapshot() == before


def test_a_promotion_of_an_unknown_store_is_refused(shop: Shop) -> None:
    before = shop.snapshot()

    with pytest.raises(Refusal, match="UNKNOWN_STORE"):
        shop.publish(eligibility=Eligibility(store_ids=frozenset({new_id(), shop.store_id})))

    assert shop.snapshot() == before


@pytest.mark.parametrize(
    "fields",
    [
        {"name_zh": "a\x00b"},
        {"name_en": "x" * 61},
        {"name_en": "\u202eevil"},
        {"code": "a b"},
        {"rule": {"type": "percentage", "off_basis_points": 10_001}},
        {"rule": {"type": "gift"}},
        {"eligibility": {"categories": ["a\x00b"]}},
        {"eligibility": {"tags": ["x" * 1_000_000]}},
        {"priority": -1},
        {"cap_total": 0},
    ],
)
def test_text_and_numbers_have_limits(fields: dict[str, Any]) -> None:
    promotion: dict[str, Any] = {
        "id": str(new_id()), "code": "A", "name_zh": "名", "name_en": "name",
        "rule": {"type": "percentage", "off_basis_points": 1000},
    }  # fmt: skip

    decode({"version": 0, "promotion": promotion}, PublishPromotion)
    with pytest.raises(InvalidInput):
        decode({"version": 0, "promotion": promotion | fields}, PublishPromotion)


def test_what_was_redeemed_is_shown_over_all_versions(shop: Shop) -> None:
    shirt, one = shop.piece(10000), shop.publish()
    shop.tell(shop.placed(new_id(), shop.price(shirt)))
    shop.publish(1, promotion=changed(one, rule=Percentage(off_basis_points=2000)))
    shop.tell(shop.placed(new_id(), shop.price(shirt)))

    assert [(p.version, p.redeemed) for p in listed(shop)] == [(2, 2)]
