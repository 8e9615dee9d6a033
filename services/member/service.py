"""The published interface of the member service."""

from datetime import UTC, datetime
from typing import Any

from nameko.extensions import DependencyProvider
from nameko.timer import timer

from services.member import (
    agreements,
    attachments,
    birthday_rules,
    birthdays,
    comparing,
    definitions,
    family,
    handovers,
    import_work,
    imports,
    new_cards,
    notices,
    profiles,
    retention,
    search,
    tag_reasons,
    tag_rules,
    tagging,
    tags,
    till,
    timeline,
)
from services.member.files import Files
from services.member.heard import Heard
from services.member.identity import Identity
from services.member.phones import Keyring
from services.member.privacy import Privacy
from shared.contracts import Done
from shared.contracts.member import (
    FindMembers,
    GetFields,
    GetForm,
    GetMembers,
    GetTimeline,
    HandedOver,
    HandOverMembers,
    Happening,
    Member,
    Members,
    Phone,
    PublishField,
    RecordContact,
    RegisterMember,
    RevealPhone,
    TagMember,
    UpdateMember,
)
from shared.contracts.member.birthdays import (
    BirthdayRules,
    BirthdayRuleVersion,
    GetBirthdays,
    ListBirthdayRules,
    PublishBirthdayRule,
    UpcomingBirthday,
)
from shared.contracts.member.consents import (
    Consents,
    GetConsents,
    GetNoticesInForce,
    ListNotices,
    Notice,
    Notices,
    PublishNotice,
    RecordConsents,
)
from shared.contracts.member.family import (
    Family,
    GetFamily,
    Relative,
    RemoveRelative,
    SaveRelative,
)
from shared.contracts.member.fields import Field, Fields, Form
from shared.contracts.member.new_cards import CountNewCards, NewCards
from shared.contracts.member.tag_rules import (
    CancelTagRun,
    EndTagRule,
    ExemptMember,
    ExplainTag,
    GetTagRun,
    ListTagRules,
    PreviewTagRule,
    PublishTagRule,
    TagRule,
    TagRules,
    TagRun,
    TagStanding,
)
from shared.contracts.member.till import GetTillMembers, TillMembers
from shared.paging import Page
from shared.seal import FLOOR, HQ, MANAGERS, READERS, SELLERS, Caller, Role
from shared.service import SealKey, Transactions, operation
from shared.settings import PhoneSettings

BIRTHDAY_SECONDS = 15
BIRTHDAY_RESTS = 2
EDITORS = SELLERS | MANAGERS
TAGGERS = FLOOR | MANAGERS
REVEALERS = MANAGERS | {Role.ASSOCIATE}
# What staff write about a person is not for the software of others.
TIMELINE_READERS = READERS - {Role.INTEGRATION}
TAGGING_SECONDS = 0.5
TAGGING_RESTS = 1
TAGGING_BATCHES = 200
"""At most so many batches before others of this process have their turn."""
IMPORT_SECONDS = 1
IMPORT_WORKERS = 2
IMPORT_RESTS = 0.1
"""How long it rests after a piece of a file, in times of what that took."""
FORGET_SECONDS = 3_600
RETENTION_SECONDS = 5
RETENTION_RESTS = 2
COMPARING_SECONDS = 1
COMPARING_RESTS = 2
COMPARING_BATCHES = 100


class PhoneKeys(DependencyProvider):
    """Injects the keyring of phones; a service without its keys does not start."""

    def setup(self) -> None:
        # The values come from the environment.
        self.keyring = Keyring.of(PhoneSettings())  # type: ignore[call-arg]

    def get_dependency(self, worker_ctx: Any) -> Keyring:
        return self.keyring


