"""Registered devices: the phones, tablets and tills of a store, and how one proves to be it.

A manager makes a device and reads its activation code to whoever holds it; the code works once,
within the store's `activation_hours`, and is answered with a secret that only the device keeps.
Making it again (a phone that was wiped) takes the old secret away at once, and so does switching
it off (one that was lost).
"""

from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.directory import credentials, inherited, refresh, scope
from services.directory.models import Device, Store
from shared import outbox
from shared.contracts import directory as contract
from shared.errors import Refusal
from shared.seal import Caller, ScopeKind

LIST_LIMIT = 1_000


def create_device(
    session: Session, caller: Caller, command: contract.CreateDevice, now: datetime
) -> contract.DeviceCreated:
    """Make a device, or a new activation code for it; raises `Refusal("ID_TAKEN")`."""
    scope.require_store(session, caller, command.store_id)
    # The store's row is the queue for its device numbers.
    session.execute(select(Store.id).where(Store.id == command.store_id).with_for_update())
    code = credentials.new_activation_code()
    hours = inherited.value_of(session, "activation_hours", ScopeKind.STORE, command.store_id)
    activation = {
        "activation_digest": credentials.digest(code),
        "activation_ends_at": now + timedelta(hours=hours),
    }
    device = session.scalar(
        update(Device)
        .where(Device.id == command.id)
        .where(Device.store_id == command.store_id, Device.name == command.name)
        .values(version=Device.version + 1, secret_digest=None, **activation)
        .returning(Device)
    )
    if device is None:
        number = session.scalar(
            update(Store)
            .where(Store.id == command.store_id)
            .values(devices_made=Store.devices_made + 1)
            .returning(Store.devices_made)
        )
        device = session.scalar(
            insert(Device)
            .values(id=command.id, store_id=command.store_id, code=f"D{number}",
                    name=command.name, **activation)
            .on_conflict_do_nothing()
            .returning(Device)
        )  # fmt: skip
    if device is None:
        raise Refusal("ID_TAKEN")
    refresh.end_all(session, "device_changed", device_id=device.id)
    _tell(session, device)
    return contract.DeviceCreated(
        id=device.id, activation_code=code, activation_ends_at=device.activation_ends_at
    )


def activate_device(
    session: Session, command: contract.ActivateDevice, now: datetime
) -> contract.DeviceActivated:
    """Turn a code into a secret, once; raises `Refusal`: ACTIVATION_REJECTED, STORE_CLOSED."""
    secret = credentials.new_secret()
    device = session.scalar(
        update(Device)
        .where(Device.activation_digest == credentials.digest(command.activation_code))
        .where(Device.activation_ends_at > now)
        .values(
            version=Device.version + 1,
            secret_digest=credentials.digest(secret),
            activation_digest=None,
            activation_ends_at=None,
        )
        .returning(Device)
    )
    if device is None:
        raise Refusal("ACTIVATION_REJECTED")
    store = scope.find_store(session, device.store_id)
    if not store.active:
        raise Refusal("STORE_CLOSED", {"store": store.name})
    _tell(session, device)
    return contract.DeviceActivated(
        device_id=device.id,
        device_secret=secret,
        device_code=device.code,
        store_id=store.id,
        store_name=store.name,
    )


def deactivate_device(
    session: Session, caller: Caller, command: contract.DeactivateDevice
) -> contract.Device:
    """Switch a device off, of a closed store too; off already, nothing changes.

    Raises `Refusal("UNKNOWN_DEVICE")`, `Forbidden("FORBIDDEN_SCOPE")`.
    """
    device = session.get(Device, command.id, with_for_update=True, populate_existing=True)
    if device is None:
        raise Refusal("UNKNOWN_DEVICE")
    scope.find_within(session, caller, device.store_id)
    if _state(device) != "off":
        device.version += 1
        device.secret_digest = None
        device.activation_digest = None
        device.activation_ends_at = None
        session.flush()
        refresh.end_all(session, "device_changed", device_id=device.id)
        _tell(session, device)
    return _shown(device)


def list_devices(
    session: Session, caller: Caller, command: contract.ListDevices
) -> contract.Devices:
    """The devices of a store, open or closed, in the order they were made.

    Raises `Refusal("UNKNOWN_STORE")`, `Forbidden("FORBIDDEN_SCOPE")`.
    """
    scope.find_within(session, caller, command.store_id)
    query = (
        select(Device)
        .where(Device.store_id == command.store_id)
        .order_by(func.length(Device.code), Device.code)
        .limit(LIST_LIMIT)
    )
    return contract.Devices(items=[_shown(device) for device in session.scalars(query)])


def _state(device: Device) -> contract.DeviceState:
    if device.secret_digest is not None:
        return "active"
    return "off" if device.activation_digest is None else "waiting"


def _shown(device: Device) -> contract.Device:
    return contract.Device(
        id=device.id,
        store_id=device.store_id,
        code=device.code,
        name=device.name,
        state=_state(device),
        activation_ends_at=device.activation_ends_at,
    )


def _tell(session: Session, device: Device) -> None:
    event = contract.DeviceChanged(
        device_id=device.id,
        version=device.version,
        store_id=device.store_id,
        code=device.code,
        active=device.secret_digest is not None,
        state=_state(device),
    )
    outbox.emit(session, (event, device.id, device.version))
