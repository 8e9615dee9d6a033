"""Pricing a basket: looks up what the rules need, prices, and holds what is limited.

Without an order a pure read. With one, coupons and capped promotions are held for it; a basket
that uses neither is priced without writing anything.
"""

import hashlib
from functools import partial
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from services.campaign import coupons, holds, pricing, stated
from services.campaign.facts import (
    CouponFact,
    Facts,
    HoldFact,
    Stocked,
    read_facts,
    read_hold,
    require_stocked,
)
from services.campaign.members import when_members_known
from services.campaign.models import ALL, Store
from services.campaign.offers import Offer, offers_at
from services.campaign.pricing import Setting
from shared import stores
from shared.contracts.campaign import BasketLine, PriceAndHold, Priced
from shared.errors import InvalidInput, Refusal, Unavailable
from shared.seal import Caller
from shared.service import Transaction

QUANTITY_LIMIT = 10_000
"""Pieces on one line."""

ATTEMPTS = 20
"""How often a basket is priced anew because a promotion was used up in between; each time there
is one promotion less to lose."""


class _TakenMeanwhile(Exception):
    """Another order took the last use of a promotion between pricing and holding."""

    def __init__(self, promotion_ids: frozenset[UUID]) -> None:
        self.promotion_ids = promotion_ids
        super().__init__(promotion_ids)


class _MustHold(Exception):
    """The basket uses something limited: reading alone is not enough."""


def price_and_hold(transaction: Transaction, caller: Caller, command: PriceAndHold) -> Priced:
    """The price of a basket; with an order id, what it uses of coupons and caps is held (K6-K10).

    Takes the factory of transactions: what it may have to wait for is seen by a new one only. Most
    baskets use nothing that is limited: those are only read for, which needs no transaction.
    """
    used_up: frozenset[UUID] = frozenset()
    reading = not command.coupon_codes or command.order_id is None
    for _ in range(ATTEMPTS):
        try:
            work = partial(
                _price_and_hold, caller=caller, command=command, used_up=used_up, reading=reading
            )
            unit = transaction.statement if reading else transaction
            return when_members_known(unit, work)
        except _TakenMeanwhile as taken:
            used_up |= taken.promotion_ids
        except _MustHold:
            reading = False
    raise Unavailable("campaign")


def _price_and_hold(
    session: Session,
    caller: Caller,
    command: PriceAndHold,
    used_up: frozenset[UUID],
    reading: bool,
) -> Priced:
    store = stores.require_store(session, Store, caller, command.store_id)
    _check(command, store.currency)
    offers = offers_at(session, command.at)
    scopes = [store.id, store.franchisee_id or ALL, ALL]
    capped = [offer.promotion.id for offer in offers if offer.capped]
    facts = read_facts(session, command, scopes, capped)
    if facts.hold:
        return _same_again(facts.hold, command)
    presented = coupons.presented(session, command, offers, facts)
    setting = Setting(
        currency=store.currency,
        store_id=store.id,
        franchisee_id=store.franchisee_id,
        buyer=facts.buyer,
        coupons={id_: coupon.code for id_, coupon in presented.items()},
        used_up=used_up | _used_up(offers, facts),
    )
    coupons.require_left(setting)
    require_stocked(facts, command.lines)
    if command.stated is not None:
        return stated.price_alone(session, command, command.stated, offers, facts, setting)
    if command.lines[0].stated_minor is not None:
        priced = stated.price(command.lines, facts.stocked, setting)
    else:
        priced = pricing.price(_lines(command.lines, facts.stocked), offers, setting)
    coupons.require_effect(setting, priced)
    if command.order_id is not None:
        claims = _claims(facts, priced, offers, presented)
        if claims and reading:
            raise _MustHold
        if claims:
            return _hold(session, command, command.order_id, priced, claims, presented) or priced
    return priced


