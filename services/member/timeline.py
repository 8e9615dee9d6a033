"""The timeline: everything that happened with a member, from events and from what staff write down.

It answers what a clerk has to know before saying hello: what this person bought, asked for and was
told, in whichever store. What was written down belongs to the store it was written in, and is
seen by those whose scope has that store; what the chain booked is seen by all (M14, K40).
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Row, func, or_, select, text, true, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.member import fields, formulas, phones
from services.member.fields import Owner, Reader
from services.member.models import Happening as HappeningRow
from services.member.models import Profile, Store
from services.member.phones import Keyring
from services.member.views import group_of
from shared import outbox
from shared.contracts import Envelope
from shared.contracts.campaign import CouponRedeemed
from shared.contracts.loyalty import OrderBooked, PointsAdjusted, TierChanged, WalletToppedUp
from shared.contracts.loyalty.mall import PointsRedeemed, RedemptionCancelled
from shared.contracts.loyalty.returns import ReturnBooked
from shared.contracts.loyalty.tiers import NearNextTier, TierLapsing
from shared.contracts.member import (
    ContactKind,
    ContactRecorded,
    GetTimeline,
    Happening,
    RecordContact,
)
from shared.errors import InvalidInput, Refusal
from shared.ids import new_id
from shared.paging import Page, decode_moment, page_of
from shared.seal import Caller, ScopeKind
from shared.stores import find_store, require_store, stores_within

CLOCKS_APART = timedelta(minutes=5)
"""How far the clock of a device may be ahead of ours."""
_INSERT = text("""
INSERT INTO happenings (id, member_id, at, kind, store_id, staff_id, document_id, figures)
SELECT id, member_id, at, kind, store_id, staff_id, document_id, coalesce(figures, '{}')
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS told
    (id uuid, member_id uuid, at timestamptz, kind text, store_id uuid, staff_id uuid,
     document_id uuid, figures jsonb)
""")


def record_contact(
    session: Session, keys: Keyring, caller: Caller, command: RecordContact
) -> Happening:
    """Write down a contact once; see `RecordContact`."""
    store = require_store(session, Store, caller, command.store_id)
    now = datetime.now(UTC)
    at = command.happened_at or now
    if at.tzinfo is None or at > now + CLOCKS_APART:
        raise InvalidInput("INVALID_INPUT", {"field": "$.happened_at", "reason": "not yet"})
    _require_member(session, command.member_id)
    values = {
        "id": command.id,
        "member_id": command.member_id,
        "at": at,
        "kind": command.kind,
        "store_id": store.id,
        "staff_id": caller.id if caller.kind == "staff" else None,
        "text": command.text.strip(),
        "fields_digest": _digest(keys, command.fields),
    }
    # Sent again, it is compared with what it said, not judged by fields that have changed since.
    if session.get(HappeningRow, command.id) is None:
        country = phones.country_of(store.time_zone)
        owner = Owner("contact", command.id, country, command.member_id)
        values["fields"] = fields.written(session, keys, caller, owner, command.fields)
    new = session.scalar(
        insert(HappeningRow).values(values).on_conflict_do_nothing().returning(HappeningRow.id)
    )
    if new:
        event = ContactRecorded(
            happening_id=command.id,
            member_id=command.member_id,
            store_id=store.id,
            kind=command.kind,
        )
        outbox.emit(session, (event, command.id, 1))
    row = session.execute(select(HappeningRow.__table__).where(HappeningRow.id == command.id)).one()
    unsaid = ("at", "staff_id", "fields")
    said = {name: value for name, value in values.items() if name not in unsaid}
    same_time = command.happened_at is None or row.at == at
    if not same_time or any(row._mapping[name] != value for name, value in said.items()):
        raise Refusal("HAPPENING_ID_TAKEN")
    return _happening(session, row, Reader(session, keys, caller, "contact"))


def get_timeline(
    session: Session, keys: Keyring, caller: Caller, command: GetTimeline
) -> Page[Happening]:
    """A page of a member's timeline, newest first; with that of those merged into the member."""
    survivor_id = _require_member(session, command.member_id)
    wanted = [HappeningRow.member_id == group_of(survivor_id), _seen_by(caller)]
    if command.kinds:
        wanted.append(HappeningRow.kind.in_(command.kinds))
    if command.after is not None:
        wanted.append(tuple_(HappeningRow.at, HappeningRow.id) < decode_moment(command.after))
    rows = session.execute(
        select(HappeningRow.__table__)
        .where(*wanted)
        .order_by(HappeningRow.at.desc(), HappeningRow.id.desc())
        .limit(command.first + 1)
    ).all()
    page = page_of(rows, command.first, lambda row: (row.at.isoformat(), str(row.id)))
    reader = Reader(session, keys, caller, "contact")
    items = [_happening(session, row, reader) for row in page.items]
    return Page(items=items, cursors=page.cursors, has_next=page.has_next)


def tell(session: Session, rows: Iterable[dict[str, Any]]) -> None:
    """Append to timelines, as one statement: id, member_id, at, kind and what else there is."""
    told = list(rows)
    if told:
        session.execute(_INSERT, {"rows": msgspec.json.encode(told).decode()})


def handed_over(member_id: UUID, associate_id: UUID) -> dict[str, Any]:
    """A row for `tell`: somebody looks after the member from now on."""
    return {
        "id": new_id(),
        "member_id": member_id,
        "at": datetime.now(UTC),
        "kind": "handed_over",
        "staff_id": associate_id,
    }


