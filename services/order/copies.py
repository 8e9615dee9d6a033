"""What order knows of others: devices (for receipt numbers), staff (who may be named as a seller)
and earn rules (for the receipt)."""

import msgspec
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.order.models import Device, EarnRule, Staff
from shared.contracts import Envelope
from shared.contracts.directory import DeviceChanged, StaffChanged
from shared.contracts.loyalty import RulePublished


def on_device_changed(session: Session, envelopes: list[Envelope[DeviceChanged]]) -> None:
    newest = {envelope.data.device_id: envelope.data for envelope in envelopes}
    statement = insert(Device).values(
        [
            {"id": e.device_id, "version": e.version, "store_id": e.store_id, "code": e.code}
            for e in newest.values()
        ]
    )
    fresh = {name: statement.excluded[name] for name in ("version", "store_id", "code")}
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["id"], set_=fresh, where=Device.version < statement.excluded.version
        )
    )


def on_staff_changed(session: Session, envelopes: list[Envelope[StaffChanged]]) -> None:
    newest = {envelope.data.staff_id: envelope.data for envelope in envelopes}
    statement = insert(Staff).values(
        [
            {
                "id": e.staff_id,
                "version": e.version,
                "roles": sorted(e.roles),
                "scope_kind": e.scope_kind.value,
                "scope_id": e.scope_id,
            }
            for e in newest.values()
        ]
    )
    names = ("version", "roles", "scope_kind", "scope_id")
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={name: statement.excluded[name] for name in names},
            where=Staff.version < statement.excluded.version,
        )
    )


def on_rule_published(session: Session, envelopes: list[Envelope[RulePublished]]) -> None:
    rules = [envelope.data for envelope in envelopes if envelope.data.kind == "earn"]
    if rules:
        rows = [
            {
                "version": rule.version,
                "valid_from": rule.valid_from,
                "body": msgspec.to_builtins(rule.body),
            }
            for rule in rules
        ]
        session.execute(insert(EarnRule).values(rows).on_conflict_do_nothing())
