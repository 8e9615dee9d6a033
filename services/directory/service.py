"""The published interface of directory."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from nameko.extensions import DependencyProvider
from nameko.timer import timer
from sqlalchemy.orm import Session

from services.directory import (
    audit_log,
    bootstrap,
    clients,
    devices,
    erasure,
    inherited,
    lock_out,
    organisation,
    own_secret,
    printers,
    refresh,
    sign_in,
    sign_in_policy,
    staff,
)
from services.directory.disclosure import TOLD
from shared import green
from shared.contracts import SERVICES, Done, Envelope, Event, declared
from shared.contracts import directory as contract
from shared.contracts.directory.disclosure import ReadDirectoryRecords
from shared.contracts.directory.printers import ListPrinters, Printer, Printers, SavePrinter
from shared.contracts.member.disclosure import Records
from shared.contracts.member.erasure import MemberErased
from shared.inbox import on_event
from shared.paging import Page
from shared.seal import FLOOR, HQ, MANAGERS, READERS, Caller, Role
from shared.service import SealKey, Transactions, operation
from shared.settings import settings

FORGET_SECONDS = 3600
ADMINISTRATORS = frozenset({Role.HQ_ADMINISTRATOR})
AUDITORS = ADMINISTRATORS | {Role.AUDITOR}
STAFF = frozenset(Role) - {Role.INTEGRATION}

AUDITED: tuple[type[Event], ...] = tuple(
    event for service in SERVICES for event in declared(service, Event) if event.audited
)
"""Every event of every contract that belongs into the audit log."""


def on_every(event_types: tuple[type[Event], ...]) -> Callable[[Any], Any]:
    """One handler for many types: `on_event` once for each."""

    def register(handler: Any) -> Any:
        for event_type in event_types:
            handler = on_event(event_type)(handler)
        return handler

    return register


def now() -> datetime:
    return datetime.now(UTC)


class Bootstrap(DependencyProvider):
    """Makes the first administrator when the service starts."""

    def setup(self) -> None:
        password = bootstrap.BootstrapSettings().bootstrap_admin_password
        bootstrap.create_administrator(self.container.config["database"].transaction, password)


class DirectoryService:
    """Who is who and may do what, for the whole suite."""

    name = "directory"
    transaction = Transactions()
    seal_key = SealKey()
    bootstrap = Bootstrap()

    @operation(contract.CreateBrand, roles=ADMINISTRATORS)
    def create_brand(self, caller: Caller, command: contract.CreateBrand) -> contract.Created:
        with self.transaction() as session:
            return organisation.create_brand(session, caller, command)

    @operation(contract.CreateRegion, roles=ADMINISTRATORS)
    def create_region(self, caller: Caller, command: contract.CreateRegion) -> contract.Created:
        with self.transaction() as session:
            return organisation.create_region(session, caller, command)

    @operation(contract.CreateFranchisee, roles=ADMINISTRATORS)
    def create_franchisee(
        self, caller: Caller, command: contract.CreateFranchisee
    ) -> contract.Created:
        with self.transaction() as session:
            return organisation.create_franchisee(session, caller, command)

    @operation(contract.SaveStore, roles=HQ)
    def save_store(self, caller: Caller, command: contract.SaveStore) -> contract.Created:
        with self.transaction() as session:
            return organisation.save_store(session, caller, command)

    @operation(contract.ListStores, roles=READERS)
    def list_stores(self, caller: Caller, command: contract.ListStores) -> contract.Stores:
        with self.transaction() as session:
            return organisation.list_stores(session, caller)

    @operation(contract.GetStores, roles=READERS)
    def get_stores(self, caller: Caller, command: contract.GetStores) -> contract.Stores:
        with self.transaction() as session:
            return organisation.get_stores(session, command)

    @operation(contract.SaveStaff, roles=MANAGERS)
    def save_staff(self, caller: Caller, command: contract.SaveStaff) -> contract.Created:
        return staff.save_staff(self.transaction, caller, command, green.in_thread)

    @operation(contract.ListStaff, roles=READERS)
    def list_staff(self, caller: Caller, command: contract.ListStaff) -> contract.StaffList:
        with self.transaction() as session:
            return staff.list_staff(session, caller, command)

    @operation(contract.GetStaff, roles=READERS)
    def get_staff(self, caller: Caller, command: contract.GetStaff) -> contract.StaffList:
        with self.transaction() as session:
            return staff.get_staff(session, command)

    @operation(contract.CreateDevice, roles=MANAGERS)
    def create_device(
        self, caller: Caller, command: contract.CreateDevice
    ) -> contract.DeviceCreated:
        with self.transaction() as session:
            return devices.create_device(session, caller, command, now())

    @operation(contract.ActivateDevice, roles=None)
    def activate_device(
        self, caller: None, command: contract.ActivateDevice
    ) -> contract.DeviceActivated:
        with self.transaction() as session:
            return devices.activate_device(session, command, now())

    @operation(contract.DeactivateDevice, roles=MANAGERS)
    def deactivate_device(
        self, caller: Caller, command: contract.DeactivateDevice
    ) -> contract.Device:
        with self.transaction() as session:
            return devices.deactivate_device(session, caller, command)

    @operation(SavePrinter, roles=MANAGERS)
    def save_printer(self, caller: Caller, command: SavePrinter) -> Printer:
        with self.transaction() as session:
            return printers.save(session, caller, command, now())

    @operation(ListPrinters, roles=FLOOR | MANAGERS | AUDITORS)
    def list_printers(self, caller: Caller, command: ListPrinters) -> Printers:
        with self.transaction() as session:
            return printers.list_printers(session, caller, command)

    @operation(contract.ListDevices, roles=MANAGERS | {Role.AUDITOR})
    def list_devices(self, caller: Caller, command: contract.ListDevices) -> contract.Devices:
        with self.transaction() as session:
            return devices.list_devices(session, caller, command)

    @operation(contract.CreateClient, roles=ADMINISTRATORS)
    def create_client(
        self, caller: Caller, command: contract.CreateClient
    ) -> contract.ClientCreated:
        with self.transaction() as session:
            return clients.create_client(session, caller, command)

    @operation(contract.DeactivateClient, roles=ADMINISTRATORS)
    def deactivate_client(
        self, caller: Caller, command: contract.DeactivateClient
    ) -> contract.Client:
        with self.transaction() as session:
            return clients.deactivate_client(session, caller, command)

    @operation(contract.ListClients, roles=AUDITORS)
    def list_clients(self, caller: Caller, command: contract.ListClients) -> contract.Clients:
        with self.transaction() as session:
            return clients.list_clients(session, caller)

    @operation(contract.SignInWithPin, roles=None)
    def sign_in_with_pin(self, caller: None, command: contract.SignInWithPin) -> contract.SignedIn:
        return sign_in.with_pin(self.transaction, command, now(), green.in_thread)

    @operation(contract.SignInWithPassword, roles=None)
    def sign_in_with_password(
        self, caller: None, command: contract.SignInWithPassword
    ) -> contract.SignedIn:
        return sign_in.with_password(self.transaction, command, now(), green.in_thread)

    @operation(contract.SignInClient, roles=None)
    def sign_in_client(self, caller: None, command: contract.SignInClient) -> contract.SignedIn:
        return clients.sign_in_client(self.transaction, command)

    @operation(contract.Refresh, roles=None)
    def refresh(self, caller: None, command: contract.Refresh) -> contract.SignedIn:
        return refresh.refresh(self.transaction, command, now())

    @operation(contract.SignOut, roles=None)
    def sign_out(self, caller: None, command: contract.SignOut) -> Done:
        with self.transaction() as session:
            return refresh.sign_out(session, command, now())

    @operation(contract.ChangePin, roles=STAFF)
    def change_pin(self, caller: Caller, command: contract.ChangePin) -> Done:
        return own_secret.change_pin(self.transaction, caller, command, now(), green.in_thread)

    @operation(contract.ChangePassword, roles=STAFF)
    def change_password(self, caller: Caller, command: contract.ChangePassword) -> Done:
        return own_secret.change_password(self.transaction, caller, command, now(), green.in_thread)

    @operation(contract.PublishSignInPolicy, roles=ADMINISTRATORS)
    def publish_sign_in_policy(
        self, caller: Caller, command: contract.PublishSignInPolicy
    ) -> contract.SignInPolicy:
        with self.transaction() as session:
            return sign_in_policy.publish(session, caller, command, now())

    @operation(contract.ListSignInPolicies, roles=HQ | AUDITORS)
    def list_sign_in_policies(
        self, caller: Caller, command: contract.ListSignInPolicies
    ) -> contract.SignInPolicies:
        with self.transaction() as session:
            return sign_in_policy.list_policies(session, now())

    @operation(contract.PublishSetting, roles=MANAGERS)
    def publish_setting(
        self, caller: Caller, command: contract.PublishSetting
    ) -> contract.SettingLevel:
        with self.transaction() as session:
            return inherited.publish(session, caller, command, now())

    @operation(contract.GetSettings, roles=MANAGERS | AUDITORS)
    def get_settings(self, caller: Caller, command: contract.GetSettings) -> contract.Settings:
        with self.transaction() as session:
            return inherited.get_settings(session, caller, command)

    @operation(contract.ListAudit, roles=AUDITORS)
    def list_audit(self, caller: Caller, command: contract.ListAudit) -> Page[contract.AuditEntry]:
        with self.transaction() as session:
            return audit_log.list_audit(session, caller, command)

    @operation(ReadDirectoryRecords, roles=MANAGERS)
    def read_directory_records(self, caller: Caller, command: ReadDirectoryRecords) -> Records:
        with self.transaction.statement() as session:
            return TOLD.page(session, self.seal_key, caller, command, datetime.now(UTC))

    @staticmethod
    @on_every(AUDITED)
    def on_audited_event(session: Session, envelopes: list[Envelope[Any]]) -> None:
        audit_log.record(session, envelopes, settings().seal_key.get_secret_value())

    @timer(interval=FORGET_SECONDS)
    def forget_old(self) -> None:
        with self.transaction.background() as session:
            lock_out.forget_old(session, now())
            refresh.forget_old(session, now())

    @staticmethod
    @on_event(MemberErased)
    def on_member_erased(session: Session, envelopes: list[Envelope[MemberErased]]) -> None:
        erasure.on_member_erased(session, envelopes)
