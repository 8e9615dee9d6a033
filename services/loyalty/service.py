"""The interface of loyalty."""

import time
from datetime import UTC, datetime

from nameko.timer import timer
from sqlalchemy.orm import Session

from services.loyalty import (
    accounts,
    earning,
    expiry,
    holds,
    points,
    rules,
    statement,
    tiers,
    wallet,
)
from services.loyalty.models import Store
from shared.contracts import Envelope
from shared.contracts.directory import StoreChanged
from shared.contracts.loyalty import (
    Account,
    Accounts,
    AdjustPoints,
    Entry,
    GetAccounts,
    GetStatement,
    Held,
    Hold,
    ListRules,
    OfferSpend,
    PublishRule,
    Rules,
    RuleVersion,
    SpendOffer,
    TopUp,
)
from shared.contracts.member import MemberRegistered
from shared.contracts.order import OrderCancelled, OrderPlaced, OrderVoided
from shared.inbox import on_event
from shared.paging import Page
from shared.seal import HQ, MANAGERS, READERS, SELLERS, Caller
from shared.service import Transactions, operation
from shared.stores import upsert_stores

REVIEW_SECONDS = 5
REVIEW_BATCHES = 20
EXPIRY_SECONDS = 30
EXPIRY_RESTS = 2


class LoyaltyService:
    name = "loyalty"
    transaction = Transactions()

    @operation(Hold, roles=SELLERS | MANAGERS)
    def hold(self, caller: Caller, command: Hold) -> Held:
        with self.transaction() as session:
            return holds.hold(session, caller, command)

    @operation(OfferSpend, roles=SELLERS | MANAGERS)
    def offer_spend(self, caller: Caller, command: OfferSpend) -> SpendOffer:
        with self.transaction() as session:
            return holds.offer_spend(session, caller, command)

    @operation(TopUp, roles=SELLERS | MANAGERS)
    def top_up(self, caller: Caller, command: TopUp) -> Account:
        with self.transaction() as session:
            return wallet.top_up(session, caller, command)

    @operation(AdjustPoints, roles=MANAGERS)
    def adjust_points(self, caller: Caller, command: AdjustPoints) -> Account:
        with self.transaction() as session:
            return points.adjust_points(session, caller, command)

    @operation(PublishRule, roles=HQ)
    def publish_rule(self, caller: Caller, command: PublishRule) -> RuleVersion:
        with self.transaction() as session:
            return rules.publish(session, caller, command)

    @operation(ListRules, roles=READERS)
    def list_rules(self, caller: Caller, command: ListRules) -> Rules:
        with self.transaction() as session:
            return rules.list_rules(session, caller, command)

    @operation(GetAccounts, roles=READERS)
    def get_accounts(self, caller: Caller, command: GetAccounts) -> Accounts:
        with self.transaction() as session:
            return accounts.get_accounts(session, caller, command)

    @operation(GetStatement, roles=READERS)
    def get_statement(self, caller: Caller, command: GetStatement) -> Page[Entry]:
        with self.transaction() as session:
            return statement.get_statement(session, caller, command)

    @timer(interval=REVIEW_SECONDS)
    def review_tiers(self) -> None:
        """A new ladder, or a day that has gone by, may have changed tiers."""
        for _ in range(REVIEW_BATCHES):
            with self.transaction() as session:
                if tiers.review(session, datetime.now(UTC)) < tiers.REVIEW_LIMIT:
                    return

    @timer(interval=EXPIRY_SECONDS)
    def expire_points(self) -> None:
        """Somewhere a day has ended; it rests between batches, so that sales hardly notice."""
        looked_at = expiry.LIMIT
        while looked_at == expiry.LIMIT:
            started = time.monotonic()
            with self.transaction() as session:
                looked_at = expiry.expire(session, datetime.now(UTC))
            time.sleep(EXPIRY_RESTS * (time.monotonic() - started))

    @staticmethod
    @on_event(StoreChanged)
    def on_store_changed(session: Session, envelopes: list[Envelope[StoreChanged]]) -> None:
        upsert_stores(session, Store, envelopes)

    @staticmethod
    @on_event(MemberRegistered)
    def on_member_registered(session: Session, envelopes: list[Envelope[MemberRegistered]]) -> None:
        accounts.on_member_registered(session, envelopes)

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
