"""Value goes to whom it belongs when members are merged, and when a merge is undone (K28).

Accounts stay whose they were, and so do the entries on them (ADR 0015). What moves is what is free
on them, lot by lot, as entries of its own: each lot (of points, principal or bonus) belongs to the
member who got it, and so to whom that id stands for now. What a lot owes, and what an account is
below zero, goes the same way, as value of the store that gave what was taken. This one rule serves
merges, undos, and what an order brings to an account later: a hold let go of, a sale voided.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty import ledger
from services.loyalty.entries import Balance, EntryRow, Place
from services.loyalty.ledger import Journal
from services.loyalty.lots import MOVEMENTS, Lot, Lots, Movement
from shared.ids import new_id


class _Debt(msgspec.Struct, frozen=True):
    """A row of `moved_debts`."""

    id: UUID
    member_id: UUID
    from_account_id: UUID
    to_account_id: UUID
    amount: int
    issuing_store_id: UUID
    issuing_franchisee_id: UUID | None

    @property
    def issuer(self) -> Place:
        return Place(self.issuing_store_id, self.issuing_franchisee_id)


class _History(msgspec.Struct, frozen=True):
    account_id: UUID
    movements: list[Movement]


class _Read(msgspec.Struct, frozen=True):
    """`origins`: the member who got a lot, by the entry that gave it."""

    accounts: list[_History]
    origins: dict[int, UUID]
    debts: list[_Debt]


class Flow(msgspec.Struct, frozen=True):
    """An amount that went from one member's account to another's."""

    kind: str
    source_id: UUID
    target_id: UUID
    amount: int


class _Side(msgspec.Struct):
    """An account with its lots."""

    balance: Balance
    lots: Lots

    def free(self) -> list[tuple[Lot, int]]:
        """Lots, and what of each no order holds; with what of them only covers a debt of before
        they were moved here."""
        usable = {id(lot): points for lot, points in self.lots.usable(max(self.balance.held, 0))}
        found = ((lot, usable.get(id(lot), 0) + self.lots.paying(lot)) for lot in self.lots.all())
        return [(lot, amount) for lot, amount in found if amount]


class Carried(msgspec.Struct, frozen=True):
    """What was moved; `spent`: by kind, what was used of lots that are not of whose account they
    are on."""

    flows: list[Flow]
    spent: dict[tuple[UUID, str], int]

    def into(self, member_id: UUID, kind: str) -> int:
        """What came to a member, less what left."""
        flows = [flow for flow in self.flows if flow.kind == kind]
        came = sum(flow.amount for flow in flows if flow.target_id == member_id)
        return came - sum(flow.amount for flow in flows if flow.source_id == member_id)


def carry_entangled(session: Session, member_ids: Iterable[UUID], now: datetime) -> None:
    """As `carry`, for those of these members who ever took part in a merge."""
    ids = list(member_ids)
    if session.scalar(_ENTANGLED, {"ids": ids}):
        carry(session, ids, now)


def carry(
    session: Session,
    member_ids: Iterable[UUID],
    now: datetime,
    document: tuple[UUID, str] | None = None,
) -> Carried:
    """Move what is free on the accounts of these members, and of all they were merged with, to whom
    it belongs; under `document`, or one of its own."""
    near = list(session.scalars(_NEAR, {"ids": list(member_ids)}))
    rows = session.execute(_LOCK, {"ids": near})
    survivors = {row.member_id: row.survivor_id or row.member_id for row in rows}
    balances = ledger.lock(session, near)
    work = _Carrying(session, survivors, balances, now, document or (new_id(), "merge"))
    work.return_debts()
    work.move_lots()
    work.pay_what_is_owed()
    work.move_debts()
    work.write(session)
    return work.carried()


class _Books(Journal):
    """A journal that moves value between the accounts of two members."""

    def carry(
        self,
        document: tuple[UUID, str],
        amount: int,
        source: tuple[Balance, dict[str, Any]],
        target: tuple[Balance, dict[str, Any]],
        issuer: Place,
    ) -> None:
        """Move value (`amount` > 0) between accounts of two members, as a fact; with each, what is
        to stand in its entry. The account it comes to is looked at for what expires."""
        transaction = self._transaction(document)
        for (balance, entry), signed in ((source, -amount), (target, amount)):
            change = self._change(balance, signed, is_fact=True)
            if balance.unit == "points":
                change.expiry_due = self.now
            if signed > 0 and balance.issuing_store_id is None:
                balance.issuing_store_id = change.issuing_store_id = issuer.store_id
                balance.issuing_franchisee_id = change.issuing_franchisee_id = issuer.franchisee_id
            side: dict[str, Any] = {"rule_version": None, "detail": None} | entry
            self._entries.append(
                EntryRow(
                    transaction_id=transaction.id,
                    account_id=balance.account_id,
                    unit=balance.unit,
                    amount=signed,
                    balance_after=balance.balance,
                    document_id=document[0],
                    issuing_store_id=issuer.store_id,
                    issuing_franchisee_id=issuer.franchisee_id,
                    accepting_store_id=None,
                    accepting_franchisee_id=None,
                    **side,
                )
            )

    @property
    def is_empty(self) -> bool:
        return not self._changes


class _Carrying:
    def __init__(
        self,
        session: Session,
        survivors: dict[UUID, UUID],
        balances: list[Balance],
        now: datetime,
        document: tuple[UUID, str],
    ) -> None:
        self.survivors = survivors
        self.document = document
        self.journal = _Books(balances, now)
        self.flows: list[Flow] = []
        self.debts: list[_Debt] = []
        self.returned: list[UUID] = []
        accounts = [balance.account_id for balance in balances]
        answer = session.execute(_READ, {"accounts": accounts}).scalar_one()
        self.read = msgspec.json.decode(answer, type=_Read, strict=False)
        lots = {each.account_id: Lots(each.movements) for each in self.read.accounts}
        sides = [_Side(balance, lots[balance.account_id]) for balance in balances]
        for side in sides:
            if side.lots.balance != side.balance.balance:
                raise RuntimeError(f"account {side.balance.account_id} is not its entries")
        self.sides = {(side.balance.member_id, side.balance.kind): side for side in sides}
        self.by_account = {side.balance.account_id: side for side in sides}

    def return_debts(self) -> None:
        """A debt that was moved goes back to whose it is when another has to bear it."""
        for debt in self.read.debts:
            bearer, origin = self.by_account[debt.to_account_id], debt.from_account_id
            if bearer.balance.frozen or self.by_account[origin].balance.frozen:
                continue
            if self.survivors.get(debt.member_id) != bearer.balance.member_id:
                self._post(
                    (debt.id, "merge_back"), debt.amount, self.by_account[origin], bearer,
                    {"reason": "merged_out_back"}, {"reason": "merged_in_back"}, debt.issuer,
                )  # fmt: skip
                self.returned.append(debt.id)

    def move_lots(self) -> None:
        for side in self.sides.values():
            for lot, amount in side.free():
                target = self._rightful(side, lot)
                if target is not side:
                    self._move(lot, amount, side, target)

    def pay_what_is_owed(self) -> None:
        """Points taken back that are no longer where they were given: out of the very lot, else as
        a debt of whom they belong to."""
        for side in self.sides.values():
            for lot in side.lots.all():
                target = self._rightful(side, lot)
                if not lot.owed or target is side:
                    continue
                below, used = side.lots.owing(lot)
                strange = (n for each, n in used if self._rightful(side, each) is not target)
                due = min(lot.owed, below + sum(strange))
                there = target.lots.of_id(lot.id)
                own = sum(amount for each, amount in target.free() if each is there)
                if pulled := min(due, own):
                    self._move(lot, pulled, target, side)
                if due > pulled:
                    entry = {"reason": "merged_out", "lot_id": lot.id, "earned_on": lot.given.day}
                    self._owe(self._origin(side, lot), due - pulled, side, target, lot.given, entry)

    def move_debts(self) -> None:
        """Nobody who was merged stays below zero."""
        for side in self.sides.values():
            target = self._survivor_side(side, side.balance.member_id)
            if target is not side:
                for taken, debt in side.lots.debts():
                    entry = {"reason": "merged_out"}
                    self._owe(side.balance.member_id, debt, side, target, taken, entry)

    def write(self, session: Session) -> None:
        if self.journal.is_empty:
            return
        self.journal.write(session)
        session.execute(
            _DEBTS,
            {"made": msgspec.json.encode(self.debts).decode(), "returned": self.returned},
        )

    def carried(self) -> Carried:
        spent: dict[tuple[UUID, str], int] = {}
        for key, side in self.sides.items():
            foreign = (lot for lot in side.lots.all() if self._rightful(side, lot) is not side)
            spent[key] = sum(lot.brought - lot.left for lot in foreign)
        return Carried(self.flows, spent)

    def _origin(self, side: _Side, lot: Lot) -> UUID:
        return self.read.origins.get(lot.id, side.balance.member_id)

    def _rightful(self, side: _Side, lot: Lot) -> _Side:
        """Where a lot belongs; where it is, if there is no such account in its unit."""
        return self._survivor_side(side, self._origin(side, lot))

    def _survivor_side(self, side: _Side, member_id: UUID) -> _Side:
        if side.balance.frozen:  # it follows when it is frozen no longer
            return side
        survivor_id = self.survivors.get(member_id, side.balance.member_id)
        target = self.sides.get((survivor_id, side.balance.kind))
        if target is None or target.balance.frozen or target.balance.unit != side.balance.unit:
            return side
        return target

    def _move(self, lot: Lot, amount: int, source: _Side, target: _Side) -> None:
        given = lot.given
        life = {
            "lot_id": lot.id,
            "earned_on": given.day,
            "valid_until": given.valid_until,
            "expires_at": given.expires_at,
            "expiry_version": given.version,
        }
        here = source.lots.of_id(lot.id)
        used = here.brought - amount if here and self.document[1] == "merge_back" else 0
        why = f"合并期间已用去 {used} / {used} used meanwhile" if used > 0 else None
        self._post(
            self.document, amount, source, target,
            life | {"reason": "merged_out"}, life | {"reason": "merged_in", "detail": why},
            Place(given.store_id, given.franchisee_id),
        )  # fmt: skip

    def _owe(
        self,
        member_id: UUID,
        amount: int,
        side: _Side,
        bearer: _Side,
        taken: Movement,
        entry: dict[str, Any],
    ) -> None:
        """Have another account bear what this one owes: value of whoever gave what was taken. It is
        noted what another than the member bears, to go back to the member's own account."""
        if taken.store_id is None:
            raise RuntimeError(f"nobody gave what account {side.balance.account_id} owes")
        own = self.sides.get((member_id, side.balance.kind), side)
        debt = _Debt(
            new_id(), member_id, own.balance.account_id, bearer.balance.account_id, amount,
            taken.store_id, taken.franchisee_id,
        )  # fmt: skip
        into = {"reason": "merged_in"}
        self._post((debt.id, "merge"), amount, bearer, side, into, entry, debt.issuer)
        if bearer is not own:
            self.debts.append(debt)

    def _post(
        self,
        document: tuple[UUID, str],
        amount: int,
        source: _Side,
        target: _Side,
        out: dict[str, Any],
        into: dict[str, Any],
        issuer: Place,
    ) -> None:
        """Enter a movement, and take it into the lots of both sides."""
        self.journal.carry(document, amount, (source.balance, out), (target.balance, into), issuer)
        ids = source.balance.member_id, target.balance.member_id
        self.flows.append(Flow(source.balance.kind, *ids, amount))
        for side, entry, signed in ((source, out, -amount), (target, into, amount)):
            side.lots.replay(
                Movement(
                    id=-2 * len(self.flows) + (signed > 0),  # not in the ledger yet
                    amount=signed,
                    reason=entry["reason"],
                    document_id=document[0],
                    store_id=issuer.store_id,
                    franchisee_id=issuer.franchisee_id,
                    earned_on=entry.get("earned_on"),
                    valid_until=entry.get("valid_until"),
                    expires_at=entry.get("expires_at"),
                    version=entry.get("expiry_version"),
                    lot_id=entry.get("lot_id"),
                    day=entry.get("earned_on"),
                )
            )


