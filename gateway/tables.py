"""Tables that people upload and download: CSV as it is found in China, and XLSX; row by row.

A cell is a text; None where it is a formula or an error, as its value may be out of date.
Nothing of a file is believed: not its encoding, not the size it says it has, not where it ends.
"""

import codecs
import csv
import io
import itertools
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import IO, Any

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import InvalidFileException

from shared.contracts.member.imports import COLUMNS_LIMIT

Row = list[str | None]
CELL_LIMIT = 1_000
LINE_LIMIT = 1_000_000
SNIFFED_BYTES = 65_536
UNPACKED_LIMIT = 2 * 1024**3
TEXTS_LIMIT = 96 * 1024**2
"""Of all texts of an XLSX file, unpacked: they are kept in memory."""
MEMBERS_LIMIT = 2_000
SHEET_ROWS = 1_048_576
_DELIMITERS = ",\t;"
_FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")


class UnreadableFile(Exception):
    """A file that is not what it is said to be, in zh-CN and en."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh = zh
        self.en = en
        super().__init__(en)


def read_csv(
    chunks: Iterable[bytes], encoding: str | None = None, delimiter: str | None = None
) -> Iterator[Row]:
    """The records of a CSV file. UTF-8 (with or without BOM), UTF-16 (with BOM) and GB 18030 are
    told apart, unless `encoding` is stated; so are comma, tab and semicolon by the first line."""
    lines = _lines(_decoded(iter(chunks), encoding))
    first = next(lines, "")
    chosen = delimiter or max(_DELIMITERS, key=first.count)
    try:
        for record in csv.reader(itertools.chain([first], lines), delimiter=chosen):
            yield [cell[:CELL_LIMIT] for cell in record[:COLUMNS_LIMIT]]
    except csv.Error as error:
        raise UnreadableFile("CSV 文件有误", f"The CSV file is not right: {error}") from error


def read_xlsx(file: IO[bytes]) -> Iterator[Row]:
    """The rows of the first sheet of an XLSX file."""
    _check_package(file)
    try:
        book = openpyxl.load_workbook(file, read_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        for cells in sheet.iter_rows(max_col=COLUMNS_LIMIT):
            yield _until_last(_shown(cell) for cell in cells)
    except (InvalidFileException, KeyError, ValueError, IndexError, SyntaxError) as error:
        raise UnreadableFile("不是有效的 XLSX 文件", "This is no XLSX file") from error
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise UnreadableFile("XLSX 文件已损坏", "The XLSX file is damaged") from error


def without_blank_end(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows without the empty ones after the last that says something."""
    blank = 0
    for row in rows:
        if not any(cell is None or cell.strip() for cell in row):
            blank += 1
            continue
        yield from itertools.repeat([], blank)
        blank = 0
        yield row


def csv_line(cells: Iterable[str]) -> str:
    """A line of a CSV file that no spreadsheet takes for a formula."""
    written = io.StringIO()
    csv.writer(written).writerow([defused(cell) for cell in cells])
    return written.getvalue()


def write_xlsx(file: IO[bytes], headers: list[str], rows: Iterable[list[str]]) -> None:
    """An XLSX file of texts; a sheet that is full is followed by another one."""
    book = openpyxl.Workbook(write_only=True)
    remaining = iter(rows)
    while True:
        part = itertools.islice(remaining, SHEET_ROWS - 1)
        first = next(part, None)
        if first is None and book.worksheets:
            break
        sheet = book.create_sheet()
        for row in itertools.chain([headers], [] if first is None else [first], part):
            sheet.append([_text_cell(sheet, cell) for cell in row])
        if first is None:
            break
    book.save(file)


def defused(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula, with an apostrophe before it."""
    return f"'{cell}" if cell.startswith(_FORMULA_BEGINS) else cell


def _decoded(chunks: Iterator[bytes], encoding: str | None) -> Iterator[str]:
    head = b""
    if encoding is None:
        for chunk in chunks:
            if head or not chunk.isascii():
                head += chunk
            else:
                yield chunk.decode("ascii")
            if len(head) >= SNIFFED_BYTES:
                break
        encoding = _encoding_of(head)
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        for chunk in itertools.chain([head], chunks):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)
    except LookupError as error:
        raise UnreadableFile("不支持该编码", "This encoding is not known") from error
    except UnicodeError as error:
        raise UnreadableFile(
            f"文件不是有效的 {encoding} 编码", f"The file is not written in {encoding}"
        ) from error


def _encoding_of(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"


def _lines(texts: Iterable[str]) -> Iterator[str]:
    """Lines with their ends; only line feeds end one."""
    rest = ""
    for text in texts:
        *whole, rest = (rest + text).split("\n")
        for line in whole:
            yield line + "\n"
        if len(rest) > LINE_LIMIT:
            raise UnreadableFile("文件中的一行过长", "A line of the file is too long")
    if rest:
        yield rest


def _check_package(file: IO[bytes]) -> None:
    """Raise for what unpacks to more than a table of members can be."""
    try:
        members = zipfile.ZipFile(file).infolist()
    except zipfile.BadZipFile as error:
        raise UnreadableFile("不是有效的 XLSX 文件", "This is no XLSX file") from error
    sheets = [each for each in members if each.filename.startswith("xl/worksheets/")]
    others = sum(each.file_size for each in members) - sum(each.file_size for each in sheets)
    unpacked = sum(each.file_size for each in members)
    if len(members) > MEMBERS_LIMIT or unpacked > UNPACKED_LIMIT or others > TEXTS_LIMIT:
        raise UnreadableFile(
            "XLSX 文件过大，请另存为 CSV", "The XLSX file is too large; save it as CSV"
        )


def _until_last(cells: Iterator[str | None]) -> Row:
    row = list(cells)
    while row and row[-1] == "":
        row.pop()
    return row


def _shown(cell: Any) -> str | None:
    """A cell as people would write it."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type in ("f", "e"):
        return None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        day_only = value.time() == time()
        return value.date().isoformat() if day_only else value.isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        # Sixteen digits and more are what binary numbers add to what was typed.
        return format(Decimal(format(value, ".15g")), "f")
    return str(value)[:CELL_LIMIT]


def _text_cell(sheet: Any, cell: str) -> Any:
    made = WriteOnlyCell(sheet, value=defused(cell))
    made.data_type = "s"
    return made


Pull = Callable[[], bytes]


def chunks_of(pull: Pull, limit: int) -> Iterator[bytes]:
    """What `pull` gives until it gives nothing; raises `UnreadableFile` beyond the limit."""
    taken = 0
    while chunk := pull():
        taken += len(chunk)
        if taken > limit:
            raise TooLarge(limit)
        yield chunk


class TooLarge(Exception):
    """More bytes than are taken."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(limit)
