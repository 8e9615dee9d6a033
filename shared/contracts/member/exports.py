"""Taking members out of the system, as a table; part of the member contract (M23).

A file is written by the gateway, page by page. Every export is in the audit log: who, which stores,
which columns, how many rows. An associate takes nothing out.
"""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import PLAIN, Command, Done, Event, Message, Sentence

ExportFormat = Literal["csv", "xlsx"]
COLUMNS = (
    "id", "card_code", "name", "phone", "gender", "birthday", "city", "home_store",
    "source_channel", "associate", "tags", "height_cm", "registered_on", "first_purchase_on",
    "last_purchase_on", "purchases", "spent", "currency",
)  # fmt: skip
ExportColumn = Annotated[
    str, Meta(pattern=rf"^({'|'.join(COLUMNS)}|fields\.[a-z][a-z0-9_]{{0,39}})$(?!\n)")
]
PAGE_ROWS = 500

ERRORS = {
    "UNKNOWN_EXPORT": Sentence(zh="没有这次导出", en="There is no such export"),
    "EXPORT_ID_TAKEN": Sentence(zh="该导出编号已被使用", en="This id was used for another export"),
    "EXPORT_COLUMN": Sentence(
        zh="没有“{column}”这一列，或您的岗位不能查看",
        en="There is no column “{column}”, or your role may not see it",
    ),
}


class Export(Message, frozen=True, kw_only=True):
    """The columns of an export, and what stands above them."""

    id: UUID
    columns: list[str]
    headers: list[str]


class BeginExport(Command[Export], frozen=True, kw_only=True):
    """Export the members at home in the stores of the caller; `columns` empty: all the caller may
    see. `tag` leaves it at members who carry it.

    Phones are whole for HQ and franchise owners, and masked for others. Refusals: EXPORT_COLUMN,
    EXPORT_ID_TAKEN.
    """

    id: UUID
    format: ExportFormat = "csv"
    columns: Annotated[list[ExportColumn], Meta(max_length=200)] = []
    tag: Annotated[str, Meta(min_length=1, max_length=30, pattern=PLAIN)] | None = None
    language: Literal["zh", "en"] = "zh"


class ExportedRows(Message, frozen=True, kw_only=True):
    """`next` is where the following page begins; None: this was the last."""

    rows: list[list[str]]
    next: UUID | None


class ReadExport(Command[ExportedRows], frozen=True, kw_only=True):
    """The next page of one's own export; refusal UNKNOWN_EXPORT."""

    export_id: UUID
    after: UUID | None = None


class EndExport(Command[Done], frozen=True, kw_only=True):
    """The file is written, or nobody takes it any more; how much was read is told."""

    export_id: UUID


class ExportBegun(Event, frozen=True, kw_only=True):
    """Somebody takes members out. Subject: the export; sequence 1."""

    type: ClassVar[str] = "member.export_begun"
    export_id: UUID
    scope_kind: str
    scope_id: UUID | None
    columns: list[str]
    tag: str | None
    format: ExportFormat


class ExportEnded(Event, frozen=True, kw_only=True):
    """So many members were taken out. Subject: the export; sequence 2."""

    type: ClassVar[str] = "member.export_ended"
    export_id: UUID
    rows: int
