"""Points lot by lot: what is left of each earning, read out of the ledger alone (L9, K24).

There is no table of lots. The entries of an account, replayed in the order they were booked, say
which earnings are left: first in, first out.
- What is given becomes a lot, once it has covered what the account is below zero.
- What is spent, or taken by hand, comes out of the oldest lots; what they lack is a debt.
- What a void or a return gives back goes to the very lots it came out of, with their date; what it
  takes back comes out of its own lot, and what others have spent of that out of the oldest.
- What expired came out of the lots its entry names by store, date and version.
- What a merge of members moves is lots: each goes into its place by the day it was earned, and may
  come back as it was (`lot_id` is the entry that gave it, in whichever account).
What orders on their way hold counts as if it were spent already.
"""

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from shared.contracts.loyalty import ExpiryRule

_FIRST_YEAR = 1970
_Key = tuple[UUID, str]


class Life(msgspec.Struct, frozen=True):
    """How long points can be used: local dates of the store that gave them, as instants too.

    `expires_at` is the midnight after `valid_until` there; notice is due from `notice_at` on.
    """

    earned_on: date
    valid_until: date
    expires_at: datetime
    notice_at: datetime
    version: int


class Movement(msgspec.Struct, frozen=True, array_like=True):
    """An entry of a points account, as `MOVEMENTS` reads it; instants are UTC."""

    id: int
    amount: int
    reason: str
    document_id: UUID
    store_id: UUID | None
    franchisee_id: UUID | None
    earned_on: date | None = None
    valid_until: date | None = None
    expires_at: datetime | None = None
    version: int | None = None
    lot_id: int | None = None
    day: date | None = None


class Lot(msgspec.Struct, eq=False):
    """What is `left` of points that were given. `owed`: taken back though others had spent it.

    `brought` is what came into this account, less what a merge has moved away; `paid` what of that
    covered debts when it was moved here.
    """

    given: Movement
    place: int
    left: int
    owed: int = 0
    brought: int = 0
    paid: dict[_Key, int] = {}

    @property
    def id(self) -> int:
        """The entry that gave it, in whichever account."""
        return self.given.lot_id or self.given.id


def life_of(
    rule: ExpiryRule | None, version: int | None, earned_on: date, time_zone: str | None
) -> Life | None:
    """The life of points earned on a local date; None: they never expire."""
    until = rule.valid_until(earned_on) if rule else None
    if rule is None or version is None or until is None or until.year < _FIRST_YEAR:
        return None
    zone = ZoneInfo(time_zone or "UTC")
    expires_at = datetime.combine(until + timedelta(days=1), time.min, zone).astimezone(UTC)
    return Life(earned_on, until, expires_at, notice_at(expires_at, rule.notice_days), version)


def notice_at(expires_at: datetime, notice_days: int) -> datetime:
    """The beginning of the day so many days before the last one."""
    return expires_at - _days(notice_days + 1)


_days = functools.cache(timedelta)