def _check(command: PriceAndHold, currency: str) -> None:
    """Refuse a basket that cannot be priced for what it says itself."""
    if command.currency != currency:
        raise Refusal("CURRENCY_MISMATCH", {"expected": currency})
    if command.at.tzinfo is None:
        raise InvalidInput("INVALID_INPUT", {"field": "$.at", "reason": "no time zone"})
    lines = command.lines
    for line in lines:
        if not 1 <= line.quantity <= QUANTITY_LIMIT:
            raise Refusal("INVALID_QUANTITY", {"limit": QUANTITY_LIMIT, "line": line.line})
    if len({line.line for line in lines}) < len(lines):
        reason = "a line number is there twice"
        raise InvalidInput("INVALID_INPUT", {"field": "$.lines", "reason": reason})
    if len({line.stated_minor is None for line in lines}) > 1:
        reason = "prices are stated for all lines or for none"
        raise InvalidInput("INVALID_INPUT", {"field": "$.lines", "reason": reason})


def _lines(lines: list[BasketLine], stocked: dict[UUID, Stocked]) -> list[pricing.Line]:
    """The lines with their list prices; raises `Refusal("NO_PRICE")`."""
    priced = []
    for line in lines:
        piece = stocked[line.sku_id]
        if piece.price_minor is None:
            raise Refusal("NO_PRICE", {"name": piece.name, "sku_id": piece.sku_id})
        priced.append(stated.line_of(line, piece, piece.price_minor))
    return priced


def _used_up(offers: list[Offer], facts: Facts) -> frozenset[UUID]:
    return frozenset(
        promotion.id
        for promotion in (offer.promotion for offer in offers if offer.capped)
        if facts.used_up(promotion.id, promotion.cap_total, promotion.cap_per_member)
    )


def _claims(
    facts: Facts,
    priced: Priced,
    offers: list[Offer],
    presented: dict[UUID, CouponFact],
) -> list[holds.Claim]:
    """What the basket uses of limited things."""
    claims: list[holds.Claim] = []
    by_id = {offer.promotion.id: offer for offer in offers}
    for applied in priced.promotions:
        id_, offer = applied.promotion_id, by_id[applied.promotion_id]
        if offer.capped:
            caps = offer.promotion.cap_total, facts.left_of(id_, offer.promotion.cap_per_member)
            claims += holds.claims_on(id_, id_, facts.member_id, *caps)
        if coupon := presented.get(id_):
            caps = coupon.cap_total, facts.left_of(coupon.id, coupon.cap_per_member)
            claims += holds.claims_on(id_, coupon.id, facts.member_id, *caps)
    return claims


def _hold(
    session: Session,
    command: PriceAndHold,
    order_id: UUID,
    priced: Priced,
    claims: list[holds.Claim],
    presented: dict[UUID, CouponFact],
) -> Priced | None:
    """Hold it; the answer of an earlier hold of this order, if there is one.

    Raises `_TakenMeanwhile` when a promotion was used up since it was looked up.
    """
    answer = msgspec.json.encode(priced).decode()
    missed = holds.hold(session, order_id, _digest(command), answer, claims)
    if missed is None:
        earlier = read_hold(session, order_id)
        return _same_again(earlier, command) if earlier else None
    for claim in missed:
        if coupon := presented.get(claim.promotion_id):
            raise Refusal("COUPON_USED_UP", {"code": coupon.code})
    if missed:
        raise _TakenMeanwhile(frozenset(claim.promotion_id for claim in missed))
    return None


def _same_again(hold: HoldFact, command: PriceAndHold) -> Priced:
    """The answer this order was given; raises HOLD_RELEASED and HOLD_CONFLICT."""
    if hold.status == "released" or hold.answer is None:
        raise Refusal("HOLD_RELEASED")
    if hold.digest != _digest(command):
        raise Refusal("HOLD_CONFLICT", {"order_id": command.order_id})
    return hold.answer


def _digest(command: PriceAndHold) -> str:
    """What makes two calls for an order the same: all but the instant they were made at."""
    content = (
        command.store_id,
        command.member_id,
        command.currency,
        command.lines,
        command.coupon_codes,
    )
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()
