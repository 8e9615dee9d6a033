"""Files as people send them: encodings, separators, workbooks; and as they are written."""

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime

import openpyxl
import pytest

from gateway import tables
from gateway.tables import UnreadableFile

ROWS = [["姓名", "手机"], ["㐀𠮷", "13812341234"], ["顾客", "139"]]
"""Characters that only GB 18030 has in four bytes."""


def pieces(content: bytes, size: int) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


def csv_of(delimiter: str = ",") -> str:
    return "".join(delimiter.join(row) + "\r\n" for row in ROWS)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_encodings_are_told_apart_however_the_bytes_arrive(encoding: str, size: int) -> None:
    content = csv_of().encode(encoding)

    assert list(tables.read_csv(pieces(content, size))) == ROWS


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_separators_are_told_apart(delimiter: str) -> None:
    content = csv_of(delimiter).encode()

    assert list(tables.read_csv(pieces(content, 10))) == ROWS


def test_an_encoding_is_found_far_down_in_a_file() -> None:
    """The header and thousands of rows are plain ASCII; only then comes a Chinese name."""
    content = ("name,phone\n" + "a,1\n" * 50_000 + "顾客,2\n").encode("gb18030")

    assert list(tables.read_csv(pieces(content, 65_536)))[-1] == ["顾客", "2"]


def test_an_encoding_that_is_stated_is_the_one_that_counts() -> None:
    content = "姓名\n顾客\n".encode("gb18030")

    with pytest.raises(UnreadableFile, match="utf-8"):
        list(tables.read_csv([content], "utf-8"))


def test_quoted_cells_may_hold_separators_and_line_breaks() -> None:
    content = '姓名,备注\n顾客,"一,二\n三"\n'.encode()

    assert list(tables.read_csv(pieces(content, 3)))[1] == ["顾客", "一,二\n三"]


def test_empty_rows_at_the_end_are_no_rows() -> None:
    rows = [["a"], [], ["b"], ["", " "], []]

    assert list(tables.without_blank_end(iter(rows))) == [["a"], [], ["b"]]


def workbook(*rows: list[object]) -> io.BytesIO:
    book, file = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(file)
    file.seek(0)
    return file


def test_a_workbook_has_dates_numbers_and_no_formulas() -> None:
    file = workbook(
        ["姓名", "手机", "生日", "积分", "储值", "公式", "错误"],
        ["㐀", 13812341234, date(1990, 5, 1), 120.0, 0.1 + 0.2, "=D2*10", "#N/A"],
        ["乙", "13900000001", datetime(2001, 2, 3, 4, 5, 6), None, True],  # noqa: DTZ001
    )

    assert list(tables.read_xlsx(file)) == [
        ["姓名", "手机", "生日", "积分", "储值", "公式", "错误"],
        ["㐀", "13812341234", "1990-05-01", "120", "0.3", None, None],
        ["乙", "13900000001", "2001-02-03 04:05:06", "", "TRUE"],
    ]


def test_a_workbook_that_would_not_fit_is_refused_before_it_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = workbook(["姓名"])
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/media/bomb", b"0" * 2_000_000)
    monkeypatch.setattr(tables, "TEXTS_LIMIT", 1_000_000)

    with pytest.raises(UnreadableFile, match="too large"):
        list(tables.read_xlsx(file))


@pytest.mark.parametrize("content", [b"PK\x03\x04 no archive", b"", b"name,phone"])
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableFile):
        list(tables.read_xlsx(io.BytesIO(content)))


@pytest.mark.parametrize("cell", ["=1+1", "+86", "-1", "@x", "\tx"])
def test_no_cell_that_is_written_is_a_formula(cell: str) -> None:
    file = io.BytesIO()
    tables.write_xlsx(file, ["列"], [[cell]])

    assert tables.csv_line([cell]).lstrip('"').startswith("'")
    sheet = openpyxl.load_workbook(file).worksheets[0]
    assert (sheet["A2"].value, sheet["A2"].data_type) == (f"'{cell}", "s")


def test_a_sheet_that_is_full_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "SHEET_ROWS", 3)
    file = io.BytesIO()

    tables.write_xlsx(file, ["列"], [[str(number)] for number in range(5)])

    sheets = openpyxl.load_workbook(file).worksheets
    assert [[row[0] for row in sheet.values] for sheet in sheets] == [
        ["列", "0", "1"], ["列", "2", "3"], ["列", "4"],
    ]  # fmt: skip
