"""What order knows of others: devices (for receipt numbers), staff (who may be named as a seller)
and earn rules (for the receipt)."""

import msgspec
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.order.models import Device, EarnRule, Staff
from shared.contracts import Envelope
from shared.contracts.directory import DeviceChanged, StaffChanged
from shared.contracts.loyalty import RulePublished
from shared.copies import keep_newest


def on_device_changed(session: Session, envelopes: list[Envelope[DeviceChanged]]) -> None:
    devices = (envelope.data for envelope in envelopes)
    keep_newest(
        session,
        Device,
        (
            {"id": e.device_id, "version": e.version, "store_id": e.store_id, "code": e.code}
            for e in devices
        ),
    )


def on_staff_changed(session: Session, envelopes: list[Envelope[StaffChanged]]) -> None:
    staff = (envelope.data for envelope in envelopes)
    keep_newest(
        session,
        Staff,
        (
            {
                "id": e.staff_id,
                "version": e.version,
                "roles": sorted(e.roles),
                "scope_kind": e.scope_kind.value,
                "scope_id": e.scope_id,
            }
            for e in staff
        ),
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
