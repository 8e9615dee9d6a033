"""The published interface: every command is served, and asked of the right roles."""

from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from services.directory import bootstrap
from services.directory.service import DirectoryService
from shared.contracts import Command, declared
from shared.contracts import directory as contract
from shared.contracts.directory.disclosure import ReadDirectoryRecords
from shared.contracts.directory.printers import ListPrinters, SavePrinter
from shared.errors import Forbidden, InvalidInput
from shared.ids import new_id
from shared.seal import Role
from shared.service import Operation, Transaction, decode
from tests.services.directory.conftest import caller, rows

R = Role
EVERYBODY = set(Role)
MANAGERS = {R.STORE_MANAGER, R.FRANCHISE_OWNER, R.REGION_MANAGER, R.HQ_OPERATIONS,
            R.HQ_ADMINISTRATOR}  # fmt: skip
ALLOWED = {
    contract.CreateBrand: {R.HQ_ADMINISTRATOR},
    contract.CreateRegion: {R.HQ_ADMINISTRATOR},
    contract.CreateFranchisee: {R.HQ_ADMINISTRATOR},
    contract.SaveStore: {R.HQ_OPERATIONS, R.HQ_ADMINISTRATOR},
    contract.SaveStaff: MANAGERS,
    contract.CreateDevice: MANAGERS,
    contract.DeactivateDevice: MANAGERS,
    contract.ListDevices: MANAGERS | {R.AUDITOR},
    contract.CreateClient: {R.HQ_ADMINISTRATOR},
    contract.DeactivateClient: {R.HQ_ADMINISTRATOR},
    contract.ListClients: {R.HQ_ADMINISTRATOR, R.AUDITOR},
    contract.ChangePin: EVERYBODY - {R.INTEGRATION},
    contract.ChangePassword: EVERYBODY - {R.INTEGRATION},
    contract.PublishSetting: MANAGERS,
    contract.GetSettings: MANAGERS | {R.AUDITOR},
    SavePrinter: MANAGERS,
    ListPrinters: MANAGERS | {R.ASSOCIATE, R.AUDITOR},
    contract.PublishSignInPolicy: {R.HQ_ADMINISTRATOR},
    contract.ListSignInPolicies: {R.HQ_OPERATIONS, R.HQ_ADMINISTRATOR, R.AUDITOR},
    contract.ListAudit: {R.HQ_ADMINISTRATOR, R.AUDITOR},
    ReadDirectoryRecords: MANAGERS,
    contract.ListStores: EVERYBODY,
    contract.GetStores: EVERYBODY,
    contract.ListStaff: EVERYBODY,
    contract.GetStaff: EVERYBODY,
}
WITHOUT_CALLER = {
    contract.SignInWithPin,
    contract.SignInWithPassword,
    contract.SignInClient,
    contract.Refresh,
    contract.SignOut,
    contract.ActivateDevice,
}


def operations() -> dict[type[Command[Any]], Operation]:
    found = {}
    for method in vars(DirectoryService).values():
        for entrypoint in getattr(method, "nameko_entrypoints", ()):
            if isinstance(entrypoint, Operation):
                found[entrypoint.command] = entrypoint
    return found


def test_every_command_of_the_contract_is_served() -> None:
    commands = set(declared("directory", Command))

    assert set(operations()) == commands == set(ALLOWED) | WITHOUT_CALLER


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("command", list(ALLOWED))
def test_each_role_may_what_it_may(command: type[Command[Any]], role: Role) -> None:
    roles = operations()[command].roles
    assert roles is not None

    if role in ALLOWED[command]:
        caller(role).require(roles)
    else:
        with pytest.raises(Forbidden, match="FORBIDDEN_ROLE"):
            caller(role).require(roles)


def test_only_sign_in_needs_no_caller() -> None:
    without = {command for command, found in operations().items() if found.roles is None}

    assert without == WITHOUT_CALLER


