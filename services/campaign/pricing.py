"""The price of a basket with the reasons for it (C14, T2, T3, T5, "Why?"): pure, no I/O.

Promotions are applied in the order of `priority`, each on what the earlier ones left of a line's
price. Those that do not stack compete: the basket gets the better of all stacking ones together
and the best single other one; a tie goes to the stacking ones. Of a `group` at most one applies:
the one with which the basket is cheapest; groups are decided one after the other. A discount is
allocated to its lines by largest remainder, so lines add up to the total to the cent.

Promotions that are for other stores only are no news for this till and have no reasons, unless a
coupon of one was presented: its holder has to be told.

Lines are worked on in an order of their own (dearest piece first), so that the total does not
depend on the order in which they were scanned.
"""

from collections.abc import Iterable
from uuid import UUID

from msgspec import Struct

from services.campaign import reasons, rules
from services.campaign.offers import Offer
from services.campaign.rules import Outcome, Piece
from shared.contracts.campaign import (
    AppliedPromotion,
    OpenPrivilege,
    Priced,
    PricedLine,
    PromotionInput,
    Reason,
)
from shared.money import tax_included


class Line(Struct, frozen=True, kw_only=True):
    """A line of the basket with its piece and the list price of one, tax included."""

    line: int
    sku_id: UUID
    style_id: UUID
    sku_code: str
    name: str
    category: str
    colour: str
    size: str
    quantity: int
    unit_minor: int
    tax_basis_points: int


class Buyer(Struct, frozen=True, kw_only=True):
    """What pricing needs to know of a member."""

    tier: str | None
    tags: frozenset[str]
    privileges: list[OpenPrivilege] = []


class Setting(Struct, frozen=True, kw_only=True):
    """Where, for whom and with what the basket is bought.

    `coupons` are codes by promotion; `used_up` are promotions without a use left for this buyer.
    """

    currency: str
    store_id: UUID
    franchisee_id: UUID | None
    buyer: Buyer | None
    coupons: dict[UUID, str]
    used_up: frozenset[UUID]


class _Candidate(Struct, frozen=True):
    """A promotion that may apply, and the lines it is for."""

    offer: Offer
    eligible: list[int]


class _Run(Struct, frozen=True):
    """Promotions applied one after the other, and what each took off."""

    steps: list[tuple[_Candidate, Outcome]]

    @property
    def total(self) -> int:
        return sum(outcome.total for _, outcome in self.steps)

    def applied(self) -> list[tuple[Offer, Outcome]]:
        return [(c.offer, outcome) for c, outcome in self.steps if outcome.total]


class _Verdict(Struct, frozen=True):
    """What became of every candidate; `beaten` names the winners and what the loser would give."""

    applied: list[tuple[Offer, Outcome]]
    outcomes: dict[UUID, Outcome]
    beaten: dict[UUID, tuple[list[Offer], int]]


def price(lines: list[Line], offers: list[Offer], setting: Setting) -> Priced:
    """The price of `lines` with the `offers` in force, given in the order of application."""
    offers = [
        offer
        for offer in offers
        if offer.promotion.id in setting.coupons or not _elsewhere(offer, setting)
    ]
    ranked = sorted(lines, key=lambda line: (-line.unit_minor, line.sku_id, line.quantity))
    pieces = [
        Piece(style_id=line.style_id, category=line.category, quantity=line.quantity)
        for line in ranked
    ]
    left = [line.unit_minor * line.quantity for line in ranked]
    barred = {offer.promotion.id: bar for offer in offers if (bar := _bar(offer, setting))}
    candidates = [
        _Candidate(offer, rules.eligible_lines(offer.promotion, pieces))
        for offer in offers
        if offer.promotion.id not in barred
    ]
    verdict = _decide(candidates, pieces, left)
    off = [0] * len(ranked)
    for _, outcome in verdict.applied:
        for index, amount in outcome.off.items():
            off[index] += amount
    why = _explain(offers, barred, candidates, verdict, len(ranked), setting)
    priced = {
        id(line): priced_line(line, line.unit_minor * line.quantity, off[index], why[index])
        for index, line in enumerate(ranked)
    }
    return total_of(
        setting,
        [priced[id(line)] for line in lines],
        [_applied(offer, outcome, setting) for offer, outcome in verdict.applied],
    )


