"""Directory: brand → region → franchisee → store, staff, roles, devices, clients, audit."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from shared.contracts import (
    Code,
    Command,
    Currency,
    Done,
    Event,
    Message,
    Name,
    PageSize,
    Sentence,
    Text,
)
from shared.paging import Page
from shared.seal import Caller, Role, ScopeKind

Pin = Annotated[str, Meta(pattern=r"^[0-9]{4,8}$(?!\n)")]
Password = Annotated[str, Meta(min_length=10, max_length=200)]
Secret = Annotated[str, Meta(min_length=1, max_length=200)]
StaffNumber = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,20}$(?!\n)")]

ERRORS = {
    "SIGN_IN_FAILED": Sentence(
        zh="工号或密码不正确，还可以再试 {attempts_left} 次",
        en="Staff number or PIN is not right; {attempts_left} attempts left",
    ),
    "LOCKED_OUT": Sentence(
        zh="多次输入错误，请在 {minutes} 分钟后再试",
        en="Too many failed attempts; try again in {minutes} minutes",
    ),
    "CLIENT_REJECTED": Sentence(zh="接口凭证无效", en="These client credentials are not valid"),
    "REFRESH_REJECTED": Sentence(zh="登录已过期，请重新登录", en="Your sign-in has ended"),
    "DEVICE_UNKNOWN": Sentence(
        zh="本设备尚未登记或已停用，请向店长索取激活码",
        en="This device is not registered; ask the manager for an activation code",
    ),
    "ACTIVATION_REJECTED": Sentence(
        zh="激活码无效或已使用", en="This activation code is not valid or was used"
    ),
    "CODE_TAKEN": Sentence(zh="编号“{code}”已被使用", en="Code “{code}” is taken already"),
    "ID_TAKEN": Sentence(zh="此标识已用于其他内容", en="This id was used for something else"),
    "LAST_ADMINISTRATOR": Sentence(
        zh="至少要保留一位总部管理员",
        en="One administrator of the whole chain has to remain",
    ),
    "UNKNOWN_PARENT": Sentence(zh="上级组织不存在", en="What it should belong to does not exist"),
    "UNKNOWN_STAFF": Sentence(zh="没有这位员工", en="There is no such member of staff"),
    "UNKNOWN_TIME_ZONE": Sentence(zh="没有“{zone}”这个时区", en="There is no time zone “{zone}”"),
    "WEAK_PIN": Sentence(zh="PIN 过于简单，请换一个", en="This PIN is too easy to guess"),
}


class Identity(Message, frozen=True, kw_only=True):
    """Who signed in, as the gateway puts it into tokens. `store_id` is the device's store."""

    caller: Caller
    name: str
    number: str | None = None
    store_id: UUID | None = None
    device_code: str | None = None


class SignedIn(Message, frozen=True, kw_only=True):
    """`refresh_token` rotates at each use; API clients get none."""

    identity: Identity
    refresh_token: str | None = None


class SignInWithPin(Command[SignedIn], frozen=True, kw_only=True):
    """Floor staff, on a registered device of the store they work for. Refusals: SIGN_IN_FAILED,
    LOCKED_OUT, DEVICE_UNKNOWN, FORBIDDEN_SCOPE."""

    device_id: UUID
    device_secret: Secret
    staff_number: StaffNumber
    pin: Secret


class SignInWithPassword(Command[SignedIn], frozen=True, kw_only=True):
    """HQ and other staff with a password, without a device."""

    staff_number: StaffNumber
    password: Secret


class SignInClient(Command[SignedIn], frozen=True, kw_only=True):
    """Client credentials of an integration."""

    client_id: UUID
    client_secret: Secret


class Refresh(Command[SignedIn], frozen=True, kw_only=True):
    """A token that was used before ends its whole family (REFRESH_REJECTED)."""

    refresh_token: Secret


class SignOut(Command[Done], frozen=True, kw_only=True):
    refresh_token: Secret


class Created(Message, frozen=True, kw_only=True):
    """The id is the caller's: the same command again gets the same answer."""

    id: UUID


class CreateBrand(Command[Created], frozen=True, kw_only=True):
    id: UUID
    code: Code
    name: Name


class CreateRegion(Command[Created], frozen=True, kw_only=True):
    id: UUID
    brand_id: UUID
    code: Code
    name: Name


class CreateFranchisee(Command[Created], frozen=True, kw_only=True):
    """A company of its own (or HQ's own operating company)."""

    id: UUID
    code: Code
    name: Name
    legal_entity: Name


class SaveStore(Command[Created], frozen=True, kw_only=True):
    """Create a store or change it. Without a franchisee it is the chain's own."""

    id: UUID
    region_id: UUID
    franchisee_id: UUID | None = None
    code: Code
    name: Name
    legal_entity: Name
    time_zone: str = "Asia/Shanghai"
    currency: Currency = "CNY"
    active: bool = True


