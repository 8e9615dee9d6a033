"""Operations of privacy: a person's data out, erasure, how long data is kept; and their rules."""

from datetime import UTC, datetime
from typing import Any

from services.member import disclosure, disclosures, erasures, privacy_rules, retention
from shared.contracts import Done
from shared.contracts.member.disclosure import (
    BeginDisclosure,
    Disclosure,
    EndDisclosure,
    ReadMemberRecords,
    Records,
)
from shared.contracts.member.erasure import (
    ConfirmErasure,
    Erasure,
    ListErasures,
    RequestErasure,
    WithdrawErasure,
)
from shared.contracts.member.privacy import (
    ListPrivacyRules,
    PrivacyRules,
    PrivacyRuleVersion,
    PublishPrivacyRule,
)
from shared.contracts.member.retention import (
    ExplainRetention,
    GetRetentionRun,
    PreviewRetention,
    Retention,
    RetentionRun,
)
from shared.paging import Page
from shared.seal import HQ, MANAGERS, READERS, Caller, Role
from shared.service import operation


class Privacy:
    """The part of the service that deals with privacy; the dependencies are the service's."""

    transaction: Any
    phone_keys: Any
    seal_key: Any

    @operation(RequestErasure, roles=MANAGERS)
    def request_erasure(self, caller: Caller, command: RequestErasure) -> Erasure:
        with self.transaction() as session:
            return erasures.request(session, caller, command, datetime.now(UTC))

    @operation(ConfirmErasure, roles=MANAGERS)
    def confirm_erasure(self, caller: Caller, command: ConfirmErasure) -> Erasure:
        with self.transaction() as session:
            return erasures.confirm(session, caller, command, datetime.now(UTC))

    @operation(WithdrawErasure, roles=MANAGERS)
    def withdraw_erasure(self, caller: Caller, command: WithdrawErasure) -> Erasure:
        with self.transaction() as session:
            return erasures.withdraw(session, caller, command, datetime.now(UTC))

    @operation(ListErasures, roles=MANAGERS | {Role.AUDITOR})
    def list_erasures(self, caller: Caller, command: ListErasures) -> Page[Erasure]:
        with self.transaction() as session:
            return erasures.list_erasures(session, caller, command)

    @operation(PublishPrivacyRule, roles=HQ)
    def publish_privacy_rule(
        self, caller: Caller, command: PublishPrivacyRule
    ) -> PrivacyRuleVersion:
        with self.transaction() as session:
            return privacy_rules.publish(session, caller, command, datetime.now(UTC))

    @operation(ListPrivacyRules, roles=MANAGERS | {Role.AUDITOR})
    def list_privacy_rules(self, caller: Caller, command: ListPrivacyRules) -> PrivacyRules:
        with self.transaction() as session:
            return privacy_rules.list_rules(session, command)

    @operation(BeginDisclosure, roles=MANAGERS)
    def begin_disclosure(self, caller: Caller, command: BeginDisclosure) -> Disclosure:
        with self.transaction() as session:
            return disclosures.begin(session, self.seal_key, caller, command, datetime.now(UTC))

    @operation(ReadMemberRecords, roles=MANAGERS)
    def read_member_records(self, caller: Caller, command: ReadMemberRecords) -> Records:
        with self.transaction.statement() as session:
            keys, now = self.phone_keys, datetime.now(UTC)
            return disclosure.read(session, keys, self.seal_key, caller, command, now)

    @operation(EndDisclosure, roles=MANAGERS)
    def end_disclosure(self, caller: Caller, command: EndDisclosure) -> Done:
        with self.transaction() as session:
            return disclosures.end(session, caller, command, datetime.now(UTC))

    @operation(PreviewRetention, roles=HQ)
    def preview_retention(self, caller: Caller, command: PreviewRetention) -> RetentionRun:
        with self.transaction() as session:
            return retention.preview(session, caller, command, datetime.now(UTC))

    @operation(GetRetentionRun, roles=HQ | {Role.AUDITOR})
    def get_retention_run(self, caller: Caller, command: GetRetentionRun) -> RetentionRun:
        with self.transaction() as session:
            return retention.get_run(session, command)

    @operation(ExplainRetention, roles=READERS - {Role.INTEGRATION})
    def explain_retention(self, caller: Caller, command: ExplainRetention) -> Retention:
        with self.transaction() as session:
            return retention.explain(session, command)
