"""Custom fields as HQ defines them: versioned data, published and never changed (N2, N3).

The newest version of a field is the one in force. Its type, and the currency of an amount, stay the
same for ever: what was filled in would mean something else.
"""

import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, insert, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from services.member import forms, formulas, values
from services.member.formulas import FormulaError
from services.member.models import FieldVersion
from services.member.unfit import Unfit
from shared import outbox
from shared.contracts.member import FieldPublished, GetFields, GetForm, PublishField
from shared.contracts.member.fields import (
    AttachmentField,
    ChoiceField,
    DateField,
    Field,
    FieldInput,
    FieldKind,
    Fields,
    Form,
    FormulaField,
    MoneyField,
    MultiChoiceField,
    NumberField,
    PhoneField,
    SignatureField,
    TextField,
)
from shared.database import memory_key
from shared.errors import Refusal
from shared.seal import HQ, Caller

FIELDS_LIMIT = 100
"""Active fields of members, and as many of contacts."""
CACHE_SECONDS = 5.0
MEMBER_FACTS: dict[str, formulas.Kind] = {
    "member.birthday": "date",
    "member.first_purchase_on": "date",
    "member.height_cm": "number",
    "member.last_purchase_on": "date",
    "member.purchases": "number",
    "member.registered_on": "date",
}
"""What formulas of members may ask for besides fields: local dates of the home store, and how often
they bought. Amounts are not among them, as their currency differs from member to member."""


class Definition(msgspec.Struct, frozen=True):
    """A version of a field, as it was published."""

    id: UUID
    version: int
    author_id: UUID
    valid_from: datetime
    field: FieldInput

    def seen_by(self, caller: Caller) -> bool:
        """Whether the caller may see the values of this field."""
        return not caller.roles.isdisjoint(self.field.seen_by)

    def edited_by(self, caller: Caller) -> bool:
        """Whether the caller may fill this field in."""
        return self.field.active and not caller.roles.isdisjoint(self.field.edited_by)


_ALONE = text("SELECT pg_advisory_xact_lock(hashtext('fields'))")
_memory: dict[int, tuple[list[Definition], float]] = {}


def publish(session: Session, caller: Caller, command: PublishField) -> Field:
    """Publish the next version of a field; see `PublishField`.

    One at a time, since a definition is judged by the others (formulas, how many there are).
    """
    caller.require_chain()
    field = command.field
    session.execute(_ALONE)
    before = _published_before(session, caller, command)
    if before is not None:
        return before
    known = [each for each in in_force(session) if each.field.subject == field.subject]
    others = {each.field.key: each for each in known}
    latest = others.pop(field.key, None)
    if command.version != (latest.version if latest else 0):
        raise Refusal("FIELD_CHANGED")
    if latest is not None and _meaning(latest.field.kind) != _meaning(field.kind):
        raise Refusal("FIELD_TYPE_FIXED", {"key": field.key})
    _check(field, {key: each.field for key, each in others.items()})
    published = session.execute(
        insert(FieldVersion)
        .values(
            subject=field.subject,
            key=field.key,
            version=command.version + 1,
            id=command.id,
            author_id=caller.id,
            valid_from=datetime.now(UTC),
            body=msgspec.to_builtins(field),
        )
        .returning(FieldVersion.__table__)
    ).one()
    event = FieldPublished(
        field_id=command.id,
        subject=field.subject,
        key=field.key,
        version=published.version,
        active=field.active,
    )
    outbox.emit(session, (event, f"{field.subject}.{field.key}", published.version))
    forget()
    return _shown(_definition(published), caller)


def get_fields(session: Session, caller: Caller, command: GetFields) -> Fields:
    """The fields of a subject; see `GetFields`. Who may see the newest version may see the older
    ones."""
    known = [each for each in in_force(session) if each.field.subject == command.subject]
    if not caller.roles & HQ:
        known = [each for each in known if each.field.active and each.seen_by(caller)]
    if command.history:
        places = {each.field.key: place for place, each in enumerate(known)}
        rows = session.execute(
            select(FieldVersion.__table__)
            .where(FieldVersion.subject == command.subject, FieldVersion.key.in_(places))
            .order_by(FieldVersion.version.desc())
        )
        known = sorted(map(_definition, rows), key=lambda each: places[each.field.key])
    return Fields(items=[_shown(each, caller) for each in known])


def get_form(session: Session, caller: Caller, command: GetForm) -> Form:
    """The form of a subject: what the caller may see of it, read-only where it may not edit."""
    shown = [
        _shown(each, caller)
        for each in in_force(session)
        if each.field.subject == command.subject and each.field.active and each.seen_by(caller)
    ]
    return Form(document=forms.form(command.subject, shown))


def in_force(session: Session) -> list[Definition]:
    """The newest version of each field, ended ones too, in the order of forms."""
    rows = session.execute(
        select(FieldVersion.__table__)
        .ext(distinct_on(FieldVersion.subject, FieldVersion.key))
        .order_by(FieldVersion.subject, FieldVersion.key, FieldVersion.version.desc())
    )
    found = map(_definition, rows)
    return sorted(found, key=lambda each: (each.field.position, each.field.key))