_ENTANGLED = text(
    "SELECT EXISTS (SELECT FROM merges WHERE merged_id = ANY(:ids) OR survivor_id = ANY(:ids))"
)
_NEAR = text(
    """WITH RECURSIVE near (id) AS (
        SELECT unnest(CAST(:ids AS uuid[]))
        UNION
        SELECT both_ids.id FROM near
        JOIN merges g ON g.merged_id = near.id OR g.survivor_id = near.id
        CROSS JOIN LATERAL (VALUES (g.merged_id), (g.survivor_id)) AS both_ids(id)
    ) SELECT id FROM near"""
)
_LOCK = text(
    "SELECT member_id, survivor_id FROM members WHERE member_id = ANY(:ids)"
    " ORDER BY member_id FOR NO KEY UPDATE"
)
# A lot is of the member its order or document names, else of whose account it was given on.
_READ = text(
    " ".join(
        (
            """SELECT CAST(json_build_object('accounts', (SELECT coalesce(json_agg(
                json_build_object('account_id', points.account_id, 'movements',""", MOVEMENTS,
            """)), '[]') FROM member_accounts points WHERE points.account_id = ANY(:accounts)),
            'origins', (SELECT coalesce(json_object_agg(given.id,
                    coalesce(o.member_id, d.member_id, ma.member_id)), '{}')
                FROM (SELECT DISTINCT coalesce(lot_id, id) AS id FROM entries
                    WHERE account_id = ANY(:accounts) AND amount > 0) lot
                JOIN entries given ON given.id = lot.id
                JOIN member_accounts ma ON ma.account_id = given.account_id
                LEFT JOIN orders_booked o ON o.order_id = given.document_id AND o.kind = 'sale'
                LEFT JOIN documents d ON d.id = given.document_id),
            'debts', (SELECT coalesce(json_agg(m ORDER BY m.id), '[]') FROM moved_debts m
                WHERE m.to_account_id = ANY(:accounts) AND NOT m.returned)) AS text)""",
        )
    )
)  # fmt: skip
_DEBTS = text(
    """WITH returned AS (
        UPDATE moved_debts SET returned = true WHERE id = ANY(CAST(:returned AS uuid[]))
    ) INSERT INTO moved_debts (id, member_id, from_account_id, to_account_id, amount,
        issuing_store_id, issuing_franchisee_id)
    SELECT * FROM json_to_recordset(CAST(:made AS json))
        AS d(id uuid, member_id uuid, from_account_id uuid, to_account_id uuid, amount bigint,
        issuing_store_id uuid, issuing_franchisee_id uuid)"""
)