def priced_line(line: Line, list_minor: int, discount: int, why: list[Reason]) -> PricedLine:
    net = list_minor - discount
    return PricedLine(
        line=line.line,
        sku_id=line.sku_id,
        style_id=line.style_id,
        sku_code=line.sku_code,
        name=line.name,
        category=line.category,
        colour=line.colour,
        size=line.size,
        quantity=line.quantity,
        unit_list_minor=line.unit_minor,
        list_minor=list_minor,
        discount_minor=discount,
        net_minor=net,
        tax_basis_points=line.tax_basis_points,
        tax_minor=tax_included(net, line.tax_basis_points),
        reasons=why,
    )


def total_of(
    setting: Setting, lines: list[PricedLine], promotions: list[AppliedPromotion]
) -> Priced:
    return Priced(
        currency=setting.currency,
        lines=lines,
        list_minor=sum(line.list_minor for line in lines),
        discount_minor=sum(line.discount_minor for line in lines),
        total_minor=sum(line.net_minor for line in lines),
        tax_minor=sum(line.tax_minor for line in lines),
        tier=setting.buyer.tier if setting.buyer else None,
        promotions=promotions,
        privileges=setting.buyer.privileges if setting.buyer else [],
    )


def is_here(promotion: PromotionInput, store_id: UUID, franchisee_id: UUID | None) -> bool:
    """Whether a promotion is not for other stores only."""
    wanted = promotion.eligibility
    here = store_id in wanted.store_ids or franchisee_id in wanted.franchisee_ids
    return here or not (wanted.store_ids or wanted.franchisee_ids)


def _elsewhere(offer: Offer, setting: Setting) -> bool:
    return not is_here(offer.promotion, setting.store_id, setting.franchisee_id)


def _bar(offer: Offer, setting: Setting) -> Reason | None:
    """Why a promotion is not for this basket whatever is in it; None when it may be."""
    promotion, wanted = offer.promotion, offer.promotion.eligibility
    if _elsewhere(offer, setting):
        return reasons.not_this_store(offer)
    if promotion.needs_coupon and promotion.id not in setting.coupons:
        return reasons.needs_coupon(offer)
    if setting.buyer is None:
        personal = wanted.members_only or wanted.tiers or wanted.tags or promotion.cap_per_member
        if personal or wanted.privileges:
            return reasons.needs_member(offer)
    else:
        if wanted.tiers and setting.buyer.tier not in wanted.tiers:
            return reasons.not_this_tier(offer, setting.buyer.tier)
        if wanted.tags and not wanted.tags & setting.buyer.tags:
            return reasons.needs_tag(offer)
        if wanted.privileges and _privilege(offer, setting) is None:
            return reasons.needs_privilege(offer)
    if promotion.id in setting.used_up:
        return reasons.used_up(offer)
    return None


def _privilege(offer: Offer, setting: Setting) -> OpenPrivilege | None:
    """The privilege of this buyer that a promotion is for."""
    wanted = offer.promotion.eligibility.privileges
    has = setting.buyer.privileges if setting.buyer else []
    return next((each for each in has if each.code in wanted), None)


def _decide(candidates: list[_Candidate], pieces: list[Piece], left: list[int]) -> _Verdict:
    """Stacking together against the best one alone."""
    stacking = [c for c in candidates if c.offer.promotion.stacks]
    alone = [_run([c], pieces, left) for c in candidates if not c.offer.promotion.stacks]
    together, outcomes, beaten = _decide_groups(stacking, pieces, left)
    for run in alone:
        outcomes.update(_outcomes(run))
    best = max(alone, key=lambda run: run.total, default=_Run([]))
    winner = best if best.total > together.total else together
    winners = [offer for offer, _ in winner.applied()]
    for run in [together, *alone]:
        if run is not winner:
            beaten.update({o.promotion.id: (winners, out.total) for o, out in run.applied()})
    if winner is best:  # those that lost within their group lost to it as well
        beaten = {id_: (winners, amount) for id_, (_, amount) in beaten.items()}
    return _Verdict(winner.applied(), outcomes, beaten)


