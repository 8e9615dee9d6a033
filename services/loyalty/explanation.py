"""Why a member has what they have: sums of the entries by reason, in words."""

from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from shared import money
from shared.contracts import Sentence
from shared.contracts.loyalty.explanation import (
    BalanceExplanation,
    BalancePart,
    BalanceSum,
    ExplainBalance,
)
from shared.errors import Refusal
from shared.seal import Caller

_ACCOUNTS = {
    "points": Sentence(zh="积分", en="Points"),
    "principal": Sentence(zh="储值本金", en="Wallet principal"),
    "bonus": Sentence(zh="储值赠送金", en="Wallet bonus"),
}
_REASONS = {
    "earned": Sentence(zh="消费获得", en="earned by purchases"),
    "earned_back": Sentence(zh="撤单收回", en="taken back with cancelled orders"),
    "spent": Sentence(zh="消费使用", en="spent"),
    "spent_back": Sentence(zh="撤单退回", en="given back with cancelled orders"),
    "redeemed": Sentence(zh="积分商城兑换", en="used in the points mall"),
    "redeemed_back": Sentence(zh="取消兑换退回", en="given back with cancelled redemptions"),
    "adjusted": Sentence(zh="人工调整", en="adjusted by hand"),
    "expired": Sentence(zh="到期失效", en="expired"),
    "top_up": Sentence(zh="充值", en="topped up"),
    "bonus": Sentence(zh="充值赠送", en="given with top-ups"),
    "refunded": Sentence(zh="充值退款", en="top-ups refunded"),
    "bonus_refunded": Sentence(zh="退款收回赠送金", en="bonus taken back with money paid out"),
    "paid_out": Sentence(zh="余额退款", en="paid out"),
    "opening": Sentence(zh="旧系统期初转入", en="brought in from an old system"),
    "forfeited": Sentence(zh="注销作废", en="forfeited with the membership"),
    "merged_in": Sentence(zh="会员合并转入", en="came with merged members"),
    "merged_out": Sentence(zh="会员合并转出", en="went with merges to other members"),
    "merged_in_back": Sentence(zh="合并转入冲回", en="merges taken back: debts that went back"),
    "merged_out_back": Sentence(zh="合并转出冲回", en="merges taken back: debts that came back"),
    "transferred_in": Sentence(zh="由其他会员转入", en="received from other members"),
    "transferred_out": Sentence(zh="转给其他会员", en="moved to other members"),
}


def explain_balance(
    session: Session, caller: Caller, command: ExplainBalance
) -> BalanceExplanation:
    """Opening, sums by reason, balance: they add up by the ledger; of who was merged it is the
    survivor's. Raises UNKNOWN_MEMBER."""
    rows = session.execute(_SUMS, {"member_id": command.member_id, "since": command.since}).all()
    if not rows:
        raise Refusal("UNKNOWN_MEMBER")
    parts = [
        _part([row for row in rows if row.account == account])
        for account in _ACCOUNTS
        if any(row.account == account for row in rows)
    ]
    return BalanceExplanation(member_id=command.member_id, since=command.since, parts=parts)


def _part(rows: list[Row[Any]]) -> BalancePart:
    first = rows[0]
    opening = sum(row.amount for row in rows if row.opening)
    sums = [_sum(row) for row in rows if row.reason is not None and not row.opening]
    name, unit = _ACCOUNTS[first.account], first.unit
    there, held = worded(first.balance, unit), worded(first.held, unit)
    zh = f"{name.zh}：期初 {worded(opening, unit)}"
    en = f"{name.en}: {worded(opening, unit)} to begin with"
    zh += "".join(f"；{each.zh}" for each in sums) + f"；余额 {there}"
    en += "".join(f"; {each.en}" for each in sums) + f"; the balance is {there}"
    if first.held:
        zh, en = f"{zh}，其中 {held} 由进行中的订单占用", f"{en}, of which orders hold {held}"
    if first.frozen:
        zh, en = f"{zh}（已冻结）", f"{en} (frozen)"
    return BalancePart(
        account=first.account,
        unit=unit,
        opening=opening,
        sums=sums,
        balance=first.balance,
        held_by_orders=first.held,
        frozen=first.frozen,
        zh=zh,
        en=en,
    )


def _sum(row: Row[Any]) -> BalanceSum:
    words = _REASONS.get(row.reason, Sentence(zh=row.reason, en=row.reason))
    amount = worded(row.amount, row.unit, signed=True)
    zh, en = f"{words.zh} {row.entries} 笔 {amount}", f"{words.en} {amount} in {row.entries}"
    if row.versions:
        numbers = ", ".join(map(str, row.versions))
        zh, en = f"{zh}（规则版本 {numbers}）", f"{en} (rule version {numbers})"
    return BalanceSum(
        reason=row.reason,
        entries=row.entries,
        amount=row.amount,
        rule_versions=row.versions,
        zh=zh,
        en=en,
    )


def worded(amount: int, unit: str, *, signed: bool = False) -> str:
    """An amount of points, or of minor units in their currency, as people write it."""
    sign = "+" if signed and amount >= 0 else ""
    return f"{sign}{amount:,}" if unit == "points" else f"{sign}{money.written(amount, unit)}"


_SUMS = text(
    """SELECT ma.kind AS account, a.unit, b.balance, b.held, b.frozen, e.reason, e.opening,
        coalesce(e.amount, 0) AS amount, e.entries, e.versions
    FROM members asked JOIN members m
        ON m.member_id = coalesce(asked.survivor_id, asked.member_id)
    LEFT JOIN member_accounts ma ON ma.member_id = m.member_id
    LEFT JOIN accounts a ON a.id = ma.account_id LEFT JOIN balances b ON b.account_id = a.id
    LEFT JOIN LATERAL (
        SELECT reason, opening, CAST(sum(amount) AS bigint) AS amount, count(*) AS entries,
            coalesce(
            array_agg(DISTINCT rule_version ORDER BY rule_version)
                FILTER (WHERE rule_version IS NOT NULL), '{}') AS versions, min(id) AS first
        FROM (SELECT *, coalesce(at < CAST(:since AS timestamptz), false) AS opening FROM entries
            WHERE account_id = a.id) x GROUP BY reason, opening
    ) e ON true WHERE asked.member_id = :member_id ORDER BY ma.kind, e.first"""
)
