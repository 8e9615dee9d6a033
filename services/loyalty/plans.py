"""Top-up plans: which a member may use in a store now, what they bring, and why not (V2).

A plan is part of the rule `top_up`, so that the rule's version is the plan's. Of an entry the
detail names the plan.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty import limits, rules
from services.loyalty.models import Store as StoreRow
from shared import money, stores
from shared.contracts import said
from shared.contracts.loyalty import TopUpPlan, TopUpRule
from shared.contracts.loyalty import TopUpStep as Step
from shared.contracts.loyalty.wallet import OfferedPlan, OfferTopUp, TopUpOffer
from shared.errors import Refusal
from shared.seal import Caller
from shared.stores import Store


class Paying(NamedTuple):
    """Who pays what in where; None: not known yet."""

    store: Store
    today: date
    tender: str | None
    paid_minor: int | None
    used: frozenset[str]
    used_this_year: frozenset[str]


class Bonus(NamedTuple):
    """What a top-up brings, and by which plan (None: by the steps for everybody)."""

    minor: int
    plan: str | None


def offer_top_up(session: Session, caller: Caller, command: OfferTopUp) -> TopUpOffer:
    """Plans for a member in a store now.

    Raises `Refusal`: UNKNOWN_MEMBER, UNKNOWN_STORE, STORE_CLOSED; `Forbidden` outside the caller's
    stores.
    """
    store = stores.require_store(session, StoreRow, caller, command.store_id)
    now = datetime.now(UTC)
    version, rule = rules.in_force(session, "top_up", now) or (None, TopUpRule())
    rows = session.execute(_WALLET, {"member_id": command.member_id}).all()
    if not rows:
        raise Refusal("UNKNOWN_MEMBER")
    balances = {row.kind: row.balance for row in rows if row.kind}
    account = next((row.account_id for row in rows if row.kind == "principal"), None)
    paying = paying_in(session, store, account, command.tender, command.paid_minor, now)
    limit = limits.limits_at(session, now)
    room = limits.room_in(limit, balances.get("principal", 0), balances.get("bonus", 0))
    return TopUpOffer(
        room_minor=min(room, rule.limit_minor),
        limit_minor=rule.limit_minor,
        steps=rule.steps,
        plans=[_offered(plan, paying) for plan in rule.plans],
        rule_version=version,
    )


def paying_in(
    session: Session,
    store: Store,
    account_id: UUID | None,
    tender: str | None,
    paid_minor: int | None,
    now: datetime,
) -> Paying:
    """What plans depend on; `account_id` is the member's principal."""
    today = store.business_date(now)
    since = datetime(today.year, 1, 1, tzinfo=ZoneInfo(store.time_zone))
    used = session.execute(_USED, {"account_id": account_id, "since": since}).all()
    return Paying(
        store,
        today,
        tender,
        paid_minor,
        frozenset(row.plan for row in used),
        frozenset(row.plan for row in used if row.this_year),
    )


def bonus_by(rule: TopUpRule, paying: Paying, plan_code: str | None) -> Bonus:
    """The bonus of the plan named, else the highest there is; steps for everybody win a tie.

    Raises `Refusal`: UNKNOWN_PLAN, or why the plan named does not apply.
    """
    paid = paying.paid_minor or 0
    if plan_code is None:
        fit = [plan for plan in rule.plans if why_not(plan, paying) is None]
        found = [Bonus(highest(rule.steps, paid), None)]
        found += [Bonus(highest(plan.steps, paid), plan.code) for plan in fit]
        return max(found, key=lambda bonus: bonus.minor)
    plan = next((each for each in rule.plans if each.code == plan_code), None)
    if plan is None:
        raise Refusal("UNKNOWN_PLAN", {"plan": plan_code})
    refusal = why_not(plan, paying)
    if refusal is not None:
        raise refusal
    return Bonus(highest(plan.steps, paid), plan.code)


def highest(steps: Sequence[Step], paid_minor: int) -> int:
    """The bonus of the highest step not above what is paid."""
    reached = [step for step in steps if step.paid_minor <= paid_minor]
    return max(reached, key=lambda step: step.paid_minor).bonus_minor if reached else 0


def why_not(plan: TopUpPlan, paying: Paying) -> Refusal | None:
    """Why a plan does not apply; None: it does."""
    if plan.valid_from and paying.today < plan.valid_from:
        return Refusal("PLAN_NOT_YET", {"valid_from": plan.valid_from.isoformat()})
    if plan.valid_until and paying.today > plan.valid_until:
        return Refusal("PLAN_OVER", {"valid_until": plan.valid_until.isoformat()})
    here = paying.store.id in plan.store_ids or paying.store.franchisee_id in plan.franchisee_ids
    if (plan.store_ids or plan.franchisee_ids) and not here:
        return Refusal("PLAN_ELSEWHERE")
    used = {"always": frozenset(), "once": paying.used, "yearly": paying.used_this_year}[plan.use]
    if plan.code in used:
        return Refusal("PLAN_USED")
    if plan.tenders and paying.tender and paying.tender not in plan.tenders:
        return Refusal("PLAN_TENDER")
    amounts = [step.paid_minor for step in plan.steps]
    paid = paying.paid_minor
    if paid is not None and (paid < amounts[0] if plan.free_amount else paid not in amounts):
        written = [money.written(amount, paying.store.currency) for amount in amounts]
        return Refusal("PLAN_AMOUNT", {"amounts": " / ".join(written)})
    return None


def _offered(plan: TopUpPlan, paying: Paying) -> OfferedPlan:
    refusal = why_not(plan, paying)
    zh, en = said("loyalty", refusal) if refusal else (None, None)
    return OfferedPlan(
        **{name: getattr(plan, name) for name in _SHOWN},
        applies=refusal is None,
        reason=refusal.code if refusal else None,
        reason_zh=zh,
        reason_en=en,
    )


_SHOWN = ("code", "name_zh", "name_en", "valid_until", "steps", "free_amount")
_WALLET = text(
    "SELECT ma.kind, ma.account_id, b.balance FROM members m LEFT JOIN member_accounts ma"
    " ON ma.member_id = coalesce(m.survivor_id, m.member_id) AND ma.kind <> 'points'"
    " LEFT JOIN balances b USING (account_id) WHERE m.member_id = :member_id"
)
_USED = text(
    "SELECT detail AS plan, bool_or(at >= :since) AS this_year FROM entries"
    " WHERE account_id = :account_id AND reason = 'top_up' AND detail IS NOT NULL GROUP BY detail"
)
