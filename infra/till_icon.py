"""The till's icon: three links of a chain stitch, white on plum, drawn without any library."""

import math
import struct
import zlib

PLUM, WHITE = (0x6B, 0x2D, 0x5C), (0xFF, 0xF7, 0xFA)
LINKS = (0.28, 0.5, 0.72)
"""Centres of the links from top to bottom, in parts of the height."""
WIDTH, HEIGHT, THREAD = 0.125, 0.165, 0.036
"""Half axes of a link and half the thickness of its thread, in parts of the side."""
CORNER = 0.22


def icon(side: int, maskable: bool = False) -> bytes:
    """A PNG of `side` pixels. A maskable one fills the square and keeps clear of its edges."""
    scale = 0.8 if maskable else 1.0
    rows = (_row(side, y, scale, maskable) for y in range(side))
    return _png(side, b"".join(b"\0" + row for row in rows))


def _row(side: int, y: int, scale: float, maskable: bool) -> bytes:
    row = bytearray()
    v = (y + 0.5) / side
    for x in range(side):
        u = (x + 0.5) / side
        thread = max(_coverage(_to_link(u, v, centre, scale), side) for centre in LINKS)
        colour = (
            round(plum + (white - plum) * thread) for plum, white in zip(PLUM, WHITE, strict=True)
        )
        inside = 1.0 if maskable else _coverage(_to_square(u, v), side)
        row += bytes((*colour, round(255 * inside)))
    return bytes(row)


def _to_link(u: float, v: float, centre: float, scale: float) -> float:
    """Distance from the thread of one link; negative in it."""
    a, b = WIDTH * scale, HEIGHT * scale
    x, y = u - 0.5, v - 0.5 - (centre - 0.5) * scale
    from_centre = math.hypot(x / a, y / b)
    if from_centre == 0:
        return a
    slope = math.hypot(x / a**2, y / b**2) / from_centre
    return abs(from_centre - 1) / slope - THREAD * scale / 2


def _to_square(u: float, v: float) -> float:
    """Distance from a square with round corners; negative in it."""
    x, y = (max(abs(part - 0.5) - (0.5 - CORNER), 0) for part in (u, v))
    return math.hypot(x, y) - CORNER


def _coverage(distance: float, side: int) -> float:
    return min(max(0.5 - distance * side, 0.0), 1.0)


def _png(side: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )
