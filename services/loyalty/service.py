"""The interface of loyalty."""

from datetime import UTC, datetime

from nameko.timer import timer
from sqlalchemy.orm import Session

from services.loyalty import (
    accounts,
    clearing,
    clearing_agreements,
    clearing_close,
    clearing_payments,
    clearing_statements,
    corrections,
    decisions,
    earning,
    erasure,
    expiry,
    explanation,
    freezes,
    holds,
    liability,
    merging,
    openings,
    payouts,
    plans,
    points,
    proposals,
    returns,
    rules,
    statement,
    tier_explanation,
    tier_settings,
    tiers,
    transfers,
    wallet,
)
from services.loyalty.mall_operations import Mall
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
from shared.contracts.loyalty.clearing import (
    ClearingAgreement,
    ClearingBalances,
    ClearingItem,
    ClearingMovement,
    ClearingPayment,
    ClearingStatement,
    ExplainClearing,
    GetClearingBalances,
    GetClearingStatement,
    ListClearingAgreements,
    ListClearingStatements,
    PublishClearingAgreement,
    RecordClearingPayment,
)
from shared.contracts.loyalty.explanation import BalanceExplanation, ExplainBalance
from shared.contracts.loyalty.liability import Debt, GetLiability, LiabilityReport, ListDebts
from shared.contracts.loyalty.proposals import DecideProposal, ListProposals, Proposal
from shared.contracts.loyalty.tier_explanation import ExplainTier, TierExplanation
from shared.contracts.loyalty.tiers import ListTierSettings, SetTier, TierSetting
from shared.contracts.loyalty.wallet import (
    AdjustWallet,
    FreezeAccount,
    OfferTopUp,
    PayOutWallet,
    RefundTopUp,
    TopUpOffer,
    TopUpRefund,
    TransferWallet,
    UnfreezeAccount,
)
from shared.contracts.member import MemberRegistered
from shared.contracts.member.erasure import MemberErased
from shared.contracts.member.identity import MemberMerged, MemberUnmerged
from shared.contracts.member.imports import MembersImported, OpeningsBroughtIn
from shared.contracts.order import OrderCancelled, OrderPlaced, OrderVoided
from shared.contracts.order.erasure import ErasureChecked
from shared.contracts.order.returns import OrderReturned
from shared.inbox import on_event
from shared.paging import Page
from shared.seal import HQ, MANAGERS, READERS, SELLERS, Caller, Role
from shared.service import Transactions, operation
from shared.stores import upsert_stores

REVIEW_SECONDS = 5
REVIEW_RESTS = 1
EXPIRY_SECONDS = 30
EXPIRY_RESTS = 2
GATHER_SECONDS = 30
AUDITORS = frozenset({Role.AUDITOR})
CLEARERS = HQ | AUDITORS | {Role.FRANCHISE_OWNER}


