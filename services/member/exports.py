"""Members taken out as a table: a page at a time, what the caller may see of those at home with
them (M23). Begin and end are told, and so are in the audit log; nothing of the members is.
"""

from typing import Any
from uuid import UUID

import msgspec
import phonenumbers
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.member import definitions, phones
from services.member.definitions import Definition
from services.member.models import ExportRun, Profile, Store
from services.member.phones import Keyring
from services.member.search import tagged
from services.member.views import read_members, select_members
from shared import outbox
from shared.contracts import Done
from shared.contracts.member import Member
from shared.contracts.member.exports import (
    COLUMNS,
    PAGE_ROWS,
    BeginExport,
    EndExport,
    Export,
    ExportBegun,
    ExportedRows,
    ExportEnded,
    ReadExport,
)
from shared.contracts.member.fields import (
    AttachmentField,
    ChoiceField,
    FieldOption,
    MoneyField,
    MultiChoiceField,
    SignatureField,
)
from shared.errors import Refusal
from shared.seal import HQ, Caller, Role
from shared.stores import stores_within

PHONE_READERS = HQ | {Role.FRANCHISE_OWNER}
"""Who takes whole phone numbers out; for others they are masked."""
_CHINA = 86
_HEADERS = {
    "id": ("会员ID", "Id"),
    "card_code": ("卡号", "Card code"),
    "name": ("姓名", "Name"),
    "phone": ("手机号", "Phone"),
    "gender": ("性别", "Gender"),
    "birthday": ("生日", "Birthday"),
    "city": ("城市", "City"),
    "home_store": ("门店编号", "Store code"),
    "source_channel": ("来源渠道", "Source channel"),
    "associate": ("专属导购", "Associate"),
    "tags": ("标签", "Tags"),
    "height_cm": ("身高", "Height"),
    "registered_on": ("注册日期", "Registered on"),
    "first_purchase_on": ("首次购买日期", "First purchase on"),
    "last_purchase_on": ("最近购买日期", "Last purchase on"),
    "purchases": ("购买次数", "Purchases"),
    "spent": ("累计消费金额", "Spent"),
    "currency": ("币种", "Currency"),
}
_GENDERS = {"female": "女", "male": "男", "other": "其他"}


def begin(session: Session, caller: Caller, command: BeginExport) -> Export:
    """Begin an export; see `BeginExport`."""
    seen = _seen(session, caller)
    columns = command.columns or [*COLUMNS, *(f"fields.{key}" for key in seen)]
    for column in columns:
        if column.startswith("fields.") and column[7:] not in seen:
            raise Refusal("EXPORT_COLUMN", {"column": column})
    made = session.scalar(
        insert(ExportRun)
        .values(
            id=command.id,
            caller_id=caller.id,
            content=msgspec.to_builtins(command),
            columns=columns,
        )
        .on_conflict_do_nothing()
        .returning(ExportRun.id)
    )
    if made is None:
        raise Refusal("EXPORT_ID_TAKEN")
    event = ExportBegun(
        export_id=command.id,
        scope_kind=caller.scope_kind.value,
        scope_id=caller.scope_id,
        columns=columns,
        tag=command.tag,
        format=command.format,
    )
    outbox.emit(session, (event, command.id, 1))
    chinese = command.language == "zh"
    headers = [_header(column, seen, chinese) for column in columns]
    return Export(id=command.id, columns=columns, headers=headers)


def read(session: Session, keys: Keyring, caller: Caller, command: ReadExport) -> ExportedRows:
    """The next page; the rows are counted as they are read."""
    row = _own(session, caller, command.export_id)
    asked = msgspec.convert(row.content, BeginExport)
    within = select(Store.id).where(stores_within(Store, caller))
    conditions: list[ColumnElement[bool]] = [
        Profile.home_store_id.in_(within),
        Profile.survivor_id.is_(None),
    ]
    if command.after is not None:
        conditions.append(Profile.id > command.after)
    if asked.tag is not None:
        conditions.append(tagged(asked.tag))
    page = select_members(*conditions).order_by(Profile.id).limit(PAGE_ROWS)
    members = read_members(session, keys, caller, page)
    numbers = _numbers(session, keys, members) if "phone" in row.columns else {}
    codes = {each.id: each.code for each in session.execute(select(Store.id, Store.code))}
    seen = _seen(session, caller)
    rows = [
        [_cell(column, member, numbers, codes, seen, caller) for column in row.columns]
        for member in members
    ]
    session.execute(
        update(ExportRun).where(ExportRun.id == row.id).values(rows=ExportRun.rows + len(rows))
    )
    whole = len(members) == PAGE_ROWS
    return ExportedRows(rows=rows, next=members[-1].id if whole else None)


