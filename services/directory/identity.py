"""Who signed in and where: the identity that goes into tokens, and the event that tells of it."""

import time
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.directory import scope
from services.directory.models import Client, Device, Staff
from shared import outbox, stores
from shared.contracts.directory import Identity, SignInObserved
from shared.seal import Caller, Role, ScopeKind


class Place(NamedTuple):
    """A device and the store it stands in."""

    device: Device
    store: stores.Store


def of_staff(staff: Staff, place: Place | None = None) -> Identity:
    """A member of staff, on the device of a place or without; its scope is the same everywhere."""
    caller = Caller(
        kind="staff",
        id=staff.id,
        roles=frozenset(Role(role) for role in staff.roles),
        scope_kind=ScopeKind(staff.scope_kind),
        scope_id=staff.scope_id,
        device_id=place.device.id if place else None,
    )
    return Identity(
        caller=caller,
        name=staff.name,
        number=staff.number,
        store_id=place.store.id if place else None,
        device_code=place.device.code if place else None,
    )


def of_client(client: Client) -> Identity:
    """An API client has one role."""
    caller = Caller(
        kind="client",
        id=client.id,
        roles=frozenset({Role.INTEGRATION}),
        scope_kind=ScopeKind(client.scope_kind),
        scope_id=client.scope_id,
    )
    return Identity(caller=caller, name=client.name)


def find_active(session: Session, device_id: UUID) -> Place | None:
    """The device with its store, unless it is unknown or has no secret; nobody changes it until
    the end of the transaction."""
    device = session.scalar(
        select(Device)
        .where(Device.id == device_id, Device.secret_digest.is_not(None))
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    return Place(device, scope.find_store(session, device.store_id)) if device else None


def observe(
    session: Session, outcome: str, subject_id: UUID | None, device_id: UUID | None = None
) -> None:
    """Tell of a sign-in: `successful`, `failed`, `locked` (the failure that locks), `signed_out`,
    `reused` (a refresh token for the second time), `pin_changed` or `password_changed` (one's own).

    Its subject is the person or client, else the device, else nobody we know. Sign-ins change none
    of these, so they have no version to count by: microseconds order them.
    """
    event = SignInObserved(subject_id=subject_id, device_id=device_id, outcome=outcome)
    subject = subject_id or device_id or "unknown"
    outbox.emit(session, (event, subject, time.time_ns() // 1_000))
