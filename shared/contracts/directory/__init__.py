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
    Text,
)
from shared.contracts.directory.answers import (
    AuditEntry,
    Client,
    ClientCreated,
    Clients,
    Device,
    DeviceActivated,
    DeviceCreated,
    Devices,
    DeviceState,
    Setting,
    SettingLevel,
    SettingName,
    Settings,
    SignInLimits,
    SignInPolicies,
    SignInPolicy,
    Staff,
    StaffList,
    Store,
    Stores,
)
from shared.paging import Page
from shared.seal import Caller, Role, ScopeKind

# A contract is one module to whoever uses it; these stand beside it, or it would be too long.
__all__ = [
    "AuditEntry", "Client", "ClientCreated", "Clients", "Device",
    "DeviceActivated", "DeviceCreated", "DeviceState", "Devices", "Setting", "SettingLevel",
    "SettingName", "Settings", "SignInLimits", "SignInPolicies", "SignInPolicy", "Staff",
    "StaffList", "Store", "Stores",
]  # fmt: skip

Pin = Annotated[str, Meta(pattern=r"^[0-9]{4,8}$(?!\n)")]
Password = Annotated[str, Meta(min_length=10, max_length=200)]
Secret = Annotated[str, Meta(min_length=1, max_length=200)]
Instant = Annotated[datetime, Meta(tz=True)]
StaffNumber = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,20}$(?!\n)")]


class Identity(Message, frozen=True, kw_only=True):
    """Who signed in, as the gateway puts it into tokens. `store_id` is the device's store."""

    caller: Caller
    name: str
    number: str | None = None
    store_id: UUID | None = None
    device_code: str | None = None


class SignedIn(Message, frozen=True, kw_only=True):
    """`refresh_token` rotates at each use; API clients get none. `storage_key` is told on a device
    only: base64 of the 32 bytes that open what it keeps, the same at every sign-in."""

    identity: Identity
    refresh_token: str | None = None
    storage_key: str | None = None


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


class ChangePin(Command[Done], frozen=True, kw_only=True):
    """One's own PIN, with the old one; ends every other sign-in of the caller.

    `refresh_token` is of the sign-in to keep; without one all end. A wrong old PIN counts like a
    failed sign-in on the device. The id is the caller's: the same again changes nothing.
    Refusals: WRONG_PIN, LOCKED_OUT, WEAK_PIN, SHORT_PIN, UNKNOWN_STAFF.
    """

    id: UUID
    old_pin: Secret
    pin: Pin
    refresh_token: Secret | None = None


class ChangePassword(Command[Done], frozen=True, kw_only=True):
    """One's own password, like `ChangePin`. Refusals: WRONG_PASSWORD, LOCKED_OUT, UNKNOWN_STAFF."""

    id: UUID
    old_password: Secret
    password: Password
    refresh_token: Secret | None = None


class PublishSignInPolicy(Command[SignInPolicy], frozen=True, kw_only=True):
    """Publish the next version of the limits of sign-in; `version` is the one it replaces.

    In force from `valid_from` (None or past: now), unless a newer version is by then. The same
    again gets the same answer. Refusals: POLICY_CHANGED, INVALID_INPUT.
    """

    version: Annotated[int, Meta(ge=1, le=1_000_000)]
    valid_from: Instant | None = None
    limits: SignInLimits


class ListSignInPolicies(Command[SignInPolicies], frozen=True, kw_only=True):
    """All versions, newest first; one of them is in force."""


class PublishSetting(Command[SettingLevel], frozen=True, kw_only=True):
    """Set a setting for the chain, a region, a franchisee or a store, and all that is below.

    Without a value it inherits again. `locked` keeps everything below from differing, what was set
    there before too. Refusals: SETTING_LOCKED (above), UNKNOWN_PARENT, ID_TAKEN, INVALID_INPUT.
    """

    id: UUID
    name: SettingName
    scope_kind: ScopeKind
    scope_id: UUID | None = None
    value: int | None = None
    locked: bool = False


