"""Points expire, with notice ahead: what is due is found by `balances.expiry_due` (L9, K34, K43).

Each batch is one transaction, and what it has done is no longer due: a run may be killed anywhere,
and goes on where it stopped. A batch is one document, in which each account has its entries and
each store one for all of them (ADR 0038). Its id is made of the first account of which points
expire and the last entry that was reckoned from, and documents are booked once.
"""

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty import plain_expiry
from services.loyalty.due import Due, array
from services.loyalty.ledger import BALANCE, LEDGER, Balance, Journal, Place
from services.loyalty.lots import MOVEMENTS, Life, Lot, Lots, Movement, notice_at
from services.loyalty.plain_expiry import DETAIL_DAYS
from shared import outbox, telemetry
from shared.contracts.loyalty import ExpiryRule, PointsExpiring

LIMIT = 500
"""As few that the tills, which the same process answers, hardly wait for a batch."""
HELD_AGAIN = timedelta(minutes=5)
"""Points that an order holds past their time are looked at again after so long."""

_EXPIRIES = uuid5(NAMESPACE_URL, "chainstitch:loyalty:expiries")
log = structlog.get_logger()


class _History(msgspec.Struct):
    """What an account's points are reckoned from; `noticed` are the days it was told of."""

    account_id: UUID
    home_store_id: UUID | None
    noticed: list[date]
    movements: list[Movement]


class _Read(msgspec.Struct):
    rules: dict[int, ExpiryRule]
    accounts: list[_History]


class _Notice(msgspec.Struct, frozen=True):
    account_id: UUID
    valid_until: date
    points: int


def expire(session: Session, now: datetime, limit: int = LIMIT, due: Due | None = None) -> int:
    """Let the points of some members expire whose time is over, and tell of those whose is near.

    Returns how many accounts were looked at; below `limit` nothing more is due. One replica at a
    time does it. Points held by an order on its way stay until the order has ended.
    """
    if not session.scalar(_TRY_ALONE, execution_options=telemetry.UNCOUNTED):
        return 0
    accounts = (due or Due()).take(session, _DUE, now, limit)
    if not accounts:
        return 0
    # The balances are locked before the entries are read: what commits in between is among them.
    asked = array(accounts)
    locked = session.scalar(_LOCK, {"accounts": asked, "now": now})
    if locked and plain_expiry.expire(session, asked, now) < locked:
        rows = session.execute(_STILL_DUE, {"accounts": asked, "now": now})
        _Run(session, [Balance(*row) for row in rows], now).write(session)
    return len(accounts)


class _Run:
    """One batch: what expires, and who is told of what."""

    def __init__(self, session: Session, balances: list[Balance], now: datetime) -> None:
        self.now = now
        self.journal = Journal(balances, now)
        self.notices: list[_Notice] = []
        self.events: list[tuple[PointsExpiring, UUID, int]] = []
        self.expired = 0
        self.document: UUID | None = None
        accounts = [balance.account_id for balance in balances]
        answer = session.execute(_READ, {"accounts": accounts}).scalar_one()
        read = msgspec.json.decode(answer, type=_Read, strict=False)
        self.rules = read.rules
        histories = {history.account_id: history for history in read.accounts}
        for balance in balances:
            self._reckon(balance, histories[balance.account_id])

    def write(self, session: Session) -> None:
        notices = msgspec.json.encode(self.notices).decode()
        parameters: dict[str, Any] = {**self.journal.parameters(), "notices": notices}
        self.journal.expect(session.execute(_WRITE, parameters).scalar_one())
        outbox.emit(session, *self.events)
        if self.expired or self.notices:
            log.info("points expired", points=self.expired, notices=len(self.notices))

    def _reckon(self, balance: Balance, history: _History) -> None:
        lots = Lots(history.movements)
        if lots.balance != balance.balance:  # the audit shows it; the others are not to wait
            log.error("a balance is not the sum of its entries", account=balance.account_id)
            self.journal.reckoned(balance, self.now + timedelta(days=1))
            return
        self._let_expire(balance, lots)
        due = [lot for lot in lots.open() if lot.given.expires_at]
        soonest = min(map(self._notice_at, due), default=None)
        if soonest is not None and soonest <= self.now:
            told = self._tell(balance, history, due)
            soonest = min(self._next_look(lot, told) for lot in due)
        self.journal.reckoned(balance, soonest)

    def _let_expire(self, balance: Balance, lots: Lots) -> None:
        """Book what is past its time out, one entry for each store and date; why is its detail."""
        gone: dict[tuple[Place, datetime, int], list[tuple[Movement, int]]] = defaultdict(list)
        for lot, points in list(lots.usable(balance.held)):
            given = lot.given
            if given.expires_at and given.version and given.expires_at <= self.now:
                place = Place(given.store_id, given.franchisee_id)
                gone[place, given.expires_at, given.version].append((given, points))
                lot.left -= points
                self.expired += points
        if gone and self.document is None:
            self.document = uuid5(_EXPIRIES, f"{balance.account_id}:{lots.last_id}")
        for (place, expires_at, version), parts in gone.items():
            first = min(given.earned_on for given, _ in parts if given.earned_on)
            until = parts[0][0].valid_until
            # The database has all of a life or nothing.
            assert until is not None and self.document is not None  # noqa: S101, PT018
            self.journal.expire(
                (self.document, "expiry"),
                balance,
                sum(points for _, points in parts),
                place,
                Life(first, until, expires_at, expires_at, version),
                detail=why(parts),
            )

    def _tell(self, balance: Balance, history: _History, due: list[Lot]) -> set[date]:
        """Give notice of each day that is near, once; returns all days that notice was given of."""
        told = set(history.noticed)
        coming: dict[date, list[Lot]] = defaultdict(list)
        for lot in due:
            until, expires_at = lot.given.valid_until, lot.given.expires_at
            # What is past its time is only held by an order: too late for a notice.
            if until and expires_at and expires_at > self.now and until not in told:
                coming[until].append(lot)
        for day, of_day in coming.items():
            if min(map(self._notice_at, of_day)) > self.now:
                continue
            told.add(day)
            points = sum(lot.left for lot in of_day)
            self.notices.append(_Notice(balance.account_id, day, points))
            event = PointsExpiring(
                member_id=balance.member_id,
                store_id=history.home_store_id,
                points=points,
                valid_until=day,
                rule_version=of_day[0].given.version or 0,
            )
            self.events.append((event, balance.member_id, day.toordinal()))
        return told

    def _next_look(self, lot: Lot, told: set[date]) -> datetime:
        expires_at = lot.given.expires_at
        assert expires_at is not None  # noqa: S101  (only lots that expire are looked at)
        if expires_at <= self.now:
            return self.now + HELD_AGAIN
        return expires_at if lot.given.valid_until in told else self._notice_at(lot)

    def _notice_at(self, lot: Lot) -> datetime:
        given = lot.given
        assert given.expires_at is not None and given.version is not None  # noqa: S101, PT018
        return notice_at(given.expires_at, self.rules[given.version].notice_days)


