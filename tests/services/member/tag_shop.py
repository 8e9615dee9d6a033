"""What the tests of tag rules share: HQ that publishes rules, and a worker that has caught up."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.member import purchases, tag_reasons, tag_rules, tagging, tiers
from services.member.tag_audit import CHECKS
from shared.contracts.loyalty import TierChanged
from shared.contracts.member.tag_rules import (
    EndTagRule,
    ExplainTag,
    PublishTagRule,
    TagRule,
    TagRuleInput,
    TagStanding,
)
from shared.ids import new_id
from tests.services.member.field_shop import hq
from tests.services.member.test_purchases import START, envelope, placed, voided

DRESS = UUID(int=1)
VIP = "高价值用户"
SHANGHAI = ZoneInfo("Asia/Shanghai")


def rule(condition: str, tag: str = VIP, **more: Any) -> TagRuleInput:
    return TagRuleInput(tag=tag, label_zh=tag, label_en="A tag", condition=condition, **more)


def publish(session: Session, condition: str, tag: str = VIP, version: int = 0,
            **more: Any) -> TagRule:  # fmt: skip
    command = PublishTagRule(id=new_id(), version=version, rule=rule(condition, tag), **more)
    return tag_rules.publish(session, hq(), command)


def end(session: Session, version: int, tag: str = VIP) -> TagRule:
    return tag_rules.end(session, hq(), EndTagRule(id=new_id(), version=version, tag=tag))


def settle(session: Session, now: datetime | None = None) -> int:
    """Let the worker do all there is; returns in how many steps. The checks hold then."""
    steps = 1
    while tagging.step(session, now or datetime.now(UTC) + timedelta(seconds=1)):
        steps += 1
    assert differences(session) == set()
    return steps


def differences(session: Session) -> set[str]:
    """The checks of tags that find something."""
    return {name for name, sql in CHECKS.items() if session.execute(text(sql)).all()}


def sell(session: Session, member_id: UUID, minor: int, days_ago: int = 0) -> Any:
    """A sale at noon so many of the store's days ago; returns its event."""
    day = (datetime.now(SHANGHAI).date() - START.date()).days - days_ago
    sale = placed(member_id, {DRESS: 1}, minor, day)
    purchases.on_order_placed(session, [sale])
    return sale


def void(session: Session, sale: Any) -> None:
    purchases.on_order_voided(session, [voided(sale)])


def tier(session: Session, member_id: UUID, code: str | None, version: int) -> None:
    data = TierChanged(member_id=member_id, version=version, tier=code, tier_name_zh=code,
                       tier_name_en=code, ladder_version=1)  # fmt: skip
    tiers.on_tier_changed(session, [envelope(data, member_id, version)])


def ruled(session: Session, member_id: UUID) -> list[str]:
    """The tags a member has by rule."""
    sql = text("SELECT rule_tags FROM members WHERE id = :id")
    return sorted(session.scalars(sql, {"id": member_id}).one())


def why(session: Session, member_id: UUID, tag: str = VIP) -> TagStanding:
    return tag_reasons.explain(session, hq(), ExplainTag(member_id=member_id, tag=tag))