def remembered(session: Session) -> list[Definition]:
    """The same, as of a few seconds ago at most: reading members asks for it every time."""
    key = memory_key(session)
    held = _memory.get(key)
    if held is None or held[1] <= time.monotonic():
        held = (in_force(session), time.monotonic() + CACHE_SECONDS)
        _memory[key] = held
    return held[0]


def forget() -> None:
    """Empty the memory of this process."""
    _memory.clear()


def _published_before(session: Session, caller: Caller, command: PublishField) -> Field | None:
    """What an equal command has published; refuses the id of another one."""
    row = session.execute(
        select(FieldVersion.__table__).where(FieldVersion.id == command.id)
    ).one_or_none()
    if row is None:
        return None
    definition = _definition(row)
    if definition.version != command.version + 1 or definition.field != command.field:
        raise Refusal("FIELD_ID_TAKEN")
    return _shown(definition, caller)


def _meaning(kind: FieldKind) -> tuple[Any, Any]:
    """What of a kind never changes."""
    return type(kind), kind.currency if isinstance(kind, MoneyField) else None


def _check(field: FieldInput, others: dict[str, FieldInput]) -> None:
    """Raise INVALID_FIELD unless the definition makes sense as a whole."""
    try:
        _check_rights(field)
        _check_kind(field.kind)
        if isinstance(field.kind, FormulaField):
            _check_formula(field, field.kind, others)
    except (FormulaError, Unfit) as error:
        reasons = {"reason_zh": error.zh, "reason_en": error.en}
        raise Refusal("INVALID_FIELD", reasons) from error
    if field.active and sum(each.active for each in others.values()) >= FIELDS_LIMIT:
        limit = {
            "reason_zh": f"最多 {FIELDS_LIMIT} 个字段",
            "reason_en": f"at most {FIELDS_LIMIT} fields",
        }
        raise Refusal("INVALID_FIELD", limit)


def _check_rights(field: FieldInput) -> None:
    if not set(field.edited_by) <= set(field.seen_by):
        raise Unfit("可填写的岗位须可查看", "whoever may edit it has to see it")
    if field.searchable and not isinstance(field.kind, TextField | ChoiceField | PhoneField):
        raise Unfit("只有文字、单选和电话可供查找", "only texts, choices and phones are found by")
    if field.searchable and field.subject != "member":
        raise Unfit("只能按会员字段查找", "only fields of members are found by")
    if field.at_registration and (field.subject != "member" or not field.edited_by):
        raise Unfit("开卡时只能填写会员字段", "a new member is asked for what can be filled in")
    if isinstance(field.kind, FormulaField) and (field.required or field.edited_by):
        raise Unfit("公式不能填写", "a formula is not filled in")


def _check_kind(kind: FieldKind) -> None:
    match kind:
        case TextField():
            _ordered(kind.min_length, kind.max_length)
            if kind.pattern is not None:
                values.check_pattern(kind.pattern)
        case NumberField():
            bounds = (kind.minimum, kind.maximum)
            _ordered(*(None if each is None else Decimal(each) for each in bounds))
        case MoneyField():
            _ordered(kind.minimum_minor, kind.maximum_minor)
        case DateField():
            _ordered(kind.earliest, kind.latest)
        case ChoiceField() | MultiChoiceField():
            if len({option.key for option in kind.options}) < len(kind.options):
                raise Unfit("选项编号不能重复", "keys of options have to differ")
        case AttachmentField():
            if len(set(kind.kinds)) < len(kind.kinds):
                raise Unfit("文件类型不能重复", "kinds of files have to differ")
        case SignatureField():
            if bool(kind.text_zh and kind.text_en) == (kind.notice is not None):
                raise Unfit(
                    "请填写中英文签署内容，或选择一份须知",
                    "either the words in both languages or a notice is signed",
                )
        case _:
            pass


def _ordered(lowest: Any, highest: Any) -> None:
    if lowest is not None and highest is not None and lowest > highest:
        raise Unfit("下限大于上限", "the lower bound is above the upper one")


def _check_formula(field: FieldInput, kind: FormulaField, others: dict[str, FieldInput]) -> None:
    node = formulas.parse(kind.expression)
    names = dict(MEMBER_FACTS) if field.subject == "member" else {}
    currencies = {kind.currency} if kind.result == "money" else set()
    for key, other in others.items():
        if other.active and isinstance(other.kind, NumberField | MoneyField):
            names[key] = "number"
        elif other.active and isinstance(other.kind, DateField):
            names[key] = "date"
        if isinstance(other.kind, MoneyField) and key in formulas.names_in(node):
            currencies.add(other.kind.currency)
    if formulas.kind_of(node, names) != ("truth" if kind.result == "truth" else "number"):
        raise Unfit("公式的结果类型不符", "the formula results in something else")
    if None in currencies or len(currencies) > 1:
        raise Unfit("公式的币种须一致", "the currencies of a formula have to be one")


def _definition(row: Row[Any]) -> Definition:
    return Definition(
        row.id, row.version, row.author_id, row.valid_from, msgspec.convert(row.body, FieldInput)
    )


def _shown(definition: Definition, caller: Caller) -> Field:
    editable = definition.edited_by(caller)
    return Field(
        id=definition.id,
        version=definition.version,
        author_id=definition.author_id,
        valid_from=definition.valid_from,
        field=definition.field,
        editable=editable,
        document=forms.document(definition.field, definition.version, editable),
    )