class MemberService(Heard, Identity, Files, Privacy):
    name = "member"
    transaction = Transactions()
    phone_keys = PhoneKeys()
    seal_key = SealKey()

    @operation(RegisterMember, roles=EDITORS)
    def register_member(self, caller: Caller, command: RegisterMember) -> Member:
        with self.transaction() as session:
            return profiles.register(session, self.phone_keys, caller, command)

    @operation(UpdateMember, roles=EDITORS)
    def update_member(self, caller: Caller, command: UpdateMember) -> Member:
        with self.transaction() as session:
            return profiles.update_member(session, self.phone_keys, caller, command)

    @operation(GetMembers, roles=READERS)
    def get_members(self, caller: Caller, command: GetMembers) -> Members:
        with self.transaction() as session:
            return profiles.get_members(session, self.phone_keys, caller, command)

    @operation(FindMembers, roles=READERS)
    def find_members(self, caller: Caller, command: FindMembers) -> Members:
        with self.transaction() as session:
            return search.find(session, self.phone_keys, caller, command)

    @operation(GetTillMembers, roles=READERS)
    def get_till_members(self, caller: Caller, command: GetTillMembers) -> TillMembers:
        with self.transaction() as session:
            return till.get_members(session, caller, command)

    @operation(TagMember, roles=TAGGERS)
    def tag_member(self, caller: Caller, command: TagMember) -> Member:
        with self.transaction() as session:
            return tags.tag(session, self.phone_keys, caller, command)

    @operation(RevealPhone, roles=REVEALERS)
    def reveal_phone(self, caller: Caller, command: RevealPhone) -> Phone:
        with self.transaction() as session:
            return profiles.reveal_phone(session, self.phone_keys, caller, command)

    @operation(RecordContact, roles=EDITORS)
    def record_contact(self, caller: Caller, command: RecordContact) -> Happening:
        with self.transaction() as session:
            return timeline.record_contact(session, self.phone_keys, caller, command)

    @operation(GetTimeline, roles=TIMELINE_READERS)
    def get_timeline(self, caller: Caller, command: GetTimeline) -> Page[Happening]:
        with self.transaction() as session:
            return timeline.get_timeline(session, self.phone_keys, caller, command)

    @operation(HandOverMembers, roles=MANAGERS)
    def hand_over_members(self, caller: Caller, command: HandOverMembers) -> HandedOver:
        with self.transaction() as session:
            return handovers.hand_over(session, caller, command)

    @operation(PublishField, roles=HQ)
    def publish_field(self, caller: Caller, command: PublishField) -> Field:
        with self.transaction() as session:
            return definitions.publish(session, caller, command)

    @operation(GetFields, roles=READERS)
    def get_fields(self, caller: Caller, command: GetFields) -> Fields:
        with self.transaction() as session:
            return definitions.get_fields(session, caller, command)

    @operation(GetForm, roles=READERS)
    def get_form(self, caller: Caller, command: GetForm) -> Form:
        with self.transaction() as session:
            return definitions.get_form(session, caller, command)

    @operation(RecordConsents, roles=EDITORS)
    def record_consents(self, caller: Caller, command: RecordConsents) -> Consents:
        with self.transaction() as session:
            return agreements.record(session, caller, command)

    @operation(GetConsents, roles=READERS)
    def get_consents(self, caller: Caller, command: GetConsents) -> Consents:
        with self.transaction() as session:
            return agreements.get(session, caller, command)

    @operation(PublishNotice, roles=HQ)
    def publish_notice(self, caller: Caller, command: PublishNotice) -> Notice:
        with self.transaction() as session:
            return notices.publish(session, caller, command, datetime.now(UTC))

    @operation(ListNotices, roles=READERS)
    def list_notices(self, caller: Caller, command: ListNotices) -> Notices:
        with self.transaction() as session:
            return notices.list_notices(session, command)

    @operation(GetNoticesInForce, roles=None)
    def get_notices_in_force(self, caller: None, command: GetNoticesInForce) -> Notices:
        with self.transaction() as session:
            return notices.get_notices_in_force(session, datetime.now(UTC))

    @operation(SaveRelative, roles=EDITORS)
    def save_relative(self, caller: Caller, command: SaveRelative) -> Relative:
        with self.transaction() as session:
            return family.save(session, self.phone_keys, caller, command)

    @operation(RemoveRelative, roles=EDITORS)
    def remove_relative(self, caller: Caller, command: RemoveRelative) -> Done:
        with self.transaction() as session:
            return family.remove(session, command)

    @operation(GetFamily, roles=TIMELINE_READERS)
    def get_family(self, caller: Caller, command: GetFamily) -> Family:
        with self.transaction() as session:
            return family.get_family(session, command)

    @operation(CountNewCards, roles=TIMELINE_READERS)
    def count_new_cards(self, caller: Caller, command: CountNewCards) -> NewCards:
        with self.transaction.statement() as session:
            return new_cards.count(session, caller, command)

    @operation(GetBirthdays, roles=TIMELINE_READERS)
    def get_birthdays(self, caller: Caller, command: GetBirthdays) -> Page[UpcomingBirthday]:
        with self.transaction() as session:
            return birthdays.get_birthdays(session, caller, command)

    @operation(PublishBirthdayRule, roles=HQ)
    def publish_birthday_rule(
        self, caller: Caller, command: PublishBirthdayRule
    ) -> BirthdayRuleVersion:
        with self.transaction() as session:
            return birthday_rules.publish(session, caller, command)

    @operation(ListBirthdayRules, roles=READERS)
    def list_birthday_rules(self, caller: Caller, command: ListBirthdayRules) -> BirthdayRules:
        with self.transaction() as session:
            return birthday_rules.list_rules(session, command)

    @timer(interval=BIRTHDAY_SECONDS)
    def review_birthdays(self) -> None:
        """Somewhere a birthday is over."""
        self.transaction.in_batches(
            lambda session: birthdays.review(session, datetime.now(UTC)) == birthdays.REVIEW_LIMIT,
            BIRTHDAY_RESTS,
        )

    @timer(interval=IMPORT_SECONDS)
    def work_on_imports(self) -> None:
        """Imports go on a piece at a time; whoever is at the counter comes first."""
        self.transaction.side_by_side(
            IMPORT_WORKERS,
            lambda session: import_work.work(session, self.phone_keys),
            IMPORT_RESTS,
        )

    @timer(interval=FORGET_SECONDS)
    def forget_imports(self) -> None:
        with self.transaction.background() as session:
            imports.forget_abandoned(session, datetime.now(UTC))

    @timer(interval=FORGET_SECONDS)
    def forget_files(self) -> None:
        """Files that nothing refers to go after a week."""
        self.transaction.in_batches(
            lambda session: attachments.sweep(session, datetime.now(UTC)), RETENTION_RESTS
        )

    @timer(interval=RETENTION_SECONDS)
    def keep_no_longer(self) -> None:
        """What is due by the rule of retention goes; whoever is at the counter comes first."""
        self.transaction.in_batches(
            lambda session: retention.step(session, datetime.now(UTC)), RETENTION_RESTS
        )

    @operation(PublishTagRule, roles=HQ)
    def publish_tag_rule(self, caller: Caller, command: PublishTagRule) -> TagRule:
        with self.transaction() as session:
            return tag_rules.publish(session, caller, command)

    @operation(EndTagRule, roles=HQ)
    def end_tag_rule(self, caller: Caller, command: EndTagRule) -> TagRule:
        with self.transaction() as session:
            return tag_rules.end(session, caller, command)

    @operation(ListTagRules, roles=READERS)
    def list_tag_rules(self, caller: Caller, command: ListTagRules) -> TagRules:
        with self.transaction() as session:
            return tag_rules.list_rules(session, caller, command)

    @operation(PreviewTagRule, roles=HQ)
    def preview_tag_rule(self, caller: Caller, command: PreviewTagRule) -> TagRun:
        with self.transaction() as session:
            return tag_rules.preview(session, caller, command)

    @operation(GetTagRun, roles=HQ)
    def get_tag_run(self, caller: Caller, command: GetTagRun) -> TagRun:
        with self.transaction() as session:
            return tag_rules.get_run(session, caller, command)

    @operation(CancelTagRun, roles=HQ)
    def cancel_tag_run(self, caller: Caller, command: CancelTagRun) -> TagRun:
        with self.transaction() as session:
            return tag_rules.cancel(session, caller, command)

    @operation(ExplainTag, roles=TIMELINE_READERS)
    def explain_tag(self, caller: Caller, command: ExplainTag) -> TagStanding:
        with self.transaction() as session:
            return tag_reasons.explain(session, caller, command)

    @operation(ExemptMember, roles=MANAGERS)
    def exempt_member(self, caller: Caller, command: ExemptMember) -> TagStanding:
        with self.transaction() as session:
            return tag_reasons.exempt(session, caller, command)

    @timer(interval=TAGGING_SECONDS)
    def keep_tags(self) -> None:
        """Whoever has changed or is due is judged."""
        self.transaction.in_batches(
            lambda session: tagging.step(session, datetime.now(UTC)),
            TAGGING_RESTS,
            at_most=TAGGING_BATCHES,
        )

    @timer(interval=COMPARING_SECONDS)
    def compare_members(self) -> None:
        """Whoever has changed is compared with those who may be the same person."""
        self.transaction.in_batches(
            lambda session: comparing.step(session, self.phone_keys, datetime.now(UTC)),
            COMPARING_RESTS,
            at_most=COMPARING_BATCHES,
        )