def _decide_groups(
    stacking: list[_Candidate], pieces: list[Piece], left: list[int]
) -> tuple[_Run, dict[UUID, Outcome], dict[UUID, tuple[list[Offer], int]]]:
    """The stacking promotions that remain when each group has only its best one."""
    order = {id(candidate): number for number, candidate in enumerate(stacking)}
    chosen = [c for c in stacking if c.offer.promotion.group is None]
    groups: dict[str, list[_Candidate]] = {}
    for candidate in stacking:
        if group := candidate.offer.promotion.group:
            groups.setdefault(group, []).append(candidate)
    outcomes: dict[UUID, Outcome] = {}
    beaten: dict[UUID, tuple[list[Offer], int]] = {}
    for rivals in groups.values():
        trials = [
            (_run(sorted([*chosen, rival], key=lambda c: order[id(c)]), pieces, left), rival)
            for rival in rivals
        ]
        _, best = max(trials, key=lambda trial: trial[0].total)
        for run, rival in trials:
            outcome = _outcomes(run)[rival.offer.promotion.id]
            outcomes[rival.offer.promotion.id] = outcome
            if rival is not best and outcome.total:
                beaten[rival.offer.promotion.id] = ([best.offer], outcome.total)
        chosen.append(best)
    together = _run(sorted(chosen, key=lambda c: order[id(c)]), pieces, left)
    return together, outcomes | _outcomes(together), beaten


def _run(candidates: Iterable[_Candidate], pieces: list[Piece], left: list[int]) -> _Run:
    left = list(left)
    steps = []
    for candidate in candidates:
        outcome = Outcome()
        if candidate.eligible:
            rule = candidate.offer.promotion.rule
            outcome = rules.take_off(rule, pieces, candidate.eligible, left)
            for index, amount in outcome.off.items():
                left[index] -= amount
        steps.append((candidate, outcome))
    return _Run(steps)


def _outcomes(run: _Run) -> dict[UUID, Outcome]:
    return {candidate.offer.promotion.id: outcome for candidate, outcome in run.steps}


def _explain(
    offers: list[Offer],
    barred: dict[UUID, Reason],
    candidates: list[_Candidate],
    verdict: _Verdict,
    count: int,
    setting: Setting,
) -> list[list[Reason]]:
    """For every line, a reason for every promotion; equal reasons are one object."""
    eligible = {c.offer.promotion.id: frozenset(c.eligible) for c in candidates}
    why: list[list[Reason]] = [[] for _ in range(count)]
    for offer in offers:
        id_ = offer.promotion.id
        if id_ in barred:
            said = [barred[id_]] * count
        else:
            said = _said(offer, eligible[id_], verdict, count, setting)
        for line, reason in zip(why, said, strict=True):
            line.append(reason)
    return why


def _said(
    offer: Offer, eligible: frozenset[int], verdict: _Verdict, count: int, setting: Setting
) -> list[Reason]:
    id_, currency = offer.promotion.id, setting.currency
    outcome = verdict.outcomes[id_]
    privilege = _privilege(offer, setting)
    other = reasons.not_this_piece(offer)
    if id_ in verdict.beaten:
        winners, amount = verdict.beaten[id_]
        lost = reasons.beaten_by(offer, winners, amount, currency)
        return [lost if index in eligible else other for index in range(count)]
    idle = reasons.not_reached(offer, outcome.why, outcome.missing, currency)
    return [
        other
        if index not in eligible
        else reasons.applied(offer, outcome.off[index], currency, privilege)
        if index in outcome.off
        else idle
        for index in range(count)
    ]


def _applied(offer: Offer, outcome: Outcome, setting: Setting) -> AppliedPromotion:
    return AppliedPromotion(
        promotion_id=offer.promotion.id,
        version=offer.version,
        name_zh=offer.promotion.name_zh,
        name_en=offer.promotion.name_en,
        discount_minor=outcome.total,
        coupon_code=setting.coupons.get(offer.promotion.id),
        privilege=_privilege(offer, setting),
    )
