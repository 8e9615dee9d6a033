"""Codes in photographs: EAN-13 and QR are read, anything else is said to be no code."""

import io
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import zxingcpp
from PIL import Image
from starlette.applications import Starlette

from gateway import codes
from gateway.app import Gateway
from gateway.receipt_picture import code_picture
from gateway.receipt_rows import Code

pytestmark = pytest.mark.anyio
EAN = "6901234567892"


@pytest.fixture
async def http(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=gateway.codes.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as made:
        yield made


def photograph(code: Image.Image, degrees: int = 0, format_: str = "JPEG") -> bytes:
    """The code somewhere in a larger, greyish picture, held askew."""
    scene = Image.new("L", (1_600, 1_200), 200)
    scene.paste(code.convert("L").rotate(degrees, expand=True, fillcolor=255), (500, 300))
    buffer = io.BytesIO()
    scene.save(buffer, format_)
    return buffer.getvalue()


def ean() -> Image.Image:
    made: Any = zxingcpp.create_barcode(EAN, zxingcpp.BarcodeFormat.EAN13)
    drawn = _drawn(made)
    border = Image.new("L", (drawn.width + 80, drawn.height + 80), 255)
    border.paste(drawn, (40, 40))
    return border


def _drawn(made: Any) -> Image.Image:
    image = memoryview(made.to_image(scale=4))
    height, width = image.shape[:2]
    return Image.frombytes("L", (width, height), image.tobytes())


@pytest.mark.parametrize("degrees", [0, 8, 90, 180])
def test_a_barcode_and_a_receipts_code_are_read_however_the_phone_is_held(degrees: int) -> None:
    receipt = code_picture(Code("S001-D1-000001"), 240)
    assert codes.codes_in(photograph(ean(), degrees)) == [{"text": EAN, "format": "EAN13"}]
    assert codes.codes_in(photograph(receipt, degrees, "PNG")) == [
        {"text": "S001-D1-000001", "format": "QR"}
    ]


async def test_a_picture_is_read_for_who_is_signed_in(
    http: httpx.AsyncClient, token: Callable[..., str]
) -> None:
    headers = {"Authorization": f"Bearer {token()}"}
    empty = Image.new("L", (300, 300), 255)

    read = await http.post("/codes", content=photograph(ean()), headers=headers)
    none = await http.post("/codes", content=photograph(empty), headers=headers)
    stranger = await http.post("/codes", content=photograph(ean()))

    assert read.json() == {"codes": [{"text": EAN, "format": "EAN13"}]}
    assert none.json() == {"codes": []}
    assert stranger.status_code == 401


async def test_what_is_no_picture_or_too_large_is_refused(
    http: httpx.AsyncClient, token: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"Authorization": f"Bearer {token()}"}
    cut = photograph(ean())[:2_000]
    gif = io.BytesIO()
    ean().save(gif, "GIF")
    for content in (b"", b"no picture", b"%PDF-1.7", cut, gif.getvalue()):
        refused = await http.post("/codes", content=content, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (422, "UNREADABLE_FILE")
    monkeypatch.setattr(codes, "PIXELS_LIMIT", 10_000)
    refused = await http.post("/codes", content=photograph(ean()), headers=headers)
    assert refused.json()["code"] == "UNREADABLE_FILE"
    monkeypatch.setattr(codes, "PICTURE_LIMIT_BYTES", 1_000)
    refused = await http.post("/codes", content=photograph(ean()), headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (413, "TOO_LARGE")
