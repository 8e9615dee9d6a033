"""Holds: points and wallet money set aside for an order until it is placed or cancelled (K1, K11).

A hold takes all it is asked for or nothing. Only the order decides: a hold ends when its order is
placed (settled, in `earning`) or cancelled (released), never by itself.
"""

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty import carrying, rules
from services.loyalty.ledger import BALANCE, Balance
from services.loyalty.models import Store
from shared import money, stores
from shared.contracts import Envelope
from shared.contracts.loyalty import (
    Held,
    Hold,
    OfferSpend,
    SpendChoice,
    SpendOffer,
    SpendRule,
    WalletRule,
)
from shared.contracts.order import OrderCancelled
from shared.errors import Refusal
from shared.seal import Caller

_Kind = Literal["points", "principal", "bonus"]
_ROUND = 100
"""Minor units of a round sum."""
_KINDS: tuple[_Kind, ...] = ("points", "principal", "bonus")


class _SpendVersion(msgspec.Struct, frozen=True):
    version: int
    body: SpendRule


class _WalletVersion(msgspec.Struct, frozen=True):
    version: int
    body: WalletRule


class _Made(msgspec.Struct, frozen=True):
    """A hold as it stands in the database."""

    order_id: UUID
    status: str
    store_id: UUID
    member_id: UUID | None
    currency: str | None
    total_minor: int
    points: int
    points_minor: int
    principal_minor: int
    bonus_minor: int
    points_after: int
    principal_after_minor: int
    bonus_after_minor: int


class _Read(msgspec.Struct):
    """What one statement tells before a hold is made."""

    member_id: UUID | None
    currency: str | None
    balances: list[Balance]
    spend: _SpendVersion | None
    wallet: _WalletVersion | None
    made: _Made | None

    def available(self, kind: _Kind) -> int:
        return next((b.available for b in self.balances if b.kind == kind), 0)

    def frozen(self, *kinds: _Kind) -> bool:
        return any(b.frozen for b in self.balances if b.kind in kinds)


def hold(session: Session, caller: Caller, command: Hold) -> Held:
    """Set aside what an order is to be paid with; repeating it gives the same answer.

    Raises `Refusal`: NOT_ENOUGH_POINTS, NOT_ENOUGH_WALLET, POINTS_VALUE_WRONG, POINTS_LIMIT,
    NO_RULE, HOLD_RELEASED, ACCOUNT_FROZEN, UNKNOWN_MEMBER, CURRENCY_MISMATCH, ENTRY_ID_TAKEN,
    UNKNOWN_STORE.
    """
    store = stores.require_store(session, Store, caller, command.store_id)
    read = _read(session, command)
    if read.made is not None:
        return _made_before(read, command)
    try:
        _check(command, read, store.currency)
        held = _make(session, command, read)
    except Refusal:
        # A repeat that waited for the first of its kind meets balances that one has changed.
        again = _read(session, command)
        if again.made is None:
            raise
        return _made_before(again, command)
    # None: the order was held or cancelled while this transaction waited.
    return held or _made_before(_read(session, command), command)


