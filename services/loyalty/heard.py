"""What the loyalty service hears of the others, each event handed to those whom it concerns."""

from sqlalchemy.orm import Session

from services.loyalty import (
    accounts,
    clearing,
    earning,
    erasure,
    holds,
    merging,
    openings,
    returns,
)
from services.loyalty.models import Store
from shared.contracts import Envelope
from shared.contracts.directory import StoreChanged
from shared.contracts.member import MemberRegistered
from shared.contracts.member.erasure import MemberErased
from shared.contracts.member.identity import MemberMerged, MemberUnmerged
from shared.contracts.member.imports import MembersImported, OpeningsBroughtIn
from shared.contracts.order import OrderCancelled, OrderPlaced, OrderVoided
from shared.contracts.order.erasure import ErasureChecked
from shared.contracts.order.returns import OrderReturned
from shared.inbox import on_event
from shared.stores import upsert_stores


class Heard:
    """The handlers of the service's events."""

    @staticmethod
    @on_event(StoreChanged)
    def on_store_changed(session: Session, envelopes: list[Envelope[StoreChanged]]) -> None:
        upsert_stores(session, Store, envelopes)

    @staticmethod
    @on_event(MemberRegistered)
    def on_member_registered(session: Session, envelopes: list[Envelope[MemberRegistered]]) -> None:
        accounts.on_member_registered(session, envelopes)

    @staticmethod
    @on_event(MembersImported)
    def on_members_imported(session: Session, envelopes: list[Envelope[MembersImported]]) -> None:
        accounts.on_members_imported(session, envelopes)

    @staticmethod
    @on_event(OpeningsBroughtIn)
    def on_openings_brought_in(
        session: Session, envelopes: list[Envelope[OpeningsBroughtIn]]
    ) -> None:
        openings.on_openings_brought_in(session, envelopes)

    @staticmethod
    @on_event(MemberMerged)
    def on_member_merged(session: Session, envelopes: list[Envelope[MemberMerged]]) -> None:
        merging.on_member_merged(session, envelopes)

    @staticmethod
    @on_event(MemberUnmerged)
    def on_member_unmerged(session: Session, envelopes: list[Envelope[MemberUnmerged]]) -> None:
        merging.on_member_unmerged(session, envelopes)

    @staticmethod
    @on_event(OrderPlaced)
    def on_order_placed(session: Session, envelopes: list[Envelope[OrderPlaced]]) -> None:
        earning.on_order_placed(session, envelopes)

    @staticmethod
    @on_event(OrderCancelled)
    def on_order_cancelled(session: Session, envelopes: list[Envelope[OrderCancelled]]) -> None:
        holds.on_order_cancelled(session, envelopes)

    @staticmethod
    @on_event(OrderVoided)
    def on_order_voided(session: Session, envelopes: list[Envelope[OrderVoided]]) -> None:
        earning.on_order_voided(session, envelopes)

    @staticmethod
    @on_event(OrderReturned)
    def on_order_returned(session: Session, envelopes: list[Envelope[OrderReturned]]) -> None:
        returns.on_order_returned(session, envelopes)
        clearing.on_order_returned(session, envelopes)

    @staticmethod
    @on_event(MemberErased)
    def on_member_erased(session: Session, envelopes: list[Envelope[MemberErased]]) -> None:
        erasure.on_member_erased(session, envelopes)

    @staticmethod
    @on_event(ErasureChecked)
    def on_erasure_checked(session: Session, envelopes: list[Envelope[ErasureChecked]]) -> None:
        erasure.on_erasure_checked(session, envelopes)
