"""A receipt as a picture: to share, or for a printer that knows no Chinese."""

import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import qrcode
from PIL import Image, ImageDraw, ImageFont

from gateway.receipt_rows import Code, Part, Row, Rule

FONTS = Path(__file__).resolve().parents[1] / "staff_app" / "assets" / "assets" / "fonts"
HEIGHT_LIMIT = 20_000
COLOURS = 16
CODE_WIDTH = 240
_QR_MARGIN = 2


@dataclass(frozen=True)
class Look:
    """`width` and `margin` in pixels, `size` of the letters; ink on paper has 4.5:1 and more."""

    width: int
    margin: int
    size: int
    ink: str
    quiet: str
    paper: str


SHARED = Look(width=720, margin=48, size=26, ink="#1D1B1E", quiet="#6B2D5C", paper="#FFFFFF")


def on_paper(width: int) -> Look:
    """For a thermal printer: black or white, no margin but the printer's own."""
    return Look(width=width, margin=0, size=24, ink="#000000", quiet="#000000", paper="#FFFFFF")


def png(parts: Sequence[Part]) -> bytes:
    """The picture to share; a few colours, so that it is small."""
    drawn = draw(parts, SHARED).quantize(COLOURS)
    buffer = io.BytesIO()
    drawn.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def draw(parts: Sequence[Part], look: Look) -> Image.Image:
    """All parts below each other, as high as they are."""
    canvas = Image.new("RGB", (look.width, HEIGHT_LIMIT), look.paper)
    pen = ImageDraw.Draw(canvas)
    top = look.margin
    for part in parts:
        if top > HEIGHT_LIMIT - look.width:
            break
        if isinstance(part, Row):
            top = _row(pen, part, look, top)
        elif isinstance(part, Rule):
            top += look.size // 2
            pen.line((look.margin, top, look.width - look.margin, top), fill=look.quiet, width=2)
            top += look.size // 2
        else:
            code = code_picture(part, code_width(look.width))
            canvas.paste(code, ((look.width - code.width) // 2, top + look.size // 2))
            top += code.height + look.size
    return canvas.crop((0, 0, look.width, top + look.margin))


def code_width(width: int) -> int:
    """A third of a wide receipt, half of a narrow one: no smaller than a camera reads."""
    return min(width // 2, CODE_WIDTH)


def code_picture(code: Code, width: int) -> Image.Image:
    """A QR code at most so wide, with whole pixels and the quiet zone around it."""
    made = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=_QR_MARGIN, box_size=1)
    made.add_data(code.text)
    made.make(fit=True)
    matrix = made.get_matrix()
    scale = max(width // len(matrix), 1)
    small = Image.new("RGB", (len(matrix), len(matrix)), "#FFFFFF")
    for y, line in enumerate(matrix):
        for x, dark in enumerate(line):
            if dark:
                small.putpixel((x, y), (0, 0, 0))
    return small.resize((len(matrix) * scale, len(matrix) * scale), Image.Resampling.NEAREST)


def _row(pen: ImageDraw.ImageDraw, row: Row, look: Look, top: int) -> int:
    """Draw one row, over as many lines as it needs; where the next one begins."""
    font = font_of(row.strong, round(look.size * 1.5) if row.large else look.size)
    room = look.width - 2 * look.margin
    right = round(font.getlength(row.right)) if row.right else 0
    lines = wrapped(row.left, font, room - right - (look.size if right else 0))
    height = round(font.size * 1.45)
    for line in lines:
        left = look.margin
        if row.middle:
            left += (room - round(font.getlength(line))) // 2
        pen.text((left, top), line, font=font, fill=look.ink)
        top += height
    if row.right:
        at = (look.width - look.margin - right, top - height)
        pen.text(at, row.right, font=font, fill=look.ink)
    return top


def wrapped(text: str, font: ImageFont.FreeTypeFont, room: int) -> list[str]:
    """Broken anywhere, as Chinese is; a word of Latin letters at a blank where there is one."""
    lines, line = [], ""
    for character in text:
        if line and font.getlength(line + character) > room:
            head, blank, tail = line.rpartition(" ")
            if blank and head.strip() and character != " " and tail.isascii():
                lines.append(head)
                line = tail
            else:
                lines.append(line)
                line = ""
        line += character
    return [*lines, line]


@functools.lru_cache(maxsize=16)
def font_of(strong: bool, size: int) -> ImageFont.FreeTypeFont:
    """The family of the app, from the files the app serves."""
    name = "NotoSansSC-Bold.woff2" if strong else "NotoSansSC-Regular.woff2"
    return ImageFont.truetype(str(FONTS / name), size)