def offer_spend(session: Session, caller: Caller, command: OfferSpend) -> SpendOffer:
    """What a member could use for a total, by the rule in force now (L2, K26).

    Not more points than their value needs; nothing of what is frozen. Raises
    `Refusal("UNKNOWN_MEMBER")`.
    """
    rows = session.execute(_AVAILABLE, {"member_id": command.member_id}).all()
    if not rows:
        raise Refusal("UNKNOWN_MEMBER")
    available = {row.kind: max(row.available, 0) for row in rows if row.kind}
    wallet = available.get("principal", 0) + available.get("bonus", 0)
    rule = rules.in_force(session, "spend", datetime.now(UTC))
    points, value, rate, choices = 0, 0, 0, []
    if rule is not None:
        body: SpendRule = rule[1]
        rate = body.minor_per_hundred_points
        usable = min(available.get("points", 0), points_limit(body, command.total_minor))
        value = body.value_of(usable)
        points = -(-value * 100 // rate)
        choices = suggest(body, points, command.total_minor)
    return SpendOffer(
        points_usable=points,
        points_value_minor=value,
        minor_per_hundred_points=rate,
        wallet_usable_minor=min(wallet, command.total_minor),
        points_step=100 // math.gcd(100, rate),
        choices=choices,
    )


def suggest(rule: SpendRule, points: int, total_minor: int) -> list[SpendChoice]:
    """What the clerk may propose, of so many points at most: all, points worth whole yuan, points
    that leave whole yuan to pay; where these can be had exactly (K26)."""
    value = rule.value_of(points)
    wanted = {
        "all": value,
        "round_value": value - value % _ROUND,
        "round_rest": value - (value - total_minor) % _ROUND,
    }
    found = []
    for kind, minor in wanted.items():
        needed = -(-minor * 100 // rule.minor_per_hundred_points)
        if 0 < needed <= points and rule.value_of(needed) == minor:
            found.append(SpendChoice(kind=kind, points=needed, value_minor=minor))
    return found


def on_order_cancelled(session: Session, envelopes: list[Envelope[OrderCancelled]]) -> None:
    """Let go of what cancelled orders hold."""
    release(session, [(e.data.order_id, e.data.store_id) for e in envelopes])


def release(session: Session, orders: Iterable[tuple[UUID, UUID]]) -> None:
    """Give back what these orders (id, store) hold, and leave a tombstone against a late hold."""
    ordered = sorted(set(orders))
    released = session.execute(
        _RELEASE,
        {"order_ids": [order for order, _ in ordered], "stores": [store for _, store in ordered]},
    )
    given_back = [
        (row.member_id, kind, amount)
        for row in released
        for kind, amount in zip(_KINDS, row[2:5], strict=True)
        if amount
    ]
    if given_back:
        columns = zip(*given_back, strict=True)
        session.execute(
            _GIVE_BACK,
            dict(zip(("member_ids", "kinds", "amounts"), map(list, columns), strict=True)),
        )
        carrying.carry_entangled(session, {given[0] for given in given_back}, datetime.now(UTC))


def points_limit(rule: SpendRule, total_minor: int) -> int:
    """The most points whose value is within the share of a total that points may pay."""
    share = total_minor * rule.max_share_basis_points // 10_000
    return ((share + 1) * 100 - 1) // rule.minor_per_hundred_points


def split(rule: WalletRule, amount: int, principal: int, bonus: int) -> tuple[int, int]:
    """How much of `amount` comes out of principal and bonus, of which there is enough together."""
    match rule.spend_order:
        case "principal_first":
            first = min(amount, principal)
            return first, amount - first
        case "bonus_first":
            first = min(amount, bonus)
            return amount - first, first
        case "pro_rata":
            parts = money.allocate(amount, [principal, bonus])
            return parts[0], parts[1]


def _read(session: Session, command: Hold) -> _Read:
    parameters = {
        "order_id": command.order_id,
        "member_id": command.member_id,
        "now": datetime.now(UTC),
    }
    return msgspec.json.decode(session.execute(_READ, parameters).scalar_one(), type=_Read)


def _check(command: Hold, read: _Read, store_currency: str) -> None:
    if read.member_id is None:
        raise Refusal("UNKNOWN_MEMBER")
    for expected in (store_currency, read.currency or command.currency):
        if command.currency != expected:
            raise Refusal("CURRENCY_MISMATCH", {"expected": expected})
    if read.frozen(*_asked(command)):
        raise Refusal("ACCOUNT_FROZEN")
    _check_points(command, read)
    if command.wallet_minor > read.available("principal") + read.available("bonus"):
        raise Refusal("NOT_ENOUGH_WALLET")


def _asked(command: Hold) -> Iterable[_Kind]:
    if command.points:
        yield "points"
    if command.wallet_minor:
        yield from ("principal", "bonus")


def _check_points(command: Hold, read: _Read) -> None:
    rule = read.spend.body if read.spend else None
    if command.points and rule is None:
        raise Refusal("NO_RULE")
    expected = rule.value_of(command.points) if rule else 0
    if command.points_minor != expected:
        worth = {"expected_minor": expected, "currency": command.currency}
        raise Refusal("POINTS_VALUE_WRONG", {"points": command.points, **worth})
    if rule and command.points > points_limit(rule, command.total_minor):
        limit = points_limit(rule, command.total_minor)
        raise Refusal("POINTS_LIMIT", {"limit": limit})
    available = read.available("points")
    if command.points > max(available, 0):
        raise Refusal("NOT_ENOUGH_POINTS", {"available": available, "wanted": command.points})


def _make(session: Session, command: Hold, read: _Read) -> Held | None:
    """Write the hold, unless there is one for this order."""
    wallet = read.wallet.body if read.wallet else WalletRule()
    principal, bonus = split(
        wallet, command.wallet_minor, read.available("principal"), read.available("bonus")
    )
    wanted = {"points": command.points, "principal": principal, "bonus": bonus}
    answer = Held(
        order_id=command.order_id,
        points_after=read.available("points") - command.points,
        wallet_principal_after_minor=read.available("principal") - principal,
        wallet_bonus_after_minor=read.available("bonus") - bonus,
    )
    parts = [(b.account_id, wanted[b.kind]) for b in read.balances if wanted[b.kind]]
    row = session.execute(
        _MAKE,
        {
            **msgspec.structs.asdict(command),
            "member_id": read.member_id,
            "principal_minor": principal,
            "bonus_minor": bonus,
            "points_after": answer.points_after,
            "principal_after_minor": answer.wallet_principal_after_minor,
            "bonus_after_minor": answer.wallet_bonus_after_minor,
            "spend_version": read.spend.version if read.spend and command.points else None,
            "wallet_version": read.wallet.version if read.wallet and command.wallet_minor else None,
            "accounts": [account for account, _ in parts],
            "amounts": [amount for _, amount in parts],
        },
    ).one()
    if not row.made:
        return None
    if row.held < len(parts):
        raise RuntimeError("a balance changed under its lock")
    return answer


def _made_before(read: _Read, command: Hold) -> Held:
    made = read.made
    if made is None:
        raise RuntimeError("a hold that was there has gone")
    if made.status == "released":
        raise Refusal("HOLD_RELEASED")
    told: list[Any] = [made.store_id, made.member_id, made.currency, made.total_minor]
    told += [made.points, made.points_minor, made.principal_minor + made.bonus_minor]
    # A hold names whose accounts it is on: the member asked for, or whom that stood for.
    member_id = made.member_id if made.member_id == read.member_id else command.member_id
    asked: list[Any] = [command.store_id, member_id, command.currency, command.total_minor]
    asked += [command.points, command.points_minor, command.wallet_minor]
    if told != asked:
        raise Refusal("ENTRY_ID_TAKEN")
    return Held(
        order_id=made.order_id,
        points_after=made.points_after,
        wallet_principal_after_minor=made.principal_after_minor,
        wallet_bonus_after_minor=made.bonus_after_minor,
    )


def _rule(kind: str) -> str:
    return (
        "(SELECT json_build_object('version', version, 'body', body) FROM rules"
        f" WHERE kind = '{kind}' AND valid_from <= :now"
        " ORDER BY valid_from DESC, version DESC LIMIT 1)"
    )


_READ = text(
    " ".join(
        (
            """WITH whose AS (
                SELECT coalesce(survivor_id, member_id) AS member_id FROM members
                WHERE member_id = :member_id AND closed_at IS NULL
            ), locked AS (SELECT""", BALANCE, """
                WHERE ma.member_id = (SELECT member_id FROM whose)
                ORDER BY b.account_id FOR NO KEY UPDATE OF b
            ) SELECT CAST(json_build_object(
            'member_id', (SELECT member_id FROM whose),
            'currency', (SELECT currency FROM members JOIN whose USING (member_id)),
            'balances', (SELECT coalesce(json_agg(locked), '[]') FROM locked),
            'spend',""", _rule("spend"), ", 'wallet',", _rule("wallet"), """,
            'made', (SELECT row_to_json(h) FROM holds h WHERE order_id = :order_id)
            ) AS text)""",
        )
    )
)  # fmt: skip
_MAKE = text(
    """WITH made AS (
        INSERT INTO holds (order_id, status, store_id, member_id, currency, total_minor, points,
            points_minor, principal_minor, bonus_minor, points_after, principal_after_minor,
            bonus_after_minor, spend_version, wallet_version)
        VALUES (:order_id, 'held', :store_id, :member_id, :currency, :total_minor, :points,
            :points_minor, :principal_minor, :bonus_minor, :points_after, :principal_after_minor,
            :bonus_after_minor, CAST(:spend_version AS int), CAST(:wallet_version AS int))
        ON CONFLICT DO NOTHING RETURNING order_id
    ), held AS (
        UPDATE balances b SET held = b.held + p.amount
        FROM unnest(CAST(:accounts AS uuid[]), CAST(:amounts AS bigint[])) AS p(account_id, amount)
        WHERE b.account_id = p.account_id AND b.balance - b.held >= p.amount
            AND NOT b.frozen AND EXISTS (SELECT FROM made)
        RETURNING 1
    ) SELECT (SELECT count(*) FROM made) AS made, (SELECT count(*) FROM held) AS held"""
)
_AVAILABLE = text(
    "SELECT ma.kind, CASE WHEN b.frozen THEN 0 ELSE b.balance - b.held END AS available"
    " FROM members m"
    " LEFT JOIN member_accounts ma ON ma.member_id = coalesce(m.survivor_id, m.member_id)"
    " LEFT JOIN balances b USING (account_id)"
    " WHERE m.member_id = :member_id AND m.closed_at IS NULL"
)
_RELEASE = text(
    """INSERT INTO holds AS h (order_id, status, store_id, ended_at)
    SELECT o.order_id, 'released', o.store_id, now()
    FROM unnest(CAST(:order_ids AS uuid[]), CAST(:stores AS uuid[])) AS o(order_id, store_id)
    ORDER BY o.order_id
    ON CONFLICT (order_id) DO UPDATE SET status = 'released', ended_at = now()
    WHERE h.status = 'held'
    RETURNING h.order_id, h.member_id, h.points, h.principal_minor, h.bonus_minor"""
)
# Locked in the order everybody else locks them in.
_GIVE_BACK = text(
    """WITH given AS (
        SELECT ma.account_id, sum(g.amount) AS amount
        FROM unnest(CAST(:member_ids AS uuid[]), CAST(:kinds AS text[]),
            CAST(:amounts AS bigint[])) AS g(member_id, kind, amount)
        JOIN member_accounts ma USING (member_id, kind) GROUP BY ma.account_id
    ), locked AS (
        SELECT b.account_id, g.amount FROM balances b JOIN given g USING (account_id)
        ORDER BY b.account_id FOR NO KEY UPDATE OF b
    ) UPDATE balances b SET held = b.held - l.amount
    FROM locked l WHERE b.account_id = l.account_id"""
)
