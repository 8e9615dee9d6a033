"""Rules: published by HQ, versioned, validated as a whole."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.loyalty import rules
from shared.contracts.loyalty import (
    EarnRule,
    ListRules,
    PublishRule,
    Rule,
    RulePublished,
    SpendRule,
    Tier,
    TierLadder,
    TopUpRule,
    TopUpStep,
)
from shared.errors import Forbidden, InvalidInput, Refusal
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from shared.service import decode
from tests.services.loyalty.conftest import EARN, GOLD, LADDER, NOW, SILVER, Shop


def test_versions_count_within_a_kind(bare_shop: Shop) -> None:
    shop = bare_shop

    first = publish(shop, EARN)
    spend = publish(shop, SpendRule(minor_per_hundred_points=1))
    second = publish(shop, EarnRule(minor_per_point=5))

    assert [(r.kind, r.version) for r in (first, spend, second)] == [
        ("earn", 1),
        ("spend", 1),
        ("earn", 2),
    ]
    assert second.author_id == shop.hq.id
    listed = rules.list_rules(shop.session, shop.seller, ListRules(kind="earn")).items
    assert listed == [second, first]
    assert len(rules.list_rules(shop.session, shop.seller, ListRules()).items) == 3
    told = shop.events(RulePublished)
    assert [(e.subject, e.sequence, e.data.body) for e in told] == [
        ("earn", 1, EARN),
        ("spend", 1, SpendRule(minor_per_hundred_points=1)),
        ("earn", 2, EarnRule(minor_per_point=5)),
    ]


@pytest.mark.parametrize("valid_from", [None, NOW])
def test_the_same_rule_again_gets_the_same_answer(bare_shop: Shop, valid_from: Any) -> None:
    shop = bare_shop
    command = PublishRule(id=new_id(), valid_from=valid_from, body=LADDER)
    first = rules.publish(shop.session, shop.hq, command)
    before = shop.everything()

    again = rules.publish(shop.session, shop.hq, command)

    assert again == first
    assert shop.everything() == before


@pytest.mark.parametrize(
    "other",
    [{"body": EarnRule(minor_per_point=7)}, {"valid_from": NOW + timedelta(days=1)}],
)
def test_an_id_is_used_once(bare_shop: Shop, other: dict[str, Any]) -> None:
    shop = bare_shop
    used = {"id": new_id(), "valid_from": NOW, "body": EARN}
    rules.publish(shop.session, shop.hq, PublishRule(**used))
    before = shop.everything()

    with pytest.raises(Refusal) as refused:
        rules.publish(shop.session, shop.hq, PublishRule(**(used | other)))

    assert refused.value.code == "ENTRY_ID_TAKEN"
    assert shop.everything() == before


def test_a_time_without_a_zone_is_no_time(bare_shop: Shop) -> None:
    before = bare_shop.everything()
    command = PublishRule(id=new_id(), valid_from=NOW.replace(tzinfo=None), body=EARN)

    with pytest.raises(InvalidInput, match="INVALID_INPUT"):
        rules.publish(bare_shop.session, bare_shop.hq, command)

    assert bare_shop.everything() == before


def test_a_scheduled_rule_comes_into_force_at_its_time(bare_shop: Shop) -> None:
    shop = bare_shop
    shop.publish(EarnRule(minor_per_point=1), valid_from=NOW - timedelta(days=9))
    shop.publish(EarnRule(minor_per_point=2), valid_from=NOW)
    shop.publish(EarnRule(minor_per_point=3), valid_from=NOW - timedelta(days=5))

    def at(instant: Any) -> int | None:
        found = rules.in_force(shop.session, "earn", instant)
        return found and found[0]

    assert at(NOW - timedelta(days=10)) is None
    assert at(NOW - timedelta(days=6)) == 1
    assert at(NOW - timedelta(seconds=1)) == 3
    assert at(NOW) == 2
    shop.publish(EarnRule(minor_per_point=4), valid_from=NOW)
    assert at(NOW) == 4


def steps(*paid: int, **fields: Any) -> TopUpRule:
    return TopUpRule(
        steps=[TopUpStep(paid_minor=amount, bonus_minor=1) for amount in paid], **fields
    )


def tier(code: str, threshold: int) -> Tier:
    return Tier(code=code, name_zh="卡", name_en="Card", threshold=threshold)


@pytest.mark.parametrize(
    "body",
    [
        TierLadder(basis="spend", tiers=[GOLD, SILVER]),
        TierLadder(basis="spend", tiers=[tier("a", 5), tier("b", 5)]),
        TierLadder(basis="points", tiers=[tier("a", 1), tier("a", 2)]),
        TierLadder(basis="points", tiers=[tier("a", 10**30)]),
        TierLadder(basis="points", tiers=[tier("a", 1)], window_days=365, calendar_year=True),
        EarnRule(minor_per_point=1, multipliers_basis_points={f"t{n}": 1 for n in range(51)}),
        steps(5_000, 1_000),
        steps(1_000, 1_000),
        steps(1_000, 6_000, limit_minor=5_999),
        steps(limit_minor=0),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(bare_shop: Shop, body: Rule) -> None:
    shop = bare_shop
    before = shop.everything()

    with pytest.raises(Refusal) as refused:
        publish(shop, body)

    assert refused.value.code == "INVALID_RULE"
    assert refused.value.parameters["reason"]
    assert shop.everything() == before


@pytest.mark.parametrize(
    "body",
    [
        {"type": "earn", "minor_per_point": 0},
        {"type": "earn", "minor_per_point": 1, "multipliers_basis_points": {"gold": -1}},
        {"type": "spend", "minor_per_hundred_points": 1, "max_share_basis_points": 10_001},
        {"type": "ladder", "basis": "spend", "tiers": []},
        {"type": "ladder", "basis": "luck", "tiers": [{}]},
        {"type": "wallet", "spend_order": "at_random"},
        {"type": "free_for_all"},
        {},
    ],
)
def test_a_rule_of_no_known_shape_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        decode({"id": str(new_id()), "body": body}, PublishRule)


@pytest.mark.parametrize("kind", [ScopeKind.STORE, ScopeKind.FRANCHISEE, ScopeKind.REGION])
def test_only_the_chain_publishes(bare_shop: Shop, kind: ScopeKind) -> None:
    shop = bare_shop
    scoped = Caller(
        kind="staff",
        id=new_id(),
        roles=frozenset({Role.HQ_OPERATIONS}),
        scope_kind=kind,
        scope_id=shop.store_id,
    )
    before = shop.everything()

    with pytest.raises(Forbidden) as refused:
        rules.publish(shop.session, scoped, PublishRule(id=new_id(), body=EARN))

    assert refused.value.code == "FORBIDDEN_SCOPE"
    assert shop.everything() == before


def publish(shop: Shop, body: Rule, rule_id: UUID | None = None) -> Any:
    return rules.publish(shop.session, shop.hq, PublishRule(id=rule_id or new_id(), body=body))
