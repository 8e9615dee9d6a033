"""The interface of loyalty."""

from datetime import UTC, datetime

from nameko.timer import timer

from services.loyalty import (
    accounts,
    clearing,
    clearing_agreements,
    clearing_close,
    clearing_payments,
    clearing_statements,
    corrections,
    decisions,
    expiry,
    explanation,
    freezes,
    holds,
    liability,
    payouts,
    plans,
    points,
    proposals,
    rehearsals,
    rehearsing,
    rules,
    statement,
    tier_explanation,
    tier_settings,
    tiers,
    transfers,
    wallet,
)
from services.loyalty.disclosure import TOLD
from services.loyalty.due import Due
from services.loyalty.heard import Heard
from services.loyalty.mall_operations import Mall
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
from shared.contracts.loyalty.disclosure import ReadLoyaltyRecords
from shared.contracts.loyalty.explanation import BalanceExplanation, ExplainBalance
from shared.contracts.loyalty.liability import Debt, GetLiability, LiabilityReport, ListDebts
from shared.contracts.loyalty.proposals import DecideProposal, ListProposals, Proposal
from shared.contracts.loyalty.rehearsals import (
    CancelRehearsal,
    GetRehearsal,
    ListRehearsals,
    Rehearsal,
    RehearseRule,
    RollBackRule,
)
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
from shared.contracts.member.disclosure import Records
from shared.paging import Page
from shared.seal import HQ, MANAGERS, READERS, SELLERS, Caller, Role
from shared.service import SealKey, Transactions, operation

REVIEW_SECONDS = 5
REVIEW_RESTS = 5
REHEARSAL_RESTS = 2
EXPIRY_SECONDS = 30
EXPIRY_RESTS = 2.1
"""So that a night over a million members is done in ten minutes on two processors, while shops
that are open sell on (`bench --members`)."""
GATHER_RESTS = 80
"""It can wait until others are through: a report adds what is not gathered yet."""
GATHER_SECONDS = 30
AUDITORS = frozenset({Role.AUDITOR})
CLEARERS = HQ | AUDITORS | {Role.FRANCHISE_OWNER}


class LoyaltyService(Heard, Mall):
    name = "loyalty"
    transaction = Transactions()
    seal_key = SealKey()

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

    @operation(RollBackRule, roles=HQ)
    def roll_back_rule(self, caller: Caller, command: RollBackRule) -> RuleVersion:
        with self.transaction() as session:
            return rules.roll_back(session, caller, command)

    @operation(RehearseRule, roles=HQ)
    def rehearse_rule(self, caller: Caller, command: RehearseRule) -> Rehearsal:
        with self.transaction() as session:
            return rehearsals.rehearse(session, caller, command)

    @operation(GetRehearsal, roles=HQ)
    def get_rehearsal(self, caller: Caller, command: GetRehearsal) -> Rehearsal:
        with self.transaction() as session:
            return rehearsals.get_rehearsal(session, caller, command)

    @operation(ListRehearsals, roles=HQ)
    def list_rehearsals(self, caller: Caller, command: ListRehearsals) -> Page[Rehearsal]:
        with self.transaction() as session:
            return rehearsals.list_rehearsals(session, caller, command)

    @operation(CancelRehearsal, roles=HQ)
    def cancel_rehearsal(self, caller: Caller, command: CancelRehearsal) -> Rehearsal:
        with self.transaction() as session:
            return rehearsals.cancel(session, caller, command)

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

    @operation(ReadLoyaltyRecords, roles=MANAGERS)
    def read_loyalty_records(self, caller: Caller, command: ReadLoyaltyRecords) -> Records:
        with self.transaction.statement() as session:
            return TOLD.page(session, self.seal_key, caller, command, datetime.now(UTC))

    @timer(interval=REVIEW_SECONDS)
    def review_tiers(self) -> None:
        """A new ladder, or a day that has gone by, may have changed tiers."""
        limit, due = tiers.REVIEW_LIMIT, Due()
        self.transaction.in_batches(
            lambda session: tiers.review(session, datetime.now(UTC), limit, due) == limit,
            REVIEW_RESTS,
        )

    @timer(interval=REVIEW_SECONDS)
    def run_rehearsals(self) -> None:
        """Somebody wants to know what a draft would do."""
        self.transaction.in_batches(
            lambda session: rehearsing.step(session, datetime.now(UTC)), REHEARSAL_RESTS
        )

    @timer(interval=EXPIRY_SECONDS)
    def expire_points(self) -> None:
        """Somewhere a day has ended."""
        limit, due = expiry.LIMIT, Due()
        self.transaction.in_batches(
            lambda session: expiry.expire(session, datetime.now(UTC), limit, due) == limit,
            EXPIRY_RESTS,
        )

    @timer(interval=GATHER_SECONDS)
    def gather_liability(self) -> None:
        """Entries have been written."""
        self.transaction.in_batches(
            lambda session: liability.gather(session) == liability.BATCH, GATHER_RESTS
        )

    @timer(interval=GATHER_SECONDS)
    def clear(self) -> None:
        """Entries have been written; perhaps a day has ended that is to be closed."""
        self.transaction.in_batches(
            lambda session: clearing.gather(session) == clearing.BATCH, GATHER_RESTS
        )
        closed = True
        while closed:
            with self.transaction.background() as session:
                closed = clearing_close.close(session, datetime.now(UTC)) is not None
