"""Bringing members of an old system in, from a table; part of the member contract (M22, K30).

A file is uploaded through the gateway, which sends its rows here. It is checked with a mapping of
its columns (the dry run), and then run. Row 1 of a file is its header.
"""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import (
    PLAIN,
    Code,
    Command,
    Currency,
    Done,
    Event,
    Message,
    Minor,
    PageSize,
    Sentence,
)
from shared.contracts.member.consents import ConsentFact
from shared.paging import Page

ROWS_LIMIT = 2_000_000
COLUMNS_LIMIT = 100
STAGED_LIMIT = 500
"""Rows in one `StageRows`."""

ImportState = Literal[
    "uploading", "uploaded", "checking", "checked", "running", "finished", "cancelled"
]
ExistingPolicy = Literal["skip", "fill"]
"""What becomes of a member who is there already: nothing, or what is empty is filled in."""

TARGETS = (
    "phone", "name", "card_code", "gender", "birthday", "city", "height_cm", "home_store",
    "source_channel", "associate", "tags", "membership", "marketing", "points", "principal",
    "bonus", "earned_on",
)  # fmt: skip
Target = Annotated[
    str, Meta(pattern=rf"^({'|'.join(TARGETS)}|fields\.[a-z][a-z0-9_]{{0,39}})$(?!\n)")
]
"""What a column holds: one of `TARGETS`, or a custom field as `fields.<key>`."""
Cell = Annotated[str, Meta(max_length=1_000)] | None
"""None: a formula, or an error value."""
Header = Annotated[str, Meta(max_length=100)]

ERRORS = {
    "UNKNOWN_IMPORT": Sentence(zh="没有这次导入", en="There is no such import"),
    "IMPORT_ID_TAKEN": Sentence(
        zh="该导入编号已用于另一个文件", en="This id was used for the import of another file"
    ),
    "IMPORT_STATE": Sentence(
        zh="导入当前状态为“{state}”，不能执行此操作",
        en="The import is {state}: this cannot be done now",
    ),
    "IMPORT_NO_HEADER": Sentence(
        zh="文件第一行应为列名", en="The first row of the file has to name its columns"
    ),
    "IMPORT_ROWS": Sentence(
        zh="文件没有数据，或超过 {limit} 行", en="The file is empty, or has more than {limit} rows"
    ),
    "IMPORT_INCOMPLETE": Sentence(
        zh="文件未完整上传，请重新上传", en="The upload is not whole; upload the file again"
    ),
    "IMPORT_MAPPING": Sentence(
        zh="列的对应有误：{reason_zh}", en="The mapping of columns is not right: {reason_en}"
    ),
    "IMPORT_CONTROL_TOTAL": Sentence(
        zh="控制总数不符：申报积分 {points_stated}、本金 {principal_stated_minor}、"
        "赠金 {bonus_stated_minor}；可导入的行合计积分 {points_found}、"
        "本金 {principal_found_minor}、赠金 {bonus_found_minor}",
        en="The control total does not agree: stated {points_stated} points, principal "
        "{principal_stated_minor}, bonus {bonus_stated_minor}; the rows that can be imported add "
        "up to {points_found} points, principal {principal_found_minor}, bonus "
        "{bonus_found_minor}",
    ),
    "IMPORT_FILE_KNOWN": Sentence(
        zh="同一文件已导入过（{import_id}）", en="This very file was imported before ({import_id})"
    ),
}
FAULTS = {
    "ROW_EMPTY": Sentence(zh="缺少必填内容", en="Something is needed here"),
    "ROW_FORMULA": Sentence(
        zh="单元格是公式或错误值，请粘贴为数值",
        en="The cell is a formula or an error; paste its value instead",
    ),
    "ROW_PHONE": Sentence(zh="不是有效的电话号码", en="This is no phone number"),
    "ROW_PHONE_TWICE": Sentence(
        zh="与第 {row} 行的电话号码相同", en="Row {row} has the same phone number"
    ),
    "ROW_ERASED": Sentence(
        zh="该会员的个人信息已被删除，不再导入",
        en="This person was erased, and is not brought back",
    ),
    "ROW_CARD": Sentence(
        zh="卡号应由 3 至 30 个字母、数字和连字符组成，其中至少一个数字",
        en="A card code has 3 to 30 letters, digits and hyphens, one digit at least",
    ),
    "ROW_CARD_TWICE": Sentence(zh="与第 {row} 行的卡号相同", en="Row {row} has the same card code"),
    "ROW_CARD_TAKEN": Sentence(
        zh="卡号已属于另一位会员", en="The card code belongs to another member"
    ),
    "ROW_TEXT": Sentence(zh="内容过长或含有不可用字符", en="This is too long, or no plain text"),
    "ROW_CHOICE": Sentence(zh="无法识别的选项", en="This is none of the choices"),
    "ROW_DATE": Sentence(zh="日期无法识别或不合理", en="This is no date, or none that can be"),
    "ROW_NUMBER": Sentence(zh="数字无法识别或超出范围", en="This is no number, or out of range"),
    "ROW_STORE": Sentence(zh="没有这家门店", en="There is no such store"),
    "ROW_STORE_CLOSED": Sentence(zh="门店已停用", en="The store is closed"),
    "ROW_SCOPE": Sentence(
        zh="门店不在您的管辖范围内", en="The store is outside the stores you may work for"
    ),
    "ROW_CURRENCY": Sentence(
        zh="门店或会员的币种与导入币种不同", en="The store or member has another currency"
    ),
    "ROW_ASSOCIATE": Sentence(zh="没有这位在职员工", en="There is no such member of staff at work"),
    "ROW_CONSENT": Sentence(
        zh="该顾客未同意成为会员", en="This person has not agreed to being a member"
    ),
}
"""What may be wrong with a row. A row is named by its number, never by what is in it."""
ERRORS |= FAULTS