def end(session: Session, caller: Caller, command: EndExport) -> Done:
    """Tell how much was taken, once."""
    _own(session, caller, command.export_id)
    rows = session.scalar(
        update(ExportRun)
        .where(ExportRun.id == command.export_id, ExportRun.ended_at.is_(None))
        .values(ended_at=func.now())
        .returning(ExportRun.rows)
    )
    if rows is not None:
        event = ExportEnded(export_id=command.export_id, rows=rows)
        outbox.emit(session, (event, command.export_id, 2))
    return Done()


def _own(session: Session, caller: Caller, export_id: UUID) -> Any:
    """An export that this caller has begun; raises `Refusal("UNKNOWN_EXPORT")`."""
    row = session.execute(
        select(ExportRun.__table__).where(
            ExportRun.id == export_id, ExportRun.caller_id == caller.id
        )
    ).one_or_none()
    if row is None:
        raise Refusal("UNKNOWN_EXPORT")
    return row


def _seen(session: Session, caller: Caller) -> dict[str, Definition]:
    """The fields the caller may see, in the order of the form."""
    return {
        each.field.key: each
        for each in definitions.in_force(session)
        if each.field.active and each.field.subject == "member" and each.seen_by(caller)
    }


def _header(column: str, seen: dict[str, Definition], chinese: bool) -> str:
    if column.startswith("fields."):
        field = seen[column[7:]].field
        return field.label_zh if chinese else field.label_en
    return _HEADERS[column][0 if chinese else 1]


def _numbers(session: Session, keys: Keyring, members: list[Member]) -> dict[UUID, str]:
    ids = [member.id for member in members]
    ciphers = select(Profile.id, Profile.phone_cipher).where(Profile.id.in_(ids))
    return {row.id: keys.decrypt(row.phone_cipher, row.id) for row in session.execute(ciphers)}


def _cell(
    column: str,
    member: Member,
    numbers: dict[UUID, str],
    codes: dict[UUID, str],
    seen: dict[str, Definition],
    caller: Caller,
) -> str:
    if column.startswith("fields."):
        definition = seen.get(column[7:])
        values = [each.value for each in member.fields if each.key == column[7:]]
        return _field(definition, values[0]) if definition and values else ""
    purchases = member.purchases
    match column:
        case "phone":
            return _phone(numbers[member.id], bool(caller.roles & PHONE_READERS))
        case "gender":
            return _GENDERS.get(member.gender or "", "")
        case "home_store":
            return codes.get(member.home_store_id, "")
        case "associate":
            return str(member.associate_id or "")
        case "tags":
            return ",".join(member.tags)
        case "registered_on":
            return member.registered_at.date().isoformat()
        case "first_purchase_on" | "last_purchase_on":
            day = purchases.first_on if column.startswith("first") else purchases.last_on
            return day.isoformat() if day else ""
        case "purchases":
            return str(purchases.count)
        case "spent":
            return _major(purchases.spent_minor)
        case "currency":
            return purchases.currency if purchases.count else ""
        case _:
            return str(getattr(member, column) or "")


def _phone(number: str, whole: bool) -> str:
    """Without a leading plus, which would begin a formula; abroad with 00."""
    if not whole:
        return phones.masked(number).removeprefix("+")
    parsed = phonenumbers.parse(number)
    if parsed.country_code == _CHINA:
        return phonenumbers.national_significant_number(parsed)
    return f"00{number[1:]}"


def _field(definition: Definition, value: Any) -> str:
    """A custom field's value as people write it, so that it can be imported again."""
    kind = definition.field.kind
    if isinstance(kind, MoneyField):
        return _major(int(value))
    if isinstance(kind, ChoiceField):
        return _label(kind.options, value)
    if isinstance(kind, MultiChoiceField):
        return ",".join(_label(kind.options, each) for each in value)
    if isinstance(kind, AttachmentField):
        return f"{len(value)}: {', '.join(each['name'] for each in value)}"
    if isinstance(kind, SignatureField):
        return str(value["signed_at"])[:10]
    if isinstance(value, dict):
        return str(value.get("label") or f"{value['latitude']} {value['longitude']}")
    return str(value).removeprefix("+")


def _label(options: list[FieldOption], key: str) -> str:
    return next((option.label_zh for option in options if option.key == key), key)


def _major(minor: int) -> str:
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"