class LoyaltyService(Mall):
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

    @operation(OfferTopUp, roles=SELLERS | MANAGERS)
    def offer_top_up(self, caller: Caller, command: OfferTopUp) -> TopUpOffer:
        with self.transaction() as session:
            return plans.offer_top_up(session, caller, command)

    @operation(RefundTopUp, roles=SELLERS | MANAGERS)
    def refund_top_up(self, caller: Caller, command: RefundTopUp) -> TopUpRefund:
        with self.transaction() as session:
            return payouts.refund_top_up(session, caller, command)

    @operation(PayOutWallet, roles=MANAGERS)
    def pay_out_wallet(self, caller: Caller, command: PayOutWallet) -> Account:
        with self.transaction() as session:
            return payouts.pay_out_wallet(session, caller, command)

    @operation(AdjustWallet, roles=MANAGERS)
    def adjust_wallet(self, caller: Caller, command: AdjustWallet) -> Account:
        with self.transaction() as session:
            return corrections.adjust_wallet(session, caller, command)

    @operation(TransferWallet, roles=MANAGERS)
    def transfer_wallet(self, caller: Caller, command: TransferWallet) -> Account:
        with self.transaction() as session:
            return transfers.transfer_wallet(session, caller, command)

    @operation(FreezeAccount, roles=SELLERS | MANAGERS)
    def freeze_account(self, caller: Caller, command: FreezeAccount) -> Account:
        with self.transaction() as session:
            return freezes.freeze_account(session, caller, command)

    @operation(UnfreezeAccount, roles=MANAGERS)
    def unfreeze_account(self, caller: Caller, command: UnfreezeAccount) -> Account:
        with self.transaction() as session:
            return freezes.unfreeze_account(session, caller, command)

    @operation(ListProposals, roles=MANAGERS | AUDITORS)
    def list_proposals(self, caller: Caller, command: ListProposals) -> Page[Proposal]:
        with self.transaction() as session:
            return proposals.list_proposals(session, caller, command)

    @operation(DecideProposal, roles=MANAGERS)
    def decide_proposal(self, caller: Caller, command: DecideProposal) -> Proposal:
        with self.transaction() as session:
            return decisions.decide_proposal(session, caller, command)

    @operation(ExplainBalance, roles=READERS)
    def explain_balance(self, caller: Caller, command: ExplainBalance) -> BalanceExplanation:
        with self.transaction() as session:
            return explanation.explain_balance(session, caller, command)

    @operation(ExplainTier, roles=READERS)
    def explain_tier(self, caller: Caller, command: ExplainTier) -> TierExplanation:
        with self.transaction() as session:
            return tier_explanation.explain_tier(session, caller, command)

    @operation(SetTier, roles=HQ)
    def set_tier(self, caller: Caller, command: SetTier) -> TierSetting:
        with self.transaction() as session:
            return tier_settings.set_tier(session, caller, command)

    @operation(ListTierSettings, roles=MANAGERS | AUDITORS)
    def list_tier_settings(self, caller: Caller, command: ListTierSettings) -> Page[TierSetting]:
        with self.transaction() as session:
            return tier_settings.list_settings(session, caller, command)

    @operation(GetLiability, roles=MANAGERS | AUDITORS)
    def get_liability(self, caller: Caller, command: GetLiability) -> LiabilityReport:
        with self.transaction() as session:
            return liability.get_liability(session, caller, command)

    @operation(ListDebts, roles=MANAGERS | AUDITORS)
    def list_debts(self, caller: Caller, command: ListDebts) -> Page[Debt]:
        with self.transaction() as session:
            return liability.list_debts(session, caller, command)

    @operation(PublishClearingAgreement, roles=HQ)
    def publish_clearing_agreement(
        self, caller: Caller, command: PublishClearingAgreement
    ) -> ClearingAgreement:
        with self.transaction() as session:
            return clearing_agreements.publish(session, caller, command)

    @operation(ListClearingAgreements, roles=CLEARERS)
    def list_clearing_agreements(
        self, caller: Caller, command: ListClearingAgreements
    ) -> Page[ClearingAgreement]:
        with self.transaction() as session:
            return clearing_agreements.list_agreements(session, caller, command)

    @operation(GetClearingStatement, roles=CLEARERS)
    def get_clearing_statement(
        self, caller: Caller, command: GetClearingStatement
    ) -> ClearingStatement:
        with self.transaction() as session:
            return clearing_statements.get_statement(session, caller, command)

    @operation(ListClearingStatements, roles=CLEARERS)
    def list_clearing_statements(
        self, caller: Caller, command: ListClearingStatements
    ) -> Page[ClearingMovement]:
        with self.transaction() as session:
            return clearing_statements.list_statements(session, caller, command)

    @operation(GetClearingBalances, roles=CLEARERS)
    def get_clearing_balances(
        self, caller: Caller, command: GetClearingBalances
    ) -> ClearingBalances:
        with self.transaction() as session:
            return clearing_statements.get_balances(session, caller, command)

    @operation(ExplainClearing, roles=CLEARERS)
    def explain_clearing(self, caller: Caller, command: ExplainClearing) -> Page[ClearingItem]:
        with self.transaction() as session:
            return clearing_statements.explain(session, caller, command)

    @operation(RecordClearingPayment, roles=HQ)
    def record_clearing_payment(
        self, caller: Caller, command: RecordClearingPayment
    ) -> ClearingPayment:
        with self.transaction() as session:
            return clearing_payments.record_payment(session, caller, command)

    @timer(interval=REVIEW_SECONDS)
    def review_tiers(self) -> None:
        """A new ladder, or a day that has gone by, may have changed tiers."""
        self.transaction.in_batches(
            lambda session: tiers.review(session, datetime.now(UTC)) == tiers.REVIEW_LIMIT,
            REVIEW_RESTS,
        )

    @timer(interval=EXPIRY_SECONDS)
    def expire_points(self) -> None:
        """Somewhere a day has ended."""
        self.transaction.in_batches(
            lambda session: expiry.expire(session, datetime.now(UTC)) == expiry.LIMIT, EXPIRY_RESTS
        )

    @timer(interval=GATHER_SECONDS)
    def gather_liability(self) -> None:
        """Entries have been written."""
        self.transaction.in_batches(
            lambda session: liability.gather(session) == liability.BATCH, EXPIRY_RESTS
        )

    @timer(interval=GATHER_SECONDS)
    def clear(self) -> None:
        """Entries have been written; perhaps a day has ended that is to be closed."""
        self.transaction.in_batches(
            lambda session: clearing.gather(session) == clearing.BATCH, EXPIRY_RESTS
        )
        closed = True
        while closed:
            with self.transaction.background() as session:
                closed = clearing_close.close(session, datetime.now(UTC)) is not None

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