class Totals(Message, frozen=True, kw_only=True):
    """Points, and money in minor units of the import's currency."""

    points_sum: Annotated[int, Meta(ge=0, le=10**15)] = 0
    principal_minor: Annotated[int, Meta(ge=0, le=10**15)] = 0
    bonus_minor: Annotated[int, Meta(ge=0, le=10**15)] = 0


class ColumnMapping(Message, frozen=True, kw_only=True):
    """Column `column` (0 is the first) holds `target`; `values` says what its texts stand for,
    such as an associate's number for the id of the member of staff, or 钻石 for a choice's key."""

    column: Annotated[int, Meta(ge=0, lt=COLUMNS_LIMIT)]
    target: Target
    values: Annotated[dict[str, str], Meta(max_length=1_000)] = {}


class MemberImport(Message, frozen=True, kw_only=True):
    """An import, and how far it is. `checked` and `done` are rows the dry run and the run have been
    through; `found` are those whose member was there already, `filled` of them were added to.

    `in_file` sums up the rows that can be imported, `left_out` the faulty ones; `booked` is what
    the ledger has by now, and `control` what was stated.
    """

    id: UUID
    version: int
    state: ImportState
    file_name: str
    headers: list[str]
    proposal: list[ColumnMapping]
    mapping: list[ColumnMapping]
    existing: ExistingPolicy
    currency: str
    author_id: UUID
    created_at: datetime
    finished_at: datetime | None
    rows: int
    checked: int
    faulty: int
    found: int
    done: int
    created: int
    filled: int
    control: Totals
    in_file: Totals
    left_out: Totals
    booked: Totals


class Fault(Message, frozen=True, kw_only=True):
    """What is wrong with a row; `header` names the column."""

    row: int
    column: int | None
    header: str | None
    code: str
    message_zh: str
    message_en: str


class BeginUpload(Command[MemberImport], frozen=True, kw_only=True):
    """A file is about to come; the id is the caller's. Sent again before its end, it goes on.

    Refusals: IMPORT_ID_TAKEN, IMPORT_NO_HEADER.
    """

    id: UUID
    file_name: Annotated[str, Meta(max_length=200, pattern=PLAIN)]
    headers: Annotated[list[Header], Meta(min_length=1, max_length=COLUMNS_LIMIT)]


class StageRows(Command[Done], frozen=True, kw_only=True):
    """Rows of the file, the first of which is number `first_row`. The same again is ignored."""

    import_id: UUID
    first_row: Annotated[int, Meta(ge=2, le=ROWS_LIMIT + 1)]
    rows: Annotated[
        list[Annotated[list[Cell], Meta(max_length=COLUMNS_LIMIT)]],
        Meta(min_length=1, max_length=STAGED_LIMIT),
    ]