def why(parts: list[tuple[Movement, int]]) -> str:
    """Which earnings points are of: `2025-03-02: 120, 2025-03-09: 30`; at most so many days, then
    how many more there are and the last of them."""
    by_day: dict[date, int] = defaultdict(int)
    for given, points in parts:
        if given.earned_on:
            by_day[given.earned_on] += points
    days = [f"{day}: {points}" for day, points in sorted(by_day.items())]
    if len(days) > DETAIL_DAYS:
        left_out = len(days) - DETAIL_DAYS
        days = [*days[: DETAIL_DAYS - 1], f"… (+{left_out})", days[-1]]
    return ", ".join(days)


_TRY_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext('points.expiry'))")
# In one order with whoever asks again for those that are due at the same instant.
_DUE = text(
    "SELECT account_id FROM balances WHERE expiry_due <= :now"
    " ORDER BY expiry_due, account_id LIMIT :limit"
)
# Locked in the order everybody else locks them in.
_LOCK = text(
    """SELECT count(*) FROM (
        SELECT FROM balances WHERE account_id = ANY(CAST(:accounts AS uuid[]))
            AND expiry_due <= :now ORDER BY account_id FOR NO KEY UPDATE) locked"""
)
_STILL_DUE = text(
    " ".join(
        (
            "SELECT", BALANCE, """WHERE b.account_id = ANY(CAST(:accounts AS uuid[]))
            AND b.expiry_due <= :now ORDER BY b.account_id""",
        )
    )
)  # fmt: skip
_READ = text(
    " ".join(
        (
            """SELECT CAST(json_build_object(
                'rules', (SELECT coalesce(json_object_agg(version, body), '{}') FROM rules
                    WHERE kind = 'expiry'),
                'accounts', (SELECT coalesce(json_agg(json_build_object(
                    'account_id', points.account_id, 'home_store_id', m.home_store_id,
                    'noticed', (SELECT coalesce(json_agg(n.valid_until), '[]')
                        FROM expiry_notices n WHERE n.account_id = points.account_id),
                    'movements',""", MOVEMENTS, """)), '[]')
                FROM member_accounts points JOIN members m USING (member_id)
                WHERE points.account_id = ANY(:accounts))) AS text)""",
        )
    )
)  # fmt: skip
_WRITE = text(
    " ".join(
        (
            "WITH", LEDGER, """, noticed AS (
                INSERT INTO expiry_notices (account_id, valid_until, points, at)
                SELECT n.*, CAST(:now AS timestamptz)
                FROM json_to_recordset(CAST(:notices AS json))
                    AS n(account_id uuid, valid_until date, points bigint)
            ) SELECT count(*) FROM changed""",
        )
    )
)  # fmt: skip