ID = str(new_id())
STORE = {"id": ID, "region_id": ID, "code": "S", "name": "Store", "legal_entity": "Ltd"}
LIMITS = {"attempts": 5, "device_attempts": 20, "window_minutes": 15, "lock_minutes": 15,
          "refresh_days": 14, "refresh_grace_seconds": 30}  # fmt: skip
STAFF = {"id": ID, "number": "1", "name": "Ann", "roles": ["associate"], "scope_kind": "chain"}


@pytest.mark.parametrize(
    ("command", "raw", "field"),
    [
        (contract.CreateBrand, {"id": ID, "code": "B", "name": ""}, "$.name"),
        (contract.CreateBrand, {"id": ID, "code": "B", "name": "a\0b"}, "$.name"),
        (contract.CreateBrand, {"id": ID, "code": "B", "name": "\u202eevil"}, "$.name"),
        (contract.CreateBrand, {"id": ID, "code": "B", "name": "x" * 1_000_000}, "$.name"),
        (contract.CreateBrand, {"id": ID, "code": "; DROP", "name": "B"}, "$.code"),
        (contract.CreateBrand, {"id": "1", "code": "B", "name": "B"}, "$.id"),
        (contract.SaveStore, STORE | {"currency": "yuan"}, "$.currency"),
        (contract.SaveStaff, STAFF | {"roles": ["owner"]}, "$.roles[0]"),
        (contract.SaveStaff, STAFF | {"pin": "12a4"}, "$.pin"),
        (contract.SaveStaff, STAFF | {"pin": "123"}, "$.pin"),
        (contract.SaveStaff, STAFF | {"password": "short"}, "$.password"),
        (contract.SaveStaff, STAFF | {"number": "1' OR 1=1"}, "$.number"),
        (contract.ActivateDevice, {"activation_code": "12345x7890"}, "$.activation_code"),
        (contract.GetStores, {"ids": [ID] * 501}, "$.ids"),
        (contract.Refresh, {"refresh_token": "x" * 201}, "$.refresh_token"),
        (
            contract.PublishSignInPolicy,
            {"version": 1, "limits": LIMITS | {"attempts": 2}},
            "$.limits.attempts",
        ),
        (
            contract.PublishSignInPolicy,
            {"version": 1, "limits": LIMITS | {"refresh_days": 91}},
            "$.limits.refresh_days",
        ),
        (
            contract.PublishSignInPolicy,
            {"version": 1, "limits": LIMITS, "valid_from": "2026-03-01T09:00:00"},
            "$.valid_from",
        ),
        (contract.PublishSetting, {"id": ID, "name": "gravity", "scope_kind": "chain"}, "$.name"),
        (contract.ListAudit, {"first": 0}, "$.first"),
        (contract.ListAudit, {"first": 201}, "$.first"),
    ],
)
def test_bad_input_is_refused_with_its_place(
    command: type[Command[Any]], raw: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        decode(raw, command)

    assert refused.value.parameters["field"] == field


def test_a_name_may_be_in_any_script() -> None:
    raw = {"id": ID, "code": "B", "name": "时尚 👗 Łódź"}

    assert decode(raw, contract.CreateBrand) == msgspec.convert(raw, contract.CreateBrand)


@pytest.mark.parametrize("password", [None, ""])
def test_without_a_password_no_administrator_is_made(
    transaction: Transaction, monkeypatch: pytest.MonkeyPatch, password: str | None
) -> None:
    monkeypatch.delenv("BOOTSTRAP_ADMIN_PASSWORD", raising=False)
    if password is not None:
        monkeypatch.setenv("BOOTSTRAP_ADMIN_PASSWORD", password)

    given = bootstrap.BootstrapSettings().bootstrap_admin_password

    assert not bootstrap.create_administrator(transaction, given)
    assert rows(transaction, "staff") == []


def test_a_short_password_refuses_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOTSTRAP_ADMIN_PASSWORD", "abc123xyz")

    with pytest.raises(ValidationError) as refused:
        bootstrap.BootstrapSettings()

    assert "abc123xyz" not in str(refused.value)