class Lots:
    """The lots of one account, after all its movements."""

    def __init__(self, movements: Iterable[Movement]) -> None:
        self._lots: list[Lot] = []
        self._oldest = 0
        self._earned: dict[UUID, Lot] = {}
        self._taken: dict[_Key, list[tuple[Lot, int]]] = defaultdict(list)
        self._debts: dict[_Key, int] = {}
        self._borrowed: dict[_Key, Movement] = {}
        self._by_id: dict[int, Lot] = {}
        self.last_id = 0
        for movement in movements:
            self.replay(movement)

    @property
    def balance(self) -> int:
        return sum(lot.left for lot in self.open()) - sum(self._debts.values())

    def open(self) -> Iterator[Lot]:
        """The lots that something is left of, oldest first."""
        return (lot for lot in self._lots[self._oldest :] if lot.left)

    def usable(self, held: int) -> Iterator[tuple[Lot, int]]:
        """Open lots, oldest first, and what of each no order holds: held are the oldest points."""
        for lot in self.open():
            shielded = min(held, lot.left)
            held -= shielded
            if lot.left > shielded:
                yield lot, lot.left - shielded

    @property
    def debt(self) -> int:
        return sum(self._debts.values())

    def debts(self) -> list[tuple[Movement, int]]:
        """What the account is below zero, the oldest first: by what, and how much."""
        return [(self._borrowed[key], debt) for key, debt in self._debts.items()]

    def all(self) -> list[Lot]:
        """All lots there ever were, oldest first."""
        return list(self._lots)

    def of_id(self, lot_id: int) -> Lot | None:
        return self._by_id.get(lot_id)

    def paying(self, lot: Lot) -> int:
        """What of a lot that was moved here still covers debts of before."""
        return sum(min(paid, self._taken_from(lot, key)) for key, paid in lot.paid.items())

    def owing(self, lot: Lot) -> tuple[int, list[tuple[Lot, int]]]:
        """What a lot owes: how much of it is below zero, and which other lots were used for it."""
        key = (lot.given.document_id, "earned_back")
        return self._debts.get(key, 0), list(self._taken.get(key, ()))

    def replay(self, movement: Movement) -> None:
        """Take in one more movement."""
        self.last_id = movement.id
        amount, key = abs(movement.amount), (movement.document_id, movement.reason)
        if movement.lot_id is not None:
            self._carry(movement, amount)
            return
        match movement.reason:
            case "spent_back" | "redeemed_back":
                taken = movement.reason.removesuffix("_back")
                self._give_back((movement.document_id, taken), amount)
            case "earned_back":
                self._take_back(self._earned[movement.document_id], amount, key)
            case "expired":
                self._let_expire(movement, amount, key)
            case "merged_in_back":
                self._give_back((movement.document_id, "merged_in"), amount)
            case _ if movement.amount > 0:
                lot = Lot(movement, len(self._lots), amount, brought=amount)
                self._lots.append(lot)
                self._by_id[lot.id] = lot
                if movement.reason == "earned":
                    self._earned[movement.document_id] = lot
                self._cover(lot)
            case _:
                self._take(key, amount)
        if key in self._debts:
            self._borrowed.setdefault(key, movement)

    def _carry(self, movement: Movement, amount: int) -> None:
        """A merge moves a lot into its place here, or away."""
        lot = self._placed(movement)
        if movement.amount > 0:
            before = dict(self._debts)
            lot.brought += amount
            self._return(lot, amount)
            for key, debt in before.items():
                paid = debt - self._debts.get(key, 0)
                lot.paid[key] = lot.paid.get(key, 0) + paid
            return
        lot.brought -= amount
        there = min(lot.left, amount)
        lot.left -= there
        for key in lot.paid if there < amount else ():
            owed = min(lot.paid[key], self._taken_from(lot, key), amount - there)
            there += owed
            lot.paid[key] -= owed
            self._untake(lot, key, owed)
            self._debts[key] = self._debts.get(key, 0) + owed
        for other in list(self.open()) if self._debts else ():
            self._cover(other)  # what came meanwhile bears what the lot had borne

    def _placed(self, movement: Movement) -> Lot:
        """The lot a merge moves; new here, it stands behind those earned until the same day."""
        assert movement.lot_id is not None  # noqa: S101  (only what a merge moves names its lot)
        if movement.lot_id in self._by_id:
            return self._by_id[movement.lot_id]
        day = movement.day or date.max
        later = (lot.place for lot in self._lots if (lot.given.day or date.min) > day)
        lot = Lot(movement, next(later, len(self._lots)), 0)
        for each in self._lots[lot.place :]:
            each.place += 1
        self._lots.insert(lot.place, lot)
        self._oldest = min(self._oldest, lot.place)
        self._by_id[movement.lot_id] = lot
        return lot

    def _taken_from(self, lot: Lot, key: _Key) -> int:
        return sum(taken for each, taken in self._taken.get(key, ()) if each is lot)

    def _untake(self, lot: Lot, key: _Key, amount: int) -> None:
        """Have `key` no longer use so much of a lot."""
        kept = []
        for each, taken in self._taken[key]:
            less = min(taken, amount) if each is lot else 0
            amount -= less
            if taken > less:
                kept.append((each, taken - less))
        self._taken[key] = kept

    def _take(self, key: _Key, amount: int) -> None:
        while amount and self._oldest < len(self._lots):
            lot = self._lots[self._oldest]
            amount -= self._move(lot, key, amount)
            if not lot.left:
                self._oldest += 1
        if amount:
            self._debts[key] = self._debts.get(key, 0) + amount

    def _move(self, lot: Lot, key: _Key, amount: int) -> int:
        """Take what there is of a lot, at most `amount`; returns how much that was."""
        taken = min(lot.left, amount)
        if taken:
            lot.left -= taken
            self._taken[key].append((lot, taken))
        return taken

    def _cover(self, lot: Lot) -> None:
        """What is below zero comes out of points that arrive, the oldest debt first."""
        while lot.left and self._debts:
            key = next(iter(self._debts))
            self._debts[key] -= self._move(lot, key, self._debts[key])
            if not self._debts[key]:
                del self._debts[key]

    def _give_back(self, key: _Key, amount: int) -> None:
        """Undo what was taken, the youngest first."""
        debt = min(self._debts.get(key, 0), amount)
        if debt:
            amount -= debt
            self._debts[key] -= debt
            if not self._debts[key]:
                del self._debts[key]
        while amount and self._taken[key]:
            lot, taken = self._taken[key].pop()
            back = min(taken, amount)
            amount -= back
            if back < taken:
                self._taken[key].append((lot, taken - back))
            self._return(lot, back)

    def _return(self, lot: Lot, amount: int) -> None:
        paid = min(lot.owed, amount)
        if paid:
            lot.owed -= paid
            self._give_back((lot.given.document_id, "earned_back"), paid)
        lot.left += amount - paid
        self._oldest = min(self._oldest, lot.place)
        self._cover(lot)

    def _take_back(self, lot: Lot, amount: int, key: _Key) -> None:
        there = min(lot.left, amount)
        lot.left -= there
        lot.owed += amount - there
        self._take(key, amount - there)

    def _let_expire(self, movement: Movement, amount: int, key: _Key) -> None:
        wanted = _batch_of(movement)
        for lot in self.open():
            if amount and _batch_of(lot.given) == wanted:
                gone = min(lot.left, amount)
                lot.left -= gone
                amount -= gone
        self._take(key, amount)


def _batch_of(movement: Movement) -> tuple[object, ...]:
    return movement.store_id, movement.franchisee_id, movement.expires_at, movement.version


MOVEMENTS = """(SELECT coalesce(json_agg(json_build_array(e.id, e.amount, e.reason, e.document_id,
        e.issuing_store_id, e.issuing_franchisee_id, e.earned_on, e.valid_until, e.expires_at,
        e.expiry_version, e.lot_id,
        coalesce(e.earned_on, CAST(e.at AT TIME ZONE 'UTC' AS date))) ORDER BY e.id), '[]')
    FROM entries e WHERE e.account_id = points.account_id)"""
"""The movements of the account `points`, as JSON."""
