"""The published interface of the member service."""

from typing import Any

from nameko.extensions import DependencyProvider
from sqlalchemy.orm import Session

from services.member import profiles, purchases, search, tags
from services.member.models import Store
from services.member.phones import Keyring
from shared.contracts import Envelope
from shared.contracts.directory import StoreChanged
from shared.contracts.member import (
    FindMembers,
    GetMembers,
    Member,
    Members,
    Phone,
    RegisterMember,
    RevealPhone,
    TagMember,
    UpdateMember,
)
from shared.contracts.order import OrderPlaced, OrderVoided
from shared.inbox import on_event
from shared.seal import FLOOR, MANAGERS, READERS, SELLERS, Caller, Role
from shared.service import Transactions, operation
from shared.settings import PhoneSettings
from shared.stores import upsert_stores

EDITORS = SELLERS | MANAGERS
TAGGERS = FLOOR | MANAGERS
REVEALERS = MANAGERS | {Role.ASSOCIATE}


class PhoneKeys(DependencyProvider):
    """Injects the keyring of phones; a service without its keys does not start."""

    def setup(self) -> None:
        # The values come from the environment.
        self.keyring = Keyring.of(PhoneSettings())  # type: ignore[call-arg]

    def get_dependency(self, worker_ctx: Any) -> Keyring:
        return self.keyring


class MemberService:
    name = "member"
    transaction = Transactions()
    phone_keys = PhoneKeys()

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

    @operation(TagMember, roles=TAGGERS)
    def tag_member(self, caller: Caller, command: TagMember) -> Member:
        with self.transaction() as session:
            return tags.tag(session, self.phone_keys, caller, command)

    @operation(RevealPhone, roles=REVEALERS)
    def reveal_phone(self, caller: Caller, command: RevealPhone) -> Phone:
        with self.transaction() as session:
            return profiles.reveal_phone(session, self.phone_keys, caller, command)

    @staticmethod
    @on_event(StoreChanged)
    def on_store_changed(session: Session, envelopes: list[Envelope[StoreChanged]]) -> None:
        upsert_stores(session, Store, envelopes)

    @staticmethod
    @on_event(OrderPlaced)
    def on_order_placed(session: Session, envelopes: list[Envelope[OrderPlaced]]) -> None:
        purchases.on_order_placed(session, envelopes)

    @staticmethod
    @on_event(OrderVoided)
    def on_order_voided(session: Session, envelopes: list[Envelope[OrderVoided]]) -> None:
        purchases.on_order_voided(session, envelopes)
