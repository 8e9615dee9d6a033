"""Models and migration agree, and what can never be is refused by the database itself."""

from collections.abc import Callable
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from services.directory import refresh, sign_in
from services.directory.audit import CHECKS
from services.directory.models import Base
from shared.contracts import directory as contract
from shared.seal import Role, ScopeKind
from shared.service import Transaction
from tests.services.directory.conftest import (
    NOW,
    PASSWORD,
    Chain,
    associate,
    hire,
    register,
)


def test_models_and_migration_agree(service_engine: Callable[[str], Engine]) -> None:
    with service_engine("directory").connect() as connection:
        context = MigrationContext.configure(connection)

        assert compare_metadata(context, Base.metadata) == []


def test_an_installation_begins_with_limits_of_sign_in(transaction: Transaction) -> None:
    with transaction() as session:
        row = session.execute(text("SELECT * FROM sign_in_policy")).one()._mapping

    assert {name: row[name] for name in row if name not in {"valid_from", "author"}} == {
        "version": 1,
        "attempts": 5,
        "device_attempts": 20,
        "window_minutes": 15,
        "lock_minutes": 15,
        "refresh_days": 14,
        "refresh_grace_seconds": 30,
    }


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE stores SET code = 'S2' WHERE code = 'S1'",
        "UPDATE stores SET currency = 'yuan'",
        "DELETE FROM regions",
        "UPDATE staff SET roles = '{}'",
        "UPDATE staff SET roles = '{owner}'",
        "UPDATE staff SET scope_kind = 'chain'",
        "UPDATE staff SET scope_kind = 'planet'",
        "UPDATE devices SET activation_digest = '1', activation_ends_at = now()",
        "INSERT INTO settings SELECT gen_random_uuid(), 'pin_digits', 'chain', NULL, 1, 6, false,"
        " gen_random_uuid(), now() FROM generate_series(1, 2)",
        "INSERT INTO settings VALUES (gen_random_uuid(), 'pin_digits', 'chain', NULL, 1, NULL,"
        " true, gen_random_uuid(), now())",
        "INSERT INTO staff SELECT gen_random_uuid(), 1, upper(number), name, roles, scope_kind,"
        " scope_id, NULL, NULL, true FROM staff",
    ],
)
def test_the_database_refuses_what_can_never_be(
    transaction: Transaction, chain: Chain, change: str
) -> None:
    hire(transaction, associate(chain.own_store, "ann", pin=None))
    register(transaction, chain.own_store)

    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(text(change))


def differences(transaction: Transaction) -> list[str]:
    with transaction() as session:
        return [name for name, check in CHECKS.items() if session.execute(text(check)).all()]


@pytest.fixture
def used(transaction: Transaction, chain: Chain) -> None:
    """A directory in which somebody has worked."""
    everywhere: dict[str, Any] = {"roles": frozenset({Role.HQ_ADMINISTRATOR}),
                                  "scope_kind": ScopeKind.CHAIN}  # fmt: skip
    hire(transaction, associate(None, "admin", password=PASSWORD, **everywhere))
    hire(transaction, associate(chain.own_store, "ann"))
    register(transaction, chain.own_store)
    command = contract.SignInWithPassword(staff_number="admin", password=PASSWORD)
    token = sign_in.with_password(transaction, command, NOW).refresh_token or ""
    refresh.refresh(transaction, contract.Refresh(refresh_token=token), NOW)


@pytest.mark.usefixtures("used")
def test_the_audit_is_clean_after_work(transaction: Transaction) -> None:
    assert differences(transaction) == []


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize(
    ("damage", "name"),
    [
        ("UPDATE staff SET scope_id = gen_random_uuid() WHERE number = 'ann'",
         "a scope of staff is there"),
        ("INSERT INTO clients VALUES (gen_random_uuid(), 1, 'c', 'store', gen_random_uuid(), '1')",
         "a scope of an API client is there"),
        ("INSERT INTO settings VALUES (gen_random_uuid(), 'pin_digits', 'store', gen_random_uuid(),"
         " 1, 6, false, gen_random_uuid(), now())", "a level of a setting is there"),
        ("INSERT INTO settings VALUES (gen_random_uuid(), 'pin_digits', 'chain', NULL,"
         " 2, 6, false, gen_random_uuid(), now())", "a level's versions of a setting have no gap"),
        ("UPDATE stores SET devices_made = 5 WHERE code = 'S1'", "device numbers = devices made"),
        ("UPDATE refresh_families SET generation = 9",
         "a refresh family has tokens up to its generation"),
        ("UPDATE staff SET active = false", "nobody who left is still signed in"),
        ("UPDATE refresh_families SET device_id = d.id FROM devices d; UPDATE devices SET"
         " secret_digest = NULL", "nobody is signed in on a device without a secret"),
        ("UPDATE staff SET active = false", "an administrator remains"),
        ("UPDATE outbox SET published_at = now() - interval '1 hour'",
         "own events are in the audit log"),
    ],
)  # fmt: skip
def test_the_audit_finds_what_does_not_fit(
    transaction: Transaction, damage: str, name: str
) -> None:
    with transaction() as session:
        session.execute(text(damage))

    assert name in differences(transaction)
