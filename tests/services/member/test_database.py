"""The service's own database: its migration, its ledger, its published interface."""

from collections.abc import Callable

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.member.models import Base, Store
from services.member.service import MemberService
from shared.contracts import member as contract
from shared.contracts import operation_of
from shared.contracts.directory import StoreChanged
from shared.contracts.member import Member
from shared.ids import new_id
from shared.seal import FLOOR, HQ, MANAGERS, READERS, Role
from shared.stores import find_store
from tests.services.member.test_purchases import envelope


def test_models_and_migration_agree(service_engine: Callable[[str], Engine]) -> None:
    with service_engine("member").connect() as connection:
        context = MigrationContext.configure(connection)

        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.parametrize(
    "statement",
    ["UPDATE consents SET granted = false", "DELETE FROM consents", "TRUNCATE consents"],
)
def test_the_ledger_of_consents_is_append_only(
    session: Session, register: Callable[..., Member], statement: str
) -> None:
    register()

    with pytest.raises(IntegrityError, match="consents is append-only"), session.begin_nested():
        session.execute(text(statement))

    assert session.scalar(text("SELECT count(*) FROM consents WHERE granted")) == 1


@pytest.mark.parametrize("table", ["consents", "consent_states", "name_keys"])
def test_what_is_said_of_nobody_is_refused(
    session: Session, register: Callable[..., Member], table: str
) -> None:
    register(name="单顾客")
    columns = {
        "consents": "purpose, channel, notice_version, granted, recorded_by, recorded_by_kind",
        "consent_states": "consent_id, purpose, channel, granted",
        "name_keys": "key",
    }[table]

    with pytest.raises(IntegrityError) as refused, session.begin_nested():
        session.execute(
            text(
                f"INSERT INTO {table} (member_id, {columns})"
                f" SELECT gen_random_uuid(), {columns.replace('consent_id', '-1')} FROM {table}"
            )
        )

    assert isinstance(refused.value.orig, psycopg.errors.ForeignKeyViolation)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("DELETE FROM members", "members of whom there is anything are not deleted"),
        ("UPDATE members SET id = gen_random_uuid()", "append-only"),
        ("UPDATE name_keys SET member_id = gen_random_uuid()", "append-only"),
    ],
)
def test_members_stay(
    session: Session, register: Callable[..., Member], change: str, sentence: str
) -> None:
    register(name="单顾客")
    # Of other tables foreign keys see to it.
    session.execute(text("DELETE FROM identifiers"))

    with pytest.raises(IntegrityError, match=sentence), session.begin_nested():
        session.execute(text(change))


@pytest.mark.parametrize(
    "change", ["UPDATE field_versions SET version = 9", "TRUNCATE field_versions"]
)
def test_versions_of_fields_are_never_changed(session: Session, change: str) -> None:
    with pytest.raises(IntegrityError, match="append-only"), session.begin_nested():
        session.execute(text(change))


def test_every_command_of_the_contract_is_served_for_the_right_roles() -> None:
    expected = {
        contract.RegisterMember: FLOOR | MANAGERS | {Role.INTEGRATION},
        contract.UpdateMember: FLOOR | MANAGERS | {Role.INTEGRATION},
        contract.FindMembers: READERS,
        contract.GetMembers: READERS,
        contract.TagMember: FLOOR | MANAGERS,
        contract.RevealPhone: MANAGERS | {Role.ASSOCIATE},
        contract.PublishField: HQ,
        contract.GetFields: READERS,
        contract.GetForm: READERS,
    }

    served = {}
    for command in expected:
        (entrypoint,) = getattr(MemberService, operation_of(command)).nameko_entrypoints
        served[entrypoint.command] = entrypoint.roles

    assert served == expected


def test_stores_are_learned_from_directory(session: Session) -> None:
    store_id = new_id()
    opened = StoreChanged(
        store_id=store_id,
        version=2,
        code="SH-01",
        name="Nanjing Road",
        brand_id=new_id(),
        region_id=new_id(),
        franchisee_id=None,
        legal_entity="Example Trading",
        time_zone="Asia/Shanghai",
        currency="CNY",
        active=True,
    )

    MemberService.on_store_changed(session, [envelope(opened, store_id, 2)])

    assert find_store(session, Store, store_id).name == "Nanjing Road"