def on_order_booked(session: Session, envelopes: list[Envelope[OrderBooked]]) -> None:
    """Points that an order has brought or used (M4)."""
    tell(
        session,
        (
            _told(
                each, "points", each.data.order_id, points=-points if each.data.voided else points
            )
            for each in envelopes
            if (points := each.data.points_earned - each.data.points_spent)
        ),
    )


def on_return_booked(session: Session, envelopes: list[Envelope[ReturnBooked]]) -> None:
    """Points that went and came with goods that were brought back."""
    tell(
        session,
        (
            _told(each, "points", each.data.order_id, points=points)
            for each in envelopes
            if (points := each.data.points_given - each.data.points_taken)
        ),
    )


def on_points_adjusted(session: Session, envelopes: list[Envelope[PointsAdjusted]]) -> None:
    tell(
        session,
        (
            _told(each, "points", each.data.adjustment_id, points=each.data.points)
            for each in envelopes
        ),
    )


def on_points_redeemed(
    session: Session,
    envelopes: Sequence[Envelope[PointsRedeemed] | Envelope[RedemptionCancelled]],
) -> None:
    """Points that went to the mall, or came back from it."""
    tell(
        session,
        (
            _told(
                each,
                "points",
                each.data.redemption_id,
                points=-each.data.points
                if isinstance(each.data, PointsRedeemed)
                else each.data.points,
            )
            for each in envelopes
        ),
    )


def on_wallet_topped_up(session: Session, envelopes: list[Envelope[WalletToppedUp]]) -> None:
    tell(
        session,
        (
            _told(
                each,
                "top_up",
                each.data.top_up_id,
                amount_minor=each.data.paid_minor,
                currency=each.data.currency,
            )
            for each in envelopes
        ),
    )


def on_tier_changed(session: Session, envelopes: list[Envelope[TierChanged]]) -> None:
    tell(
        session,
        (
            _told(
                each,
                "tier",
                None,
                tier_name_zh=each.data.tier_name_zh,
                tier_name_en=each.data.tier_name_en,
            )
            for each in envelopes
        ),
    )


def on_tier_lapsing(session: Session, envelopes: list[Envelope[TierLapsing]]) -> None:
    """Until when a tier is held, and what is missing to keep it."""
    tell(session, (_tier_ahead(each, "tier_lapsing", until=each.data.until) for each in envelopes))


def on_near_next_tier(session: Session, envelopes: list[Envelope[NearNextTier]]) -> None:
    """What is missing to the next tier, now that it is little (T4)."""
    tell(session, (_tier_ahead(each, "near_tier") for each in envelopes))


def on_coupon_redeemed(session: Session, envelopes: list[Envelope[CouponRedeemed]]) -> None:
    """Coupons that were used; one that is given back shows in the void of its order."""
    tell(
        session,
        (
            _told(each, "coupon", each.data.order_id, coupon_code=each.data.code)
            for each in envelopes
            if each.data.member_id is not None and not each.data.returned
        ),
    )


def _tier_ahead(
    envelope: Envelope[TierLapsing] | Envelope[NearNextTier], kind: str, **figures: Any
) -> dict[str, Any]:
    told = envelope.data
    names = (
        (told.tier_name_zh, told.tier_name_en)
        if isinstance(told, TierLapsing)
        else (told.next_tier_name_zh, told.next_tier_name_en)
    )
    missing: dict[str, Any] = {"points": told.missing}
    if told.basis == "spend":
        missing = {"amount_minor": told.missing, "currency": told.currency}
    return _told(
        envelope, kind, None, tier_name_zh=names[0], tier_name_en=names[1], **missing, **figures
    )


def _told(
    envelope: Envelope[Any], kind: str, document_id: UUID | None, **figures: Any
) -> dict[str, Any]:
    return {
        "id": envelope.id,
        "member_id": envelope.data.member_id,
        "at": envelope.time,
        "kind": kind,
        "store_id": getattr(envelope.data, "store_id", None),
        "document_id": document_id,
        "figures": figures,
    }


def _seen_by(caller: Caller) -> ColumnElement[bool]:
    """What the caller may see of a timeline: what staff wrote down only in stores of its scope."""
    if caller.scope_kind is ScopeKind.CHAIN:
        return true()
    own = select(Store.id).where(stores_within(Store, caller))
    contact = HappeningRow.kind.in_(get_args(ContactKind))
    return or_(~contact, HappeningRow.store_id.in_(own))


def _require_member(session: Session, member_id: UUID) -> UUID:
    """The member an id stands for."""
    survivor = func.coalesce(Profile.survivor_id, Profile.id)
    open_ = (Profile.id == member_id, Profile.erased_at.is_(None))
    found: UUID | None = session.scalar(select(survivor).where(*open_))
    if found is None:
        raise Refusal("UNKNOWN_MEMBER", {"member_id": member_id})
    return found


def _digest(keys: Keyring, given: dict[str, Any]) -> bytes | None:
    return keys.digest_of(msgspec.json.encode(given, order="deterministic")) if given else None


def _happening(session: Session, row: Row[Any], reader: Reader) -> Happening:
    def facts() -> tuple[dict[str, formulas.Value], date]:
        """Formulas of a contact are as of its day."""
        return {}, find_store(session, Store, row.store_id).business_date(row.at)

    contact = row.kind in get_args(ContactKind)
    until = row.figures.get("until")
    return Happening(
        id=row.id,
        at=row.at,
        kind=row.kind,
        store_id=row.store_id,
        staff_id=row.staff_id,
        document_id=row.document_id,
        text=row.text,
        fields=reader.read(row.id, row.fields, facts) if contact else [],
        **row.figures | {"until": until and date.fromisoformat(until)},
    )
