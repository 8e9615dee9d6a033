"""What the member service's tests start from: a store, a keyring, somebody at the counter."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from services.member import definitions, profiles
from services.member.models import Store
from services.member.phones import Keyring
from shared.contracts.member import Consent, Member, RegisterMember
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind
from shared.stores import forget_stores

AGREED = Consent(purpose="membership", notice_version="2025-01", granted=True)
PHONE = "13812341234"


@pytest.fixture
def keys() -> Keyring:
    return Keyring({"k1": b"1" * 32}, "a long random string")


@pytest.fixture
def session(service_session: Callable[[str], Session]) -> Iterator[Session]:
    made = service_session("member")
    made.info["source"] = "member"
    forget_stores()
    definitions.forget()
    yield made
    forget_stores()
    definitions.forget()


@pytest.fixture
def store_id(session: Session) -> UUID:
    return open_store(session)


@pytest.fixture
def associate(store_id: UUID) -> Caller:
    return staff(Role.ASSOCIATE, store_id)


@pytest.fixture
def manager(store_id: UUID) -> Caller:
    return staff(Role.STORE_MANAGER, store_id)


@pytest.fixture
def register(
    session: Session, keys: Keyring, store_id: UUID, associate: Caller
) -> Callable[..., Member]:
    """`register(phone=…, name=…)`: a new member of the store, registered by the associate."""

    def made(**fields: Any) -> Member:
        return profiles.register(session, keys, associate, registration(store_id, **fields))

    return made


def staff(role: Role, store_id: UUID) -> Caller:
    return Caller(
        kind="staff",
        id=new_id(),
        roles=frozenset({role}),
        scope_kind=ScopeKind.STORE,
        scope_id=store_id,
    )


def open_store(session: Session, time_zone: str = "Asia/Shanghai", active: bool = True) -> UUID:
    store_id = new_id()
    session.execute(
        insert(Store).values(
            id=store_id,
            version=1,
            code=f"S-{store_id}",
            name="Nanjing Road",
            brand_id=new_id(),
            region_id=new_id(),
            franchisee_id=None,
            legal_entity="Example Trading",
            time_zone=time_zone,
            currency="CNY",
            active=active,
        )
    )
    return store_id


def registration(store_id: UUID, **fields: Any) -> RegisterMember:
    given: dict[str, Any] = {
        "member_id": new_id(),
        "phone": PHONE,
        "name": "顾客明",
        "source_channel": "store",
        "home_store_id": store_id,
        "consents": [AGREED],
    }
    return RegisterMember(**given | fields)


def contents(session: Session) -> list[Any]:
    """Everything a refusal must leave as it was."""
    tables = ("members", "consents", "outbox", "purchase_facts", "happenings", "field_versions")
    return [session.execute(text(f"SELECT * FROM {table} ORDER BY 1")).all() for table in tables]


def events(session: Session, kind: str) -> list[str]:
    """The envelopes of one type that were emitted, as JSON."""
    found = session.scalars(
        text("SELECT envelope FROM outbox WHERE type = :kind ORDER BY id"), {"kind": kind}
    )
    return list(found)
