"""Tables of directory: the organisation tree, who works in it and on what, sign-ins, audit log."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.contracts.directory.printers import PaperWidth, PrinterCharacters
from shared.database import new_metadata
from shared.erasure import ErasedMixin
from shared.inbox import InboxMixin
from shared.outbox import OutboxMixin
from shared.seal import Role, ScopeKind

_ROLES = ", ".join(f"'{role.value}'" for role in Role)
_SCOPES = ", ".join(f"'{kind.value}'" for kind in ScopeKind)


class Base(DeclarativeBase):
    """Every table of this service."""

    metadata = new_metadata()


class Outbox(OutboxMixin, Base):
    """Events of directory on their way to the broker."""


class Inbox(InboxMixin, Base):
    """Events that directory has applied."""


class ErasedMember(ErasedMixin, Base):
    """Who was erased here."""


class Brand(Base):
    """The top of the tree. Never changed once made."""

    __tablename__ = "brands"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)


class Region(Base):
    """Stores of one brand under one region manager. Never changed once made."""

    __tablename__ = "regions"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    brand_id: Mapped[UUID] = mapped_column(ForeignKey("brands.id"))
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)


class Franchisee(Base):
    """A company that runs stores of the chain. Never changed once made."""

    __tablename__ = "franchisees"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    legal_entity: Mapped[str] = mapped_column(Text)


class Store(Base):
    """A shop. `devices_made` numbers its devices (D1, D2, …); a number is never given twice."""

    __tablename__ = "stores"
    __table_args__ = (
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("devices_made >= 0", name="devices_made"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        Index("ix_stores_region_id", "region_id"),
        Index("ix_stores_franchisee_id", "franchisee_id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int] = mapped_column(server_default="1")
    region_id: Mapped[UUID] = mapped_column(ForeignKey("regions.id"))
    franchisee_id: Mapped[UUID | None] = mapped_column(ForeignKey("franchisees.id"))
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    legal_entity: Mapped[str] = mapped_column(Text)
    time_zone: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    active: Mapped[bool]
    devices_made: Mapped[int] = mapped_column(server_default="0")


class Staff(Base):
    """A member of staff. Secrets are Argon2id hashes; numbers differ in more than upper case.

    `secret_change_id` is of the last change of a secret by the person itself.
    """

    __tablename__ = "staff"
    __table_args__ = (
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("cardinality(roles) > 0", name="some_role"),
        CheckConstraint(f"roles <@ ARRAY[{_ROLES}]", name="known_roles"),
        CheckConstraint(f"scope_kind IN ({_SCOPES})", name="known_scope"),
        CheckConstraint("(scope_kind = 'chain') = (scope_id IS NULL)", name="scope_id"),
        Index("uq_staff_number", text("lower(number)"), unique=True),
        Index("ix_staff_scope", "scope_kind", "scope_id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int] = mapped_column(server_default="1")
    number: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    scope_kind: Mapped[str] = mapped_column(Text)
    scope_id: Mapped[UUID | None] = mapped_column(Uuid)
    pin_hash: Mapped[str | None] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)
    active: Mapped[bool]
    secret_change_id: Mapped[UUID | None] = mapped_column(Uuid)


class Device(Base):
    """A phone, tablet or till of a store.

    It waits for its activation code to be used, or is active and has a secret of its own, never
    both; a device with neither is switched off.
    """

    __tablename__ = "devices"
    __table_args__ = (
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("num_nonnulls(secret_digest, activation_digest) <= 1", name="one_state"),
        CheckConstraint(
            "(activation_digest IS NULL) = (activation_ends_at IS NULL)", name="activation"
        ),
        CheckConstraint("octet_length(storage_key) = 32", name="storage_key"),
        Index("uq_devices_store_id", "store_id", "code", unique=True),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int] = mapped_column(server_default="1")
    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id"))
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    secret_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    activation_digest: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    activation_ends_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    storage_key: Mapped[bytes] = mapped_column(
        LargeBinary,
        server_default=text("uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())"),
    )
    """Wraps the key of what the device keeps encrypted: 244 random bits, for good."""


class Client(Base):
    """An API client. Only its newest secret is good; one without a secret is switched off."""

    __tablename__ = "clients"
    __table_args__ = (
        CheckConstraint("version > 0", name="version"),
        CheckConstraint(f"scope_kind IN ({_SCOPES})", name="known_scope"),
        CheckConstraint("(scope_kind = 'chain') = (scope_id IS NULL)", name="scope_id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int] = mapped_column(server_default="1")
    name: Mapped[str] = mapped_column(Text)
    scope_kind: Mapped[str] = mapped_column(Text)
    scope_id: Mapped[UUID | None] = mapped_column(Uuid)
    secret_digest: Mapped[bytes | None] = mapped_column(LargeBinary)


class SignInPolicy(Base):
    """Limits of sign-in, versioned: the newest whose `valid_from` has come applies. Append-only.

    `attempts` failures of one staff number on one device (or with its password) within
    `window_minutes` lock it for `lock_minutes`; `device_attempts` failures of any numbers lock the
    device. A refresh family ends `refresh_days` after the sign-in; the token before the newest is
    still taken for `refresh_grace_seconds` after it was first used.
    """

    __tablename__ = "sign_in_policy"
    __table_args__ = (
        CheckConstraint("attempts > 0 AND device_attempts > 0", name="attempts"),
        CheckConstraint("window_minutes > 0 AND lock_minutes > 0", name="minutes"),
        CheckConstraint("refresh_days > 0 AND refresh_grace_seconds >= 0", name="refresh"),
    )

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    author: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int]
    device_attempts: Mapped[int]
    window_minutes: Mapped[int]
    lock_minutes: Mapped[int]
    refresh_days: Mapped[int]
    refresh_grace_seconds: Mapped[int]


class FailureCount(Base):
    """Recent failures of one key (see `lock_out`), and until when it is locked.

    `policy_version` is the version of the limits that were applied last.
    """

    __tablename__ = "sign_in_failures"
    __table_args__ = (Index("ix_sign_in_failures_changed_at", "changed_at"),)

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    failed_at: Mapped[list[datetime]] = mapped_column(
        ARRAY(DateTime(timezone=True)), server_default="{}"
    )
    locked_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    policy_version: Mapped[int | None] = mapped_column(ForeignKey("sign_in_policy.version"))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class RefreshFamily(Base):
    """One sign-in of a member of staff and all refresh tokens that descend from it.

    `generation` is that of the newest tokens; `rotated_at` when the generation before was used.
    """

    __tablename__ = "refresh_families"
    __table_args__ = (
        CheckConstraint("generation > 0", name="generation"),
        CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name="ended"),
        Index("ix_refresh_families_staff_id", "staff_id"),
        Index("ix_refresh_families_device_id", "device_id"),
        Index("ix_refresh_families_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))
    device_id: Mapped[UUID | None] = mapped_column(ForeignKey("devices.id"))
    policy_version: Mapped[int] = mapped_column(ForeignKey("sign_in_policy.version"))
    generation: Mapped[int] = mapped_column(server_default="1")
    signed_in_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    rotated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_because: Mapped[str | None] = mapped_column(Text)


class RefreshToken(Base):
    """The SHA-256 of a refresh token that was given out, and its generation in the family."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index("ix_refresh_tokens_family_id", "family_id"),)

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    family_id: Mapped[UUID] = mapped_column(ForeignKey("refresh_families.id", ondelete="CASCADE"))
    generation: Mapped[int]