class SaveStaff(Command[Created], frozen=True, kw_only=True):
    """Create a member of staff or change one; a secret left out stays as it is.

    A caller may only give roles and scopes within its own.
    """

    id: UUID
    number: StaffNumber
    name: Name
    roles: frozenset[Role]
    scope_kind: ScopeKind
    scope_id: UUID | None = None
    pin: Pin | None = None
    password: Password | None = None
    active: bool = True


class DeviceCreated(Message, frozen=True, kw_only=True):
    """`activation_code` is shown once and works once, within 24 hours."""

    id: UUID
    activation_code: str


class CreateDevice(Command[DeviceCreated], frozen=True, kw_only=True):
    """A phone, tablet or till of a store; gets the store's next device code (D1, D2, …).

    The same id again makes a new activation code for the same device (a phone that was wiped).
    """

    id: UUID
    store_id: UUID
    name: Name


class DeviceActivated(Message, frozen=True, kw_only=True):
    device_id: UUID
    device_secret: str
    device_code: str
    store_id: UUID
    store_name: str


class ActivateDevice(Command[DeviceActivated], frozen=True, kw_only=True):
    activation_code: Annotated[str, Meta(pattern=r"^[0-9]{8,12}$(?!\n)")]


class ClientCreated(Message, frozen=True, kw_only=True):
    id: UUID
    client_secret: str


class CreateClient(Command[ClientCreated], frozen=True, kw_only=True):
    """An API client; its secret is shown once. The same id again makes a new secret."""

    id: UUID
    name: Name
    scope_kind: ScopeKind
    scope_id: UUID | None = None


class Store(Message, frozen=True, kw_only=True):
    id: UUID
    code: str
    name: str
    brand_id: UUID
    region_id: UUID
    region_name: str
    franchisee_id: UUID | None
    franchisee_name: str | None
    legal_entity: str
    time_zone: str
    currency: str
    active: bool


class Stores(Message, frozen=True, kw_only=True):
    items: list[Store]


class ListStores(Command[Stores], frozen=True, kw_only=True):
    """The stores within the caller's scope, by code."""


class GetStores(Command[Stores], frozen=True, kw_only=True):
    """Stores by id, whatever the scope: name and code of a store are no secret."""

    ids: Annotated[list[UUID], Meta(max_length=500)]


class Staff(Message, frozen=True, kw_only=True):
    id: UUID
    number: str
    name: str
    roles: frozenset[Role]
    scope_kind: ScopeKind
    scope_id: UUID | None
    active: bool


class StaffList(Message, frozen=True, kw_only=True):
    items: list[Staff]


class ListStaff(Command[StaffList], frozen=True, kw_only=True):
    """The staff whose scope lies within the caller's; of one store with `store_id`."""

    store_id: UUID | None = None


class GetStaff(Command[StaffList], frozen=True, kw_only=True):
    ids: Annotated[list[UUID], Meta(max_length=500)]


class AuditEntry(Message, frozen=True, kw_only=True):
    """One event with the caller who caused it; personal data is never in it."""

    event_id: UUID
    at: datetime
    caller_kind: str | None
    caller_id: UUID | None
    type: str
    subject: str
    detail: str


class ListAudit(Command[Page[AuditEntry]], frozen=True, kw_only=True):
    """HQ administrators and auditors; newest first."""

    subject: Text | None = None
    caller_id: UUID | None = None
    type: Text | None = None
    first: PageSize = 50
    after: Text | None = None


class StoreChanged(Event, frozen=True, kw_only=True):
    """A store was created or changed. Subject: the store; sequence: `version`."""

    type: ClassVar[str] = "directory.store_changed"
    store_id: UUID
    version: int
    code: str
    name: str
    brand_id: UUID
    region_id: UUID
    franchisee_id: UUID | None
    legal_entity: str
    time_zone: str
    currency: str
    active: bool


class StaffChanged(Event, frozen=True, kw_only=True):
    """A member of staff was created or changed; ids only."""

    type: ClassVar[str] = "directory.staff_changed"
    staff_id: UUID
    version: int
    roles: frozenset[Role]
    scope_kind: ScopeKind
    scope_id: UUID | None
    active: bool


class DeviceChanged(Event, frozen=True, kw_only=True):
    type: ClassVar[str] = "directory.device_changed"
    device_id: UUID
    version: int
    store_id: UUID
    code: str
    active: bool


class OrganisationChanged(Event, frozen=True, kw_only=True):
    """A brand, region, franchisee or API client was created (for the audit log)."""

    type: ClassVar[str] = "directory.organisation_changed"
    kind: str
    id: UUID


class SignInObserved(Event, frozen=True, kw_only=True):
    """Somebody signed in, failed to, or was locked out."""

    type: ClassVar[str] = "directory.sign_in_observed"
    subject_id: UUID | None
    device_id: UUID | None
    outcome: str
