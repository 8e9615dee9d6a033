"""What order knows of others: devices (for receipt numbers), staff (who may be named as a seller),
earn rules (for the receipt) and merged members (whose orders are listed together)."""

from uuid import UUID

import msgspec
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.order.models import Device, EarnRule, MergedMember, Staff
from shared.contracts import Envelope
from shared.contracts.directory import DeviceChanged, StaffChanged
from shared.contracts.loyalty import RulePublished
from shared.contracts.member.identity import MemberMerged, MemberUnmerged
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


def on_member_merged(session: Session, envelopes: list[Envelope[MemberMerged]]) -> None:
    _stand_for(session, [(e.data, e.data.survivor_id) for e in envelopes])


def on_member_unmerged(session: Session, envelopes: list[Envelope[MemberUnmerged]]) -> None:
    _stand_for(session, [(e.data, e.data.merged_id) for e in envelopes])


def _stand_for(session: Session, told: list[tuple[MemberMerged | MemberUnmerged, UUID]]) -> None:
    """Take over whom ids stand for; what is older than what is there changes nothing."""
    newest = {
        id_: {"member_id": id_, "survivor_id": whom, "number": event.number}
        for event, whom in sorted(told, key=lambda each: each[0].number)
        for id_ in event.member_ids
    }
    statement = insert(MergedMember).values(list(newest.values()))
    fresh = statement.excluded
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["member_id"],
            set_={"survivor_id": fresh.survivor_id, "number": fresh.number},
            where=MergedMember.number < fresh.number,
        )
    )
