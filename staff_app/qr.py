"""QR codes that the device draws by itself, where no gateway draws a receipt."""

import struct
import zlib

BORDER = 4
"""The quiet zone, in modules, that the standard asks for."""


def qr_picture(text: str) -> bytes:
    """A black and white PNG with a pixel for each module: to be shown enlarged, unsmoothed."""
    import qrcode  # takes its time, and is needed by one screen

    made = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=BORDER)
    made.add_data(text)
    made.make(fit=True)
    matrix = made.get_matrix()
    head = struct.pack(">IIBBBBB", len(matrix), len(matrix), 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + bytes(0 if dark else 255 for dark in row) for row in matrix)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(kind, data) for kind, data in parts)


def _part(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
