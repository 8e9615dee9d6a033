"""The rule by which purchases earn points, and the one way to reckon them.

What the receipt promises, what loyalty books and what a return leaves come from `points_of`.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from shared.contracts import Code, Message, Name, OrderChannel
from shared.money import allocate

ONCE = 10_000
"""Basis points of a multiplier that changes nothing."""

Multiplier = Annotated[int, Meta(ge=0, le=1_000_000)]
Ids = Annotated[frozenset[UUID], Meta(max_length=1_000)]


class SaleLine(msgspec.Struct, frozen=True):
    """A line that is to earn; `net_minor` for all its pieces."""

    category: str
    style_id: UUID
    net_minor: int


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """A sale, or what is kept of one. `day` is the local one of the store that sold."""

    store_id: UUID
    franchisee_id: UUID | None
    channel: str
    day: date
    tier: str | None
    privileges: Sequence[str]
    lines: Sequence[SaleLine]
    total_minor: int
    points_minor: int
    wallet_minor: int


class Reckoned(msgspec.Struct, frozen=True):
    """Points, and the codes of what multiplied them: bonuses in the order of the rule."""

    points: int
    bonuses: list[str]
    privilege: str | None


class EarnWhen(Message, frozen=True, kw_only=True):
    """Where and when a bonus counts; an empty set means no restriction.

    Pieces are of one of the styles or one of the categories; stores are named or belong to one of
    the franchisees. Weekdays (1 Monday to 7 Sunday) and days (both included) are the store's own.
    """

    store_ids: Ids = frozenset()
    franchisee_ids: Ids = frozenset()
    categories: Annotated[frozenset[Name], Meta(max_length=200)] = frozenset()
    style_ids: Ids = frozenset()
    tiers: Annotated[frozenset[Code], Meta(max_length=20)] = frozenset()
    channels: frozenset[OrderChannel] = frozenset()
    weekdays: frozenset[Annotated[int, Meta(ge=1, le=7)]] = frozenset()
    first_day: date | None = None
    last_day: date | None = None

    def fits(self, sale: Sale) -> bool:
        """Whether a sale fulfils all but what is asked of its pieces."""
        places = self.store_ids or self.franchisee_ids
        return (
            (self.first_day is None or self.first_day <= sale.day)
            and (self.last_day is None or sale.day <= self.last_day)
            and (not self.weekdays or sale.day.isoweekday() in self.weekdays)
            and (not self.channels or sale.channel in self.channels)
            and (not self.tiers or sale.tier in self.tiers)
            and (
                not places
                or sale.store_id in self.store_ids
                or sale.franchisee_id in self.franchisee_ids
            )
        )

    def takes(self, line: SaleLine) -> bool:
        """Whether it is about the pieces of a line."""
        if not (self.categories or self.style_ids):
            return True
        return line.category in self.categories or line.style_id in self.style_ids


class EarnBonus(Message, frozen=True, kw_only=True):
    """More points (or fewer) for some lines: so many times as many."""

    code: Code
    name_zh: Name
    name_en: Name
    multiplier_basis_points: Multiplier
    when: EarnWhen = EarnWhen()


class EarnRule(Message, frozen=True, kw_only=True, tag="earn"):
    """One point for each `minor_per_point` paid, times the tier's multiplier (L1, L4).

    What is paid with points earns nothing; wallet money earns if `earn_on_wallet`. A privilege of
    the birthday rule has a multiplier by its code (L5): by `privileges_combine` the higher of it
    and the tier's counts, or their product. Of several privileges the best one counts.

    A line for which `bonuses` count earns by them and by what the member has by tier and
    privilege: by `combine` the highest of all these multipliers counts, their product, or once and
    what each is above (or below) once. More than `bonus_limit_basis_points` is not reached by
    bonuses.
    """

    minor_per_point: Annotated[int, Meta(ge=1, le=10**9)]
    multipliers_basis_points: dict[Code, Multiplier] = {}
    earn_on_wallet: bool = True
    privileges_basis_points: dict[Code, Multiplier] = {}
    privileges_combine: Literal["higher", "multiply"] = "higher"
    bonuses: Annotated[list[EarnBonus], Meta(max_length=100)] = []
    combine: Literal["highest", "multiply", "add"] = "highest"
    bonus_limit_basis_points: Annotated[int, Meta(ge=ONCE, le=1_000_000)] = 1_000_000

    def points_for(self, paid_minor: int, tier: str | None, privileges: Sequence[str] = ()) -> int:
        """Whole points without any bonus, rounded down."""
        return _whole(max(paid_minor, 0) * self.member_factor(tier, privileges), self)

    def member_factor(self, tier: str | None, privileges: Sequence[str]) -> Fraction:
        """How many times the points a member has by tier and privilege."""
        of_tier = self.multipliers_basis_points.get(tier or "", ONCE)
        code = self.privilege_for(tier, privileges)
        if code is None:
            return Fraction(of_tier, ONCE)
        both = of_tier if self.privileges_combine == "multiply" else ONCE
        return Fraction(both * self.privileges_basis_points[code], ONCE**2)

    def privilege_for(self, tier: str | None, privileges: Sequence[str]) -> str | None:
        """The privilege that multiplies an order's points; None where none does."""
        known = [code for code in privileges if code in self.privileges_basis_points]
        best = max(known, key=lambda code: self.privileges_basis_points[code], default=None)
        if best is None or self.privileges_combine == "multiply":
            return best
        of_tier = self.multipliers_basis_points.get(tier or "", ONCE)
        return best if self.privileges_basis_points[best] > of_tier else None