class EndUpload(Command[MemberImport], frozen=True, kw_only=True):
    """All `rows` have been sent; `digest` is the SHA-256 of the file, in hexadecimal.

    Refusals: IMPORT_ROWS, IMPORT_INCOMPLETE, IMPORT_ID_TAKEN (another file than before).
    """

    import_id: UUID
    rows: Annotated[int, Meta(ge=0, le=ROWS_LIMIT + 1)]
    digest: Annotated[str, Meta(pattern="^[0-9a-f]{64}$(?!\n)")]


class CheckImport(Command[MemberImport], frozen=True, kw_only=True):
    """The dry run, in the background: nothing is created. It can be asked for again with another
    mapping until the import is started.

    `store_id` and `source_channel` are for rows that say none. Whoever imports states that these
    people have agreed to version `notice_version` of the notice, and, where a column says so, to
    marketing by `marketing_notice_version` (None: the same). `control` is what the opening
    balances of the rows that can be imported add up to. Refusals: UNKNOWN_IMPORT, IMPORT_STATE,
    IMPORT_MAPPING, UNKNOWN_STORE, NOTICE_NOT_IN_FORCE.
    """

    id: UUID
    mapping: Annotated[list[ColumnMapping], Meta(min_length=1, max_length=COLUMNS_LIMIT)]
    existing: ExistingPolicy = "skip"
    store_id: UUID | None = None
    source_channel: Code = "import"
    notice_version: Code
    marketing_notice_version: Code | None = None
    currency: Currency = "CNY"
    control: Totals = Totals()


class StartImport(Command[MemberImport], frozen=True, kw_only=True):
    """Import the rows without faults, in the background. Started twice, it runs once.

    Refusals: UNKNOWN_IMPORT, IMPORT_STATE, IMPORT_CONTROL_TOTAL, IMPORT_FILE_KNOWN.
    """

    id: UUID


class CancelImport(Command[MemberImport], frozen=True, kw_only=True):
    """Stop an import for good. Members that were created stay; the rest of the file is forgotten.

    Refusals: UNKNOWN_IMPORT, IMPORT_STATE (it is finished).
    """

    id: UUID


class GetImport(Command[MemberImport], frozen=True, kw_only=True):
    """One import, as far as it is; refusal UNKNOWN_IMPORT."""

    id: UUID


class ListImports(Command[Page[MemberImport]], frozen=True, kw_only=True):
    """Imports, newest first: HQ sees all, others those of their own scope."""

    first: PageSize = 20
    after: Annotated[str, Meta(max_length=500)] | None = None


class ListFaults(Command[Page[Fault]], frozen=True, kw_only=True):
    """What is wrong with the rows of an import, in the order of the file."""

    import_id: UUID
    first: PageSize = 50
    after: Annotated[str, Meta(max_length=500)] | None = None


class Opening(Message, frozen=True, kw_only=True):
    """What a member brings along from the old system; the store gives it out from now on."""

    row: int
    member_id: UUID
    store_id: UUID
    franchisee_id: UUID | None
    time_zone: str
    currency: Currency
    points: Annotated[int, Meta(ge=0)] = 0
    principal_minor: Minor = 0
    bonus_minor: Minor = 0
    earned_on: date


class Arrival(Message, frozen=True, kw_only=True):
    """One of those who came with an import: what `MemberRegistered` says of one who registers, and
    the tags as `MemberTagged` says them. `version` is that of the member and of the tags."""

    member_id: UUID
    version: int
    card_code: str
    home_store_id: UUID
    associate_id: UUID | None
    source_channel: str
    consents: list[ConsentFact]
    tags: list[str]


class MembersImported(Event, frozen=True, kw_only=True):
    """Those who arrived with some rows of an import, told at once instead of one by one: nothing
    else is told of an `Arrival`. Subject: the import's arrivals; sequence: the first row. Who
    brought them is in the audit log with the import."""

    type: ClassVar[str] = "member.members_imported"
    audited: ClassVar[bool] = False
    import_id: UUID
    items: list[Arrival]


class OpeningsBroughtIn(Event, frozen=True, kw_only=True):
    """Opening balances of some rows. Subject: the import's openings; sequence: the first row."""

    type: ClassVar[str] = "member.openings_brought_in"
    audited: ClassVar[bool] = False
    import_id: UUID
    items: list[Opening]


class ImportChanged(Event, frozen=True, kw_only=True):
    """An import was checked, started, finished or cancelled. Sequence: `version`."""

    type: ClassVar[str] = "member.import_changed"
    import_id: UUID
    version: int
    state: ImportState
    rows: int
    faulty: int
    created: int
    filled: int
    control: Totals
    booked: Totals
