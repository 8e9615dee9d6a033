"""Columns of a file: which of them is probably what, and whether a mapping makes sense."""

from collections.abc import Sequence

from services.member.definitions import Definition
from services.member.phones import recognise
from services.member.values import searchable
from shared.contracts.member.fields import (
    AttachmentField,
    FormulaField,
    LocationField,
    SignatureField,
)
from shared.contracts.member.imports import ColumnMapping
from shared.errors import Refusal
from shared.seal import Caller

_CALLED = {
    "phone": "手机 手机号 手机号码 电话 电话号码 联系电话 联系方式 mobile phone tel telephone "
    "phone_number mobile_phone cell",
    "name": "姓名 会员姓名 名字 客户姓名 顾客姓名 name full_name member_name customer_name",
    "card_code": "卡号 会员卡号 会员卡 会员编号 card card_no card_number card_code member_no",
    "gender": "性别 gender sex",
    "birthday": "生日 出生日期 出生年月日 birthday birth_date date_of_birth dob",
    "city": "城市 所在城市 city",
    "height_cm": "身高 height height_cm",
    "home_store": "门店 门店编号 门店代码 门店编码 开卡门店 所属门店 注册门店 店铺 store "
    "store_code home_store shop",
    "source_channel": "来源 渠道 来源渠道 客户来源 客户来源渠道 source channel source_channel",
    "associate": "导购 导购编号 专属导购 导购工号 工号 associate associate_no staff staff_number",
    "tags": "标签 会员标签 tags tag labels",
    "membership": "同意 会员协议 是否同意 consent membership agreed",
    "marketing": "营销同意 营销 接受营销 短信营销 marketing marketing_consent opt_in",
    "points": "积分 积分余额 剩余积分 可用积分 期初积分 points points_balance opening_points",
    "principal": "储值 储值余额 余额 本金 本金余额 储值本金 balance wallet principal",
    "bonus": "赠金 赠送金额 赠送余额 赠金余额 bonus bonus_balance",
    "earned_on": "积分日期 获得日期 积分获得日期 earned_on points_date",
}
_NOT_IN_CELLS = FormulaField | LocationField | AttachmentField | SignatureField
_TARGETS = {name: target for target, names in _CALLED.items() for name in names.split()}


def proposed(headers: Sequence[str], known: Sequence[Definition]) -> list[ColumnMapping]:
    """What the names of columns say, in Chinese or English; each target once."""
    fields = {
        searchable(name): f"fields.{each.field.key}"
        for each in known
        if _fillable(each)
        for name in (each.field.key, each.field.label_zh, each.field.label_en)
    }
    found: dict[str, int] = {}
    for column, header in enumerate(headers):
        name = searchable(header)
        target = _TARGETS.get("_".join(name.split())) or fields.get(name)
        if target is not None:
            found.setdefault(target, column)
    pairs = sorted((column, target) for target, column in found.items())
    return [ColumnMapping(column=column, target=target) for column, target in pairs]


def check_headers(headers: Sequence[str]) -> None:
    """Raise `Refusal("IMPORT_NO_HEADER")` where the first row already is a member."""
    named = any(header.strip() for header in headers)
    if not named or any(recognise(header, "CN") is not None for header in headers):
        raise Refusal("IMPORT_NO_HEADER")


def check_mapping(
    mapping: Sequence[ColumnMapping],
    columns: int,
    known: Sequence[Definition],
    caller: Caller,
    *,
    has_store: bool,
) -> None:
    """Raise `Refusal("IMPORT_MAPPING")` unless every column is used once and all that a member
    needs is there."""
    targets = [each.target for each in mapping]
    if len(set(targets)) < len(targets):
        raise _unfit("同一内容对应了两列", "two columns hold the same")
    if len({each.column for each in mapping}) < len(mapping):
        raise _unfit("同一列对应了两项内容", "one column is said to hold two things")
    if any(each.column >= columns for each in mapping):
        raise _unfit("没有这一列", "there is no such column")
    for target, zh, en in (("phone", "手机号", "a phone"), ("name", "姓名", "a name")):
        if target not in targets:
            raise _unfit(f"没有{zh}这一列", f"no column holds {en}")
    if "home_store" not in targets and not has_store:
        raise _unfit("请选择门店", "a store is needed for rows that name none")
    if "earned_on" in targets and "points" not in targets:
        raise _unfit("有积分日期而没有积分", "there is a date of points, but no points")
    fillable = {f"fields.{each.field.key}" for each in known if _fillable(each)}
    for each in known:
        if f"fields.{each.field.key}" in targets and not each.edited_by(caller):
            raise _unfit(
                f"您的岗位不能填写“{each.field.label_zh}”",
                f"your role may not fill in “{each.field.label_en}”",
            )
    for target in targets:
        if target.startswith("fields.") and target not in fillable:
            raise _unfit(f"不能导入字段 {target[7:]}", f"{target[7:]} cannot be imported")


def _fillable(definition: Definition) -> bool:
    field = definition.field
    known = field.active and field.subject == "member"
    return known and not isinstance(field.kind, _NOT_IN_CELLS)


def _unfit(zh: str, en: str) -> Refusal:
    return Refusal("IMPORT_MAPPING", {"reason_zh": zh, "reason_en": en})
