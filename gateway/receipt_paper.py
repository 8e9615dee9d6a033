"""A receipt as ESC/POS, for thermal printers of 58 and 80 mm.

Chinese goes as GB 18030 in two bytes a character, which printers sold in China have letters for:
sharp, and a hundredth of a picture. A row with a character outside that (rare names, other scripts)
is sent as a picture of the row, and everything is for a printer without Chinese. The QR code is a
picture always: not every printer knows how to make one.
"""

from collections.abc import Sequence
from typing import Any

from PIL import Image

from gateway.receipt_picture import code_picture, code_width, draw, on_paper
from gateway.receipt_rows import Part, Row, Rule
from shared.contracts.directory.printers import PaperWidth, PrinterCharacters

DOTS: dict[PaperWidth, int] = {"mm58": 384, "mm80": 576}
"""Across, at 203 dots an inch; a letter has 12 of them, a Chinese character 24."""
LETTER_DOTS = 12
PROFILES: dict[PaperWidth, str] = {"mm58": "RP-F10-58mm", "mm80": "NT-80-V-UL"}
"""Of python-escpos: plain printers at least so wide, with a cutter; one without takes no notice."""
CHINESE_ON = b"\x1c&"
LARGE_ON, LARGE_OFF = b"\x1d!\x01\x1c!\x08", b"\x1d!\x00\x1c!\x00"
"""Twice as high: letters by GS !, Chinese characters by FS !."""
PIECE_DOTS = 800
"""Height of one piece of a picture: printers have little memory."""
_ON_PAPER = str.maketrans({"¥": "￥", "×": "x", "·": "-", "…": "..."})
"""Signs that have no two-byte form, or one that printers lack."""


def paper(
    parts: Sequence[Part], width: PaperWidth, characters: PrinterCharacters, open_drawer: bool
) -> bytes:
    """The bytes for the printer: drawer first (the change is counted while it prints), then the
    receipt, then the cut."""
    # Imported late: it sets up logging and a temporary folder for itself.
    from escpos.printer import Dummy

    printer = Dummy(profile=PROFILES[width])
    printer.hw("INIT")
    if open_drawer:
        printer.cashdraw(2)
    dots = DOTS[width]
    if characters == "picture":
        _picture(printer, draw(parts, on_paper(dots)))
    else:
        _in_letters(printer, parts, dots)
    printer.cut()
    made: bytes = printer.output
    return made


def _in_letters(printer: Any, parts: Sequence[Part], dots: int) -> None:
    columns = dots // LETTER_DOTS
    printer._raw(CHINESE_ON)
    for part in parts:
        if isinstance(part, Row):
            lines = rows_in_letters(part, columns)
            if lines is None:
                _picture(printer, draw([part], on_paper(dots)))
            else:
                _letters(printer, part, lines)
        elif isinstance(part, Rule):
            printer._raw(b"-" * columns + b"\n")
        else:
            printer.set(align="center")
            _picture(printer, code_picture(part, code_width(dots)))
            printer.set(align="left")


def _letters(printer: Any, row: Row, lines: list[bytes]) -> None:
    printer.set(align="center" if row.middle else "left", bold=row.strong)
    if row.large:
        printer._raw(LARGE_ON)
    for line in lines:
        printer._raw(line + b"\n")
    if row.large:
        printer._raw(LARGE_OFF)
    printer.set(align="left", bold=False)


def rows_in_letters(row: Row, columns: int) -> list[bytes] | None:
    """The lines of a row, each at most `columns` bytes wide; None where the printer has no letter
    for one. The right side stands at the end of the last line."""
    right = encoded(row.right)
    left = [encoded(character) for character in row.left]
    if right is None or None in left:
        return None
    lines, line = [], b""
    for letter in filter(None, left):
        if len(line) + len(letter) > columns:
            lines.append(line)
            line = b""
        line += letter
    if row.middle or not right:
        return [*lines, line]
    if len(line) + 1 + len(right) > columns:
        lines.append(line)
        line = b""
    return [*lines, line + b" " * (columns - len(line) - len(right)) + right]


def encoded(text: str) -> bytes | None:
    """One byte for ASCII and two for Chinese, as wide as they print; None if there is another."""
    ready = text.translate(_ON_PAPER)
    if any(character < " " for character in ready):
        return None
    each = [character.encode("gb18030") for character in ready]
    return b"".join(each) if all(len(code) <= 2 for code in each) else None


def _picture(printer: Any, picture: Image.Image) -> None:
    printer.image(picture, impl="bitImageRaster", center=False, fragment_height=PIECE_DOTS)
