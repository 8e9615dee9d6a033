"""What the tests of custom fields share: HQ that publishes fields, and a field as it is given."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.member import definitions
from shared.contracts.member import PublishField
from shared.contracts.member.fields import (
    ChoiceField,
    Field,
    FieldInput,
    FieldKind,
    FieldOption,
    TextField,
)
from shared.ids import new_id
from shared.seal import Caller, Role, ScopeKind

OTHER_PHONE = "13987654321"
STAFF = [Role.ASSOCIATE, Role.STORE_MANAGER]
COLOURS = ChoiceField(
    options=[
        FieldOption(key="red", label_zh="红色", label_en="Red"),
        FieldOption(key="blue", label_zh="蓝色", label_en="Blue"),
    ]
)


def hq() -> Caller:
    return Caller(
        kind="staff", id=new_id(), roles=frozenset({Role.HQ_OPERATIONS}),
        scope_kind=ScopeKind.CHAIN,
    )  # fmt: skip


def field(key: str, kind: FieldKind | None = None, **changes: Any) -> FieldInput:
    given: dict[str, Any] = {
        "subject": "member", "key": key, "label_zh": "字段", "label_en": f"Field {key}",
        "kind": kind or TextField(), "seen_by": STAFF, "edited_by": STAFF,
    }  # fmt: skip
    return FieldInput(**given | changes)


def publish(
    session: Session,
    made: FieldInput,
    version: int = 0,
    id: UUID | None = None,  # noqa: A002
) -> Field:
    command = PublishField(id=id or new_id(), version=version, field=made)
    return definitions.publish(session, hq(), command)