class GetSettings(Command[Settings], frozen=True, kw_only=True):
    """Every setting as it is for a store: its own, else the franchisee's, region's or chain's."""

    store_id: UUID


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

    A caller may only give roles and scopes within its own. A new secret ends every sign-in and
    opens what failures had locked; `active` false ends employment.
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


class CreateDevice(Command[DeviceCreated], frozen=True, kw_only=True):
    """A phone, tablet or till of a store; gets the store's next device code (D1, D2, …).

    The same id again makes a new activation code for the same device (a phone that was wiped).
    """

    id: UUID
    store_id: UUID
    name: Name


class ListDevices(Command[Devices], frozen=True, kw_only=True):
    """The devices of a store within the caller's scope, closed or not, in the order made."""

    store_id: UUID


class DeactivateDevice(Command[Device], frozen=True, kw_only=True):
    """Switch off a device that was lost: nobody signs in on it, its sign-ins end at once.

    `CreateDevice` with its id switches it on again. Refusals: UNKNOWN_DEVICE, FORBIDDEN_SCOPE.
    """

    id: UUID


class ActivateDevice(Command[DeviceActivated], frozen=True, kw_only=True):
    activation_code: Annotated[str, Meta(pattern=r"^[0-9]{8,12}$(?!\n)")]


class CreateClient(Command[ClientCreated], frozen=True, kw_only=True):
    """An API client; its secret is shown once. The same id again makes a new secret."""

    id: UUID
    name: Name
    scope_kind: ScopeKind
    scope_id: UUID | None = None


class ListClients(Command[Clients], frozen=True, kw_only=True):
    """The API clients whose scope lies within the caller's, by name."""


class DeactivateClient(Command[Client], frozen=True, kw_only=True):
    """Take its secret from a client; `CreateClient` with its id gives it a new one.

    Refusals: UNKNOWN_CLIENT, FORBIDDEN_SCOPE.
    """

    id: UUID


class ListStores(Command[Stores], frozen=True, kw_only=True):
    """The stores within the caller's scope, by code."""


class GetStores(Command[Stores], frozen=True, kw_only=True):
    """Stores by id, whatever the scope: name and code of a store are no secret."""

    ids: Annotated[list[UUID], Meta(max_length=500)]


class ListStaff(Command[StaffList], frozen=True, kw_only=True):
    """The staff whose scope lies within the caller's; of one store with `store_id`."""

    store_id: UUID | None = None


class GetStaff(Command[StaffList], frozen=True, kw_only=True):
    ids: Annotated[list[UUID], Meta(max_length=500)]


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
    """A device was made, activated, wiped or switched off. Sequence: `version`."""

    type: ClassVar[str] = "directory.device_changed"
    device_id: UUID
    version: int
    store_id: UUID
    code: str
    active: bool
    state: DeviceState | None = None


class SignInPolicyPublished(Event, frozen=True, kw_only=True):
    """There is a new version of the limits of sign-in. Sequence: `version`."""

    type: ClassVar[str] = "directory.sign_in_policy_published"
    version: int
    valid_from: datetime
    limits: SignInLimits


class SettingPublished(Event, frozen=True, kw_only=True):
    """A level has a new version of a setting. Subject: setting and level; sequence: `version`."""

    type: ClassVar[str] = "directory.setting_published"
    setting: SettingName
    scope_kind: ScopeKind
    scope_id: UUID | None
    value: int | None
    locked: bool
    version: int


class OrganisationChanged(Event, frozen=True, kw_only=True):
    """A brand, region, franchisee or API client was created, or a client switched off."""

    type: ClassVar[str] = "directory.organisation_changed"
    kind: str
    id: UUID
    active: bool = True


class SignInObserved(Event, frozen=True, kw_only=True):
    """Somebody signed in, failed to, was locked out, or changed the own secret."""

    type: ClassVar[str] = "directory.sign_in_observed"
    subject_id: UUID | None
    device_id: UUID | None
    outcome: str
