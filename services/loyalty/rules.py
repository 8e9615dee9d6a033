"""Rules as versioned data: published by HQ, never changed, live at once (L6, T7).

How versions count and which is in force is `shared.versions`; here is what makes sense of a rule.
"""

from collections.abc import Collection
from datetime import datetime
from itertools import pairwise
from typing import Any

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from services.loyalty.models import RuleVersion as RuleRow
from shared import outbox
from shared.contracts.loyalty import (
    ApprovalRule,
    EarnRule,
    ExpiryRule,
    ListRules,
    PublishRule,
    Rule,
    RulePublished,
    Rules,
    RuleVersion,
    SpendRule,
    TierLadder,
    TopUpRule,
    WalletLimits,
    WalletRule,
)
from shared.contracts.loyalty.earning import ONCE
from shared.contracts.loyalty.rehearsals import RollBackRule
from shared.errors import Refusal
from shared.seal import Caller
from shared.versions import Versions

LIST_LIMIT = 500
STEPS_LIMIT = 50
YEARS_LIMIT = 100
AMOUNT_LIMIT = 10**14
_RULES: Versions[Rule] = Versions(RuleRow, Rule, taken="ENTRY_ID_TAKEN")


def publish(session: Session, caller: Caller, command: PublishRule) -> RuleVersion:
    """Publish the next version of a rule; repeating it gives the same answer.

    Raises `Refusal`: INVALID_RULE, ENTRY_ID_TAKEN; `InvalidInput` for a time without a zone;
    `Forbidden` unless the caller's scope is the chain.
    """
    caller.require_chain()
    check(command.body)
    return _publish(session, caller, command, None)


def roll_back(session: Session, caller: Caller, command: RollBackRule) -> RuleVersion:
    """Publish an earlier version anew; see `RollBackRule`. `Forbidden` as `publish`."""
    caller.require_chain()
    row = session.execute(
        _VERSION, {"kind": command.kind, "version": command.version}
    ).one_or_none()
    if row is None:
        raise Refusal("UNKNOWN_RULE_VERSION", {"version": command.version})
    body = msgspec.convert(row.body, Rule)
    check(body)
    wanted = PublishRule(id=command.id, valid_from=command.valid_from, body=body)
    return _publish(session, caller, wanted, command.version)


def _publish(
    session: Session, caller: Caller, command: PublishRule, restores: int | None
) -> RuleVersion:
    row, new = _RULES.publish(
        session,
        caller,
        id_=command.id,
        body=command.body,
        valid_from=command.valid_from,
        kind=kind_of(command.body),
        more={"restores": restores},
    )
    version = _version_of(row)
    if new:
        event = RulePublished(
            rule_id=version.id,
            kind=version.kind,
            version=version.version,
            valid_from=version.valid_from,
            body=version.body,
            restores=version.restores,
        )
        outbox.emit(session, (event, version.kind, version.version))
    return version


def list_rules(session: Session, caller: Caller, command: ListRules) -> Rules:
    """All versions, newest first, at most `LIST_LIMIT`."""
    rows = session.execute(_LIST, {"kind": command.kind, "limit": LIST_LIMIT})
    return Rules(items=[_version_of(row) for row in rows])


def in_force(session: Session, kind: str, at: datetime) -> tuple[int, Any] | None:
    """Version and body of the rule of a kind at an instant, if there is one."""
    return _RULES.in_force(session, at, kind)


def tier_names(session: Session, codes: Collection[str], at: datetime) -> dict[str, str]:
    """What tiers are called by the ladder in force, in its order: `tiers_zh` and `tiers_en` for a
    sentence. A tier that the ladder does not know goes by its code."""
    found = in_force(session, "ladder", at) if codes else None
    known = [tier for tier in found[1].tiers if tier.code in codes] if found else []
    others = sorted(set(codes) - {tier.code for tier in known})
    return {
        "tiers_zh": "、".join([*(tier.name_zh for tier in known), *others]),
        "tiers_en": ", ".join([*(tier.name_en for tier in known), *others]),
    }


def kind_of(body: Rule) -> str:
    """The kind is the tag under which a rule's body is written."""
    return str(type(body).__struct_config__.tag)


def check(body: Rule) -> None:
    """Raise INVALID_RULE unless the body makes sense as a whole; its fields were checked before."""
    match body:
        case TierLadder():
            _check_ladder(body)
        case EarnRule():
            _check_earn(body)
        case TopUpRule():
            _check_top_up(body)
        case ExpiryRule():
            _check_expiry(body)
        case WalletLimits() if body.max_balance_minor == 0:
            raise _wrong("余额上限须大于零 / a wallet has to hold something")
        case SpendRule() | WalletRule() | WalletLimits() | ApprovalRule():
            pass


