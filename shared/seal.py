"""Who is calling: the gateway verifies a token once and seals the caller into the message headers.

Every service opens the seal (HMAC-SHA256, key from the environment) and enforces role and scope
itself. A seal is short-lived: a captured message is of no use tomorrow.
"""

import base64
import hashlib
import hmac
import time
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

import msgspec

from shared.errors import Forbidden

S = TypeVar("S", bound=msgspec.Struct)
SEAL_SECONDS = 300
"""How long a seal may be used for a command. Events keep theirs as a record of who did it."""


class Role(StrEnum):
    ASSOCIATE = "associate"
    STORE_MANAGER = "store_manager"
    FRANCHISE_OWNER = "franchise_owner"
    REGION_MANAGER = "region_manager"
    HQ_OPERATIONS = "hq_operations"
    HQ_ADMINISTRATOR = "hq_administrator"
    AUDITOR = "auditor"
    INTEGRATION = "integration"


class ScopeKind(StrEnum):
    STORE = "store"
    FRANCHISEE = "franchisee"
    REGION = "region"
    CHAIN = "chain"


HQ = frozenset({Role.HQ_OPERATIONS, Role.HQ_ADMINISTRATOR})
MANAGERS = HQ | {Role.STORE_MANAGER, Role.FRANCHISE_OWNER, Role.REGION_MANAGER}
FLOOR = frozenset({Role.ASSOCIATE, Role.STORE_MANAGER, Role.FRANCHISE_OWNER})
SELLERS = FLOOR | {Role.INTEGRATION}
READERS = MANAGERS | {Role.ASSOCIATE, Role.INTEGRATION, Role.AUDITOR}


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """A member of staff or an API client, with what it may do (roles) and where (scope).

    `scope_id` is the id of the store, franchisee or region; None for the whole chain. `device_id`
    is the registered device the caller signed in on.
    """

    kind: str
    id: UUID
    roles: frozenset[Role]
    scope_kind: ScopeKind
    scope_id: UUID | None = None
    device_id: UUID | None = None

    def require(self, roles: frozenset[Role]) -> None:
        """Raise `Forbidden` unless the caller has one of `roles`."""
        if not self.roles & roles:
            raise Forbidden("FORBIDDEN_ROLE")

    def require_chain(self) -> None:
        """Raise `Forbidden` unless the caller's scope is the whole chain."""
        if self.scope_kind is not ScopeKind.CHAIN:
            raise Forbidden("FORBIDDEN_SCOPE")


class _Sealed(msgspec.Struct, frozen=True):
    caller: Caller
    sealed_at: int


def seal(caller: Caller, key: str) -> str:
    """The caller as a header value that only holders of `key` can make."""
    return signed(msgspec.json.encode(_Sealed(caller, int(time.time()))), key)


def unseal(header: str | None, key: str, within_seconds: int | None = SEAL_SECONDS) -> Caller:
    """The caller inside a header; raises `Forbidden` when it is missing, forged or too old."""
    sealed = opened(header, key, _Sealed)
    if within_seconds is not None and time.time() - sealed.sealed_at > within_seconds:
        raise Forbidden("UNSEALED")
    return sealed.caller


def signed(body: bytes, key: str) -> str:
    """`body` as text that only holders of `key` can make."""
    return f"{base64.urlsafe_b64encode(body).decode()}.{_signature(body, key)}"


def opened(text: str | None, key: str, kind: type[S]) -> S:
    """What was `signed`, read as JSON; raises `Forbidden` when it is missing or forged."""
    try:
        encoded, signature = (text or "").split(".")
        body = base64.urlsafe_b64decode(encoded)
        genuine = hmac.compare_digest(signature.encode(), _signature(body, key).encode())
        if genuine:
            return msgspec.json.decode(body, type=kind)
    except (ValueError, msgspec.DecodeError) as error:
        raise Forbidden("UNSEALED") from error
    raise Forbidden("UNSEALED")


def _signature(body: bytes, key: str) -> str:
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