class SettingVersion(Base):
    """What a level of the organisation says of a setting (K38), by version. Append-only."""

    __tablename__ = "settings"
    __table_args__ = (
        CheckConstraint("version > 0", name="version"),
        CheckConstraint(f"scope_kind IN ({_SCOPES})", name="known_scope"),
        CheckConstraint("(scope_kind = 'chain') = (scope_id IS NULL)", name="scope_id"),
        CheckConstraint("value IS NOT NULL OR NOT locked", name="locked"),
        Index("uq_settings_level", "scope_id", "scope_kind", "name", "version", unique=True),
        Index("uq_settings_chain", "name", "version", unique=True,
              postgresql_where=text("scope_id IS NULL")),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    scope_kind: Mapped[str] = mapped_column(Text)
    scope_id: Mapped[UUID | None] = mapped_column(Uuid)
    version: Mapped[int]
    value: Mapped[int | None]
    locked: Mapped[bool]
    author_id: Mapped[UUID] = mapped_column(Uuid)
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class PrinterVersion(Base):
    """The receipt printer of a store, or (`device_id`) of one device of it, by version; without an
    address there is none. Append-only."""

    __tablename__ = "printers"
    __table_args__ = (
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("port BETWEEN 9100 AND 9109", name="port"),
        CheckConstraint("paper IN ('mm58', 'mm80')", name="paper"),
        CheckConstraint("characters IN ('gb18030', 'picture')", name="characters"),
        Index("uq_printers_device", "store_id", "device_id", "version", unique=True),
        Index("uq_printers_store", "store_id", "version", unique=True,
              postgresql_where=text("device_id IS NULL")),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id"))
    device_id: Mapped[UUID | None] = mapped_column(ForeignKey("devices.id"))
    version: Mapped[int]
    address: Mapped[str | None] = mapped_column(Text)
    port: Mapped[int]
    paper: Mapped[PaperWidth] = mapped_column(Text)
    characters: Mapped[PrinterCharacters] = mapped_column(Text)
    drawer: Mapped[bool]
    author_id: Mapped[UUID] = mapped_column(Uuid)
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class AuditEntry(Base):
    """One audited event with the caller who caused it (X11). Append-only; of somebody erased, only
    ids and figures of the detail are kept."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_at", "at", "event_id"),
        Index("ix_audit_entries_subject", "subject", "at", "event_id"),
        Index("ix_audit_entries_caller_id", "caller_id", "at", "event_id"),
        Index("ix_audit_entries_type", "type", "at", "event_id"),
        Index(
            "ix_audit_entries_member_id",
            text("(detail ->> 'member_id')"),
            postgresql_where=text("detail ->> 'member_id' IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    caller_kind: Mapped[str | None] = mapped_column(Text)
    caller_id: Mapped[UUID | None] = mapped_column(Uuid)
    type: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    detail: Mapped[object] = mapped_column(JSONB)
