"""Codes read from a photograph, for phones whose browser gives the app no camera to scan with.

    POST /codes   a JPEG, PNG or WebP as the body; answers {"codes": [{"text": …, "format": …}]}

EAN-13 and QR and nothing else. The picture is looked at and kept nowhere.
"""

import asyncio
import io
from collections.abc import Callable

import msgspec
import zxingcpp
from PIL import Image
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.context import Context
from gateway.tables import TooLarge, UnreadableFile
from gateway.transfers import answer, problem
from shared.errors import Refusal, Unavailable

PICTURE_LIMIT_BYTES = 12 * 1024**2
PIXELS_LIMIT = 50_000_000
"""Of the picture as it is unpacked; phones of today make 12 to 50 million."""
LOOKED_AT = 2_000
"""Pixels across at which a code fills enough of them; more only costs time."""
CODES_LIMIT = 10
AT_ONCE = 2
TEXT_LIMIT = 200
_FORMATS = ("JPEG", "PNG", "WEBP")
_NAMES = {zxingcpp.BarcodeFormat.EAN13: "EAN13", zxingcpp.BarcodeFormat.QRCode: "QR"}


class Codes:
    """The endpoint; `context_of` reads the token."""

    def __init__(self, context_of: Callable[[Request], Context]) -> None:
        self._context_of = context_of
        self._slots = asyncio.Semaphore(AT_ONCE)

    def routes(self) -> list[Route]:
        return [Route("/codes", self.read, methods=["POST"])]

    async def read(self, request: Request) -> Response:
        """What codes a picture shows; none is an empty list."""
        try:
            self._context_of(request)
            content = await _content(request)
            async with self._slots:
                found = await asyncio.to_thread(codes_in, content)
        except (Refusal, Unavailable, UnreadableFile, TooLarge) as error:
            return answer(error, request)
        except ClientDisconnect:
            return problem(400, "CUT_OFF", "上传中断", "The upload was cut off")
        return Response(msgspec.json.encode({"codes": found}), media_type="application/json")


async def _content(request: Request) -> bytes:
    if int(request.headers.get("content-length") or 0) > PICTURE_LIMIT_BYTES:
        raise TooLarge(PICTURE_LIMIT_BYTES)
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > PICTURE_LIMIT_BYTES:
            raise TooLarge(PICTURE_LIMIT_BYTES)
        pieces.append(piece)
    return b"".join(pieces)


def codes_in(content: bytes) -> list[dict[str, str]]:
    """The codes of a picture, as they stand in it; raises `UnreadableFile`."""
    try:
        picture = Image.open(io.BytesIO(content), formats=_FORMATS)
        width, height = picture.size
        if width * height > PIXELS_LIMIT:
            raise UnreadableFile("图片太大", "The picture has too many pixels")
        picture.draft("L", (LOOKED_AT, LOOKED_AT))
        grey = picture.convert("L")
        grey.thumbnail((LOOKED_AT, LOOKED_AT))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UnreadableFile("图片读不出来", "This is no picture that can be read") from error
    found = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormats(list(_NAMES)))
    return [
        {"text": each.text[:TEXT_LIMIT], "format": _NAMES[each.format]}
        for each in found[:CODES_LIMIT]
        if each.format in _NAMES
    ]
