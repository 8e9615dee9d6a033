"""Members and their accounts: opened once, read in any store (K28, V4).

A member has one account for points, one for the wallet's principal and one for its bonus. They
are opened when the member registers, or by the first order or top-up if that comes to us earlier.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.loyalty import standing, tiers
from services.loyalty.lots import MOVEMENTS, Lots, Movement
from services.loyalty.standing import LadderInForce, Progress
from services.loyalty.tiers import LADDER, LADDER_JSON, PROGRESS, TODAY
from shared.contracts import Envelope
from shared.contracts.loyalty import Account, Accounts, GetAccounts
from shared.contracts.member import MemberRegistered
from shared.contracts.member.imports import MembersImported
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Caller


class Opening(msgspec.Struct, frozen=True):
    """A member to be known here; without a currency it is that of the home store."""

    member_id: UUID
    home_store_id: UUID | None = None
    currency: str | None = None


class _OpeningRow(msgspec.Struct, frozen=True):
    member_id: UUID
    home_store_id: UUID | None
    currency: str | None
    points_id: UUID
    principal_id: UUID
    bonus_id: UUID


def on_member_registered(session: Session, envelopes: list[Envelope[MemberRegistered]]) -> None:
    """Open the accounts of new members, and give them the lowest tier if it begins at nothing."""
    events = [envelope.data for envelope in envelopes]
    open_accounts(session, [Opening(e.member_id, e.home_store_id) for e in events])
    tiers.assess(session, [event.member_id for event in events], datetime.now(UTC))


def on_members_imported(session: Session, envelopes: list[Envelope[MembersImported]]) -> None:
    """The same for those who came with imports."""
    arrived = [item for envelope in envelopes for item in envelope.data.items]
    open_accounts(session, [Opening(each.member_id, each.home_store_id) for each in arrived])
    tiers.assess(session, [each.member_id for each in arrived], datetime.now(UTC))


def open_accounts(session: Session, openings: Iterable[Opening]) -> None:
    """Make members known, and open those of their accounts that are missing.

    Where no currency is known yet (the store's event is still on its way), the accounts wait for
    the first order or top-up.
    """
    by_member = {opening.member_id: opening for opening in openings}
    rows = [
        _OpeningRow(
            opening.member_id,
            opening.home_store_id,
            opening.currency,
            points_id=new_id(),
            principal_id=new_id(),
            bonus_id=new_id(),
        )
        for _, opening in sorted(by_member.items())
    ]
    session.execute(_OPEN, {"openings": msgspec.json.encode(rows).decode()})


def get_accounts(session: Session, caller: Caller, command: GetAccounts) -> Accounts:
    """Balances, tier and progress; all stores see them (M14). Unknown members are left out."""
    return Accounts(items=accounts_of(session, command.member_ids, datetime.now(UTC)))


def account_of(session: Session, member_id: UUID, now: datetime) -> Account:
    """One account; raises `Refusal("UNKNOWN_MEMBER")`."""
    found = accounts_of(session, [member_id], now)
    if not found:
        raise Refusal("UNKNOWN_MEMBER")
    return found[0]


def accounts_of(session: Session, member_ids: Sequence[UUID], now: datetime) -> list[Account]:
    """The accounts of members, in the order of their ids; tiers as of `now`. Of who was merged it
    is the survivor's."""
    parameters = {"member_ids": list(member_ids), "now": now}
    read = msgspec.json.decode(session.execute(_READ, parameters).scalar_one(), type=_Read)
    return [_account(member, read.ladder, now) for member in read.members]


class _Balances(Progress, kw_only=True):
    balances: dict[str, tuple[int, int, bool]]
    shown_currency: str
    movements: list[Movement] | None


class _Read(msgspec.Struct):
    ladder: LadderInForce | None
    members: list[_Balances]


def _account(member: _Balances, ladder: LadderInForce | None, now: datetime) -> Account:
    nothing = (0, 0, False)
    points, points_held, points_frozen = member.balances.get("points", nothing)
    principal, principal_held, wallet_frozen = member.balances.get("principal", nothing)
    bonus, bonus_held, _ = member.balances.get("bonus", nothing)
    held = standing.hold(member, ladder.body) if ladder else None
    tier = held.tier if held else None
    ahead = held.next if held else None
    expiring, valid_until = _next_expiry(member.movements or [], points_held, now)
    return Account(
        member_id=member.member_id,
        currency=member.shown_currency,
        points=points - points_held,
        points_held=points_held,
        wallet_principal_minor=principal - principal_held,
        wallet_bonus_minor=bonus - bonus_held,
        wallet_held_minor=principal_held + bonus_held,
        tier=tier.code if tier else None,
        tier_name_zh=tier.name_zh if tier else None,
        tier_name_en=tier.name_en if tier else None,
        progress=held.progress if held else 0,
        next_tier=ahead.code if ahead else None,
        next_tier_name_zh=ahead.name_zh if ahead else None,
        next_tier_name_en=ahead.name_en if ahead else None,
        missing=held.missing if held else None,
        nudge=held.nudge if held else False,
        basis=ladder.body.basis if ladder else None,
        ladder_version=ladder.version if ladder else None,
        points_expiring=expiring,
        points_valid_until=valid_until,
        points_frozen=points_frozen,
        wallet_frozen=wallet_frozen,
        tier_held_by=held.held_by if held else "sum",
        tier_until=held.until if held else None,
        to_keep=held.to_keep if held else None,
        benefits=tier.benefits if tier else [],
    )


def _next_expiry(movements: list[Movement], held: int, now: datetime) -> tuple[int, date | None]:
    """How many points have the next last day, and which day that is."""
    coming: dict[date, int] = {}
    for lot, points in Lots(movements).usable(held):
        until, expires_at = lot.given.valid_until, lot.given.expires_at
        if until and expires_at and expires_at > now:
            coming[until] = coming.get(until, 0) + points
    return (coming[min(coming)], min(coming)) if coming else (0, None)


_OPEN = text(
    """WITH wanted AS (
        SELECT w.*, s.currency AS store_currency
        FROM json_to_recordset(CAST(:openings AS json)) AS w(member_id uuid, home_store_id uuid,
            currency text, points_id uuid, principal_id uuid, bonus_id uuid)
        LEFT JOIN stores s ON s.id = w.home_store_id
    ), known AS (
        INSERT INTO members AS m (member_id, home_store_id, currency)
        SELECT member_id, home_store_id, coalesce(currency, store_currency) FROM wanted
        ORDER BY member_id
        ON CONFLICT (member_id) DO UPDATE
        SET home_store_id = coalesce(m.home_store_id, excluded.home_store_id),
            currency = coalesce(m.currency, excluded.currency)
        WHERE m.home_store_id IS NULL OR m.currency IS NULL
        RETURNING member_id, currency
    ), opened AS (
        INSERT INTO member_accounts (member_id, kind, account_id)
        SELECT w.member_id, k.kind, k.account_id
        FROM wanted w JOIN known USING (member_id)
        CROSS JOIN LATERAL (VALUES ('points', w.points_id), ('principal', w.principal_id),
            ('bonus', w.bonus_id)) AS k(kind, account_id)
        WHERE known.currency IS NOT NULL
        ON CONFLICT DO NOTHING
        RETURNING member_id, kind, account_id
    ), made AS (
        INSERT INTO accounts (id, kind, unit)
        SELECT account_id, kind, CASE kind WHEN 'points' THEN 'points' ELSE known.currency END
        FROM opened JOIN known USING (member_id)
        RETURNING id
    ) INSERT INTO balances (account_id) SELECT id FROM made"""
)
# A member whose store is not known yet is shown in the currency contracts default to.
_READ = text(
    " ".join(
        (
            "WITH", LADDER, ", known AS (SELECT m.*, s.currency AS store_currency,", TODAY,
            """AS as_of FROM members m LEFT JOIN stores s ON s.id = m.home_store_id
            WHERE m.member_id = ANY(ARRAY(SELECT coalesce(survivor_id, member_id) FROM members
                WHERE member_id = ANY(:member_ids)))),""", PROGRESS,
            """, shown AS (SELECT p.*,
                coalesce(k.currency, k.store_currency, 'CNY') AS shown_currency,
                (SELECT coalesce(json_object_agg(ma.kind,
                    json_build_array(b.balance, b.held, b.frozen)), '{}')
                    FROM member_accounts ma JOIN balances b USING (account_id)
                    WHERE ma.member_id = p.member_id) AS balances,
                (SELECT""", MOVEMENTS, """FROM member_accounts points
                    JOIN balances b USING (account_id) WHERE points.member_id = p.member_id
                    AND points.kind = 'points' AND b.expiry_due IS NOT NULL) AS movements
                FROM progress p JOIN known k USING (member_id))
            SELECT CAST(json_build_object('ladder',""", LADDER_JSON, """, 'members',
                (SELECT coalesce(json_agg(shown ORDER BY member_id), '[]') FROM shown)) AS text)""",
        )
    )
)  # fmt: skip