def points_of(rule: EarnRule, sale: Sale) -> Reckoned:
    """The points of a sale, or of what is kept of it, and why.

    Payments that earn nothing are taken off the lines pro rata, by largest remainder; what the
    lines earn is rounded down once, for all of them together.
    """
    dead = sale.points_minor + (0 if rule.earn_on_wallet else sale.wallet_minor)
    privilege = rule.privilege_for(sale.tier, sale.privileges)
    bonuses = [bonus for bonus in rule.bonuses if bonus.when.fits(sale)]
    if not (bonuses and sale.lines):
        points = rule.points_for(sale.total_minor - dead, sale.tier, sale.privileges)
        return Reckoned(points, [], privilege)
    member = rule.member_factor(sale.tier, sale.privileges)
    taken = allocate(dead, [line.net_minor for line in sale.lines])
    worth = Fraction(0)
    used: set[str] = set()
    by_member = False
    for line, off in zip(sale.lines, taken, strict=True):
        paid = max(line.net_minor - off, 0)
        if paid == 0:
            continue
        factor, why = _factor(rule, member, [b for b in bonuses if b.when.takes(line)])
        worth += paid * factor
        used.update(why)
        by_member = by_member or not why or rule.combine != "highest"
    codes = [bonus.code for bonus in bonuses if bonus.code in used]
    return Reckoned(_whole(worth, rule), codes, privilege if by_member else None)


def _factor(
    rule: EarnRule, member: Fraction, bonuses: Sequence[EarnBonus]
) -> tuple[Fraction, list[str]]:
    """How many times the points of a line, and the bonuses that make it so."""
    if not bonuses:
        return member, []
    factors = [Fraction(bonus.multiplier_basis_points, ONCE) for bonus in bonuses]
    if rule.combine == "highest":
        best = max(factors)
        if best <= member:
            return member, []
        limited = min(best, max(_limit(rule), member))
        return limited, [bonuses[factors.index(best)].code]
    both = _product(member, factors) if rule.combine == "multiply" else _sum(member, factors)
    return min(both, max(_limit(rule), member)), [bonus.code for bonus in bonuses]


def _limit(rule: EarnRule) -> Fraction:
    return Fraction(rule.bonus_limit_basis_points, ONCE)


def _product(member: Fraction, factors: Iterable[Fraction]) -> Fraction:
    for factor in factors:
        member *= factor
    return member


def _sum(member: Fraction, factors: Iterable[Fraction]) -> Fraction:
    return max(member + sum(factor - 1 for factor in factors), Fraction(0))


def _whole(worth: Fraction | int, rule: EarnRule) -> int:
    return int(worth // rule.minor_per_point)