def _check_earn(rule: EarnRule) -> None:
    if len(rule.multipliers_basis_points) > STEPS_LIMIT:
        raise _wrong("等级倍率过多 / too many multipliers")
    if len(rule.privileges_basis_points) > STEPS_LIMIT:
        raise _wrong("特权倍率过多 / too many multipliers of privileges")
    if len({bonus.code for bonus in rule.bonuses}) < len(rule.bonuses):
        raise _wrong("加倍活动编号不能重复 / codes of bonuses have to differ")
    for bonus in rule.bonuses:
        when, code = bonus.when, bonus.code
        if when.first_day and when.last_day and when.first_day > when.last_day:
            raise _wrong(f"{code}：起止日期颠倒 / it ends before it begins")
        if rule.combine == "highest" and bonus.multiplier_basis_points < ONCE:
            raise _wrong(f"{code}：取最高倍率时不能低于一倍 / highest never takes less than once")
        if bonus.multiplier_basis_points > rule.bonus_limit_basis_points:
            raise _wrong(f"{code}：倍率超过上限 / it is above the limit of bonuses")


def _check_top_up(rule: TopUpRule) -> None:
    for steps in (rule.steps, *(plan.steps for plan in rule.plans)):
        paid = [step.paid_minor for step in steps]
        if not _ascending(paid):
            raise _wrong("充值档位须逐级递增 / steps have to ascend")
        if rule.limit_minor == 0 or any(amount > rule.limit_minor for amount in paid):
            raise _wrong("充值档位不能超过上限 / a step is above the limit")
    if len({plan.code for plan in rule.plans}) < len(rule.plans):
        raise _wrong("储值方案编号不能重复 / codes of plans have to differ")
    for plan in rule.plans:
        if plan.valid_from and plan.valid_until and plan.valid_from > plan.valid_until:
            raise _wrong("储值方案的起止日期颠倒 / a plan ends before it begins")


def _check_ladder(ladder: TierLadder) -> None:
    if ladder.calendar_year and ladder.window_days:
        raise _wrong("自然年与滚动天数只能选一种 / a window is a calendar year or days")
    thresholds = [tier.threshold for tier in ladder.tiers]
    if not _ascending(thresholds):
        raise _wrong("等级门槛须逐级递增 / thresholds have to ascend")
    if thresholds[-1] > AMOUNT_LIMIT:
        raise _wrong("等级门槛过大 / a threshold is too high")
    if len({tier.code for tier in ladder.tiers}) < len(ladder.tiers):
        raise _wrong("等级编号不能重复 / codes have to differ")
    for tier in ladder.tiers:
        if len({benefit.code for benefit in tier.benefits}) < len(tier.benefits):
            raise _wrong(f"{tier.code}：权益编号不能重复 / codes of benefits have to differ")
    if ladder.grace_days and ladder.notice_days > ladder.grace_days:
        raise _wrong("提前通知天数不能超过保级天数 / notice would come before grace begins")


def _check_expiry(expiry: ExpiryRule) -> None:
    if expiry.basis == "months":
        if expiry.length == 0:
            raise _wrong("有效期至少一个月 / points live a month at least")
        if expiry.notice_days >= expiry.length * 28:
            raise _wrong("提醒须晚于获得积分之日 / notice would come before points are earned")
    elif expiry.basis == "year_end" and expiry.length > YEARS_LIMIT:
        raise _wrong("有效年数过大 / too many years")
    elif expiry.basis == "never" and expiry.length:
        raise _wrong("永久有效时不能设期限 / points that never expire have no length")


def _ascending(numbers: list[int]) -> bool:
    return all(low < high for low, high in pairwise(numbers))


def _wrong(reason: str) -> Refusal:
    return Refusal("INVALID_RULE", {"reason": reason})


def _version_of(row: Row[Any]) -> RuleVersion:
    return RuleVersion(
        id=row.id,
        kind=row.kind,
        version=row.version,
        valid_from=row.valid_from,
        author_id=row.author_id,
        body=_RULES.body_of(row),
        restores=row.restores,
    )


_VERSION = text("SELECT body FROM rules WHERE kind = :kind AND version = :version")
_LIST = text(
    "SELECT * FROM rules WHERE CAST(:kind AS text) IS NULL OR kind = :kind"
    " ORDER BY published_at DESC, kind, version DESC LIMIT :limit"
)
