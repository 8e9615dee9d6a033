"""What directory shows of organisation and rules; a part of its contract, which names it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import Message
from shared.seal import Role, ScopeKind


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


DeviceState = Literal["waiting", "active", "off"]
"""Waiting for its activation code to be used, active, or switched off."""


class Device(Message, frozen=True, kw_only=True):
    """`activation_ends_at` is there while the device waits."""

    id: UUID
    store_id: UUID
    code: str
    name: str
    state: DeviceState
    activation_ends_at: datetime | None


class Devices(Message, frozen=True, kw_only=True):
    items: list[Device]


class Client(Message, frozen=True, kw_only=True):
    """`active` as long as its newest secret is good."""

    id: UUID
    name: str
    scope_kind: ScopeKind
    scope_id: UUID | None
    active: bool


class Clients(Message, frozen=True, kw_only=True):
    items: list[Client]


class SignInLimits(Message, frozen=True, kw_only=True):
    """`attempts` failures of one person, or `device_attempts` of anybody on one device, within
    `window_minutes` lock for `lock_minutes`. A sign-in lasts `refresh_days`; a refresh token is
    taken once more for `refresh_grace_seconds` after its first use."""

    attempts: Annotated[int, Meta(ge=3, le=20)]
    device_attempts: Annotated[int, Meta(ge=3, le=500)]
    window_minutes: Annotated[int, Meta(ge=1, le=1_440)]
    lock_minutes: Annotated[int, Meta(ge=1, le=1_440)]
    refresh_days: Annotated[int, Meta(ge=1, le=90)]
    refresh_grace_seconds: Annotated[int, Meta(ge=0, le=120)]


class SignInPolicy(Message, frozen=True, kw_only=True):
    """A version of the limits. `author` is the id of who published it, or `installation`."""

    version: int
    valid_from: datetime
    author: str
    in_force: bool
    limits: SignInLimits


class SignInPolicies(Message, frozen=True, kw_only=True):
    items: list[SignInPolicy]


class DeviceCreated(Message, frozen=True, kw_only=True):
    """`activation_code` is shown once and works once, until `activation_ends_at`."""

    id: UUID
    activation_code: str
    activation_ends_at: datetime | None = None


class DeviceActivated(Message, frozen=True, kw_only=True):
    device_id: UUID
    device_secret: str
    device_code: str
    store_id: UUID
    store_name: str


class ClientCreated(Message, frozen=True, kw_only=True):
    id: UUID
    client_secret: str


class AuditEntry(Message, frozen=True, kw_only=True):
    """One event with the caller who caused it; personal data is never in it."""

    event_id: UUID
    at: datetime
    caller_kind: str | None
    caller_id: UUID | None
    type: str
    subject: str
    detail: str


SettingName = Literal["activation_hours", "pin_digits"]


class SettingLevel(Message, frozen=True, kw_only=True):
    """What one level says: its newest version. Without a value it says nothing, and inherits."""

    scope_kind: ScopeKind
    scope_id: UUID | None
    value: int | None
    locked: bool
    version: int
    author_id: UUID
    valid_from: datetime


class Setting(Message, frozen=True, kw_only=True):
    """A setting as it is for a store, and why.

    `value` is that of the level `scope_kind` and its `version`; of the product (`default`) where
    these are None. `levels` are those that were ever set, from the chain down. Values are from
    `least` to `most`; `locked` says that nothing below that level may differ.
    """

    name: SettingName
    title_zh: str
    title_en: str
    value: int
    default: int
    least: int
    most: int
    scope_kind: ScopeKind | None
    scope_id: UUID | None
    version: int | None
    locked: bool
    levels: list[SettingLevel]


class Settings(Message, frozen=True, kw_only=True):
    items: list[Setting]
