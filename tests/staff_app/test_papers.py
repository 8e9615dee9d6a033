"""Files, signatures and places in the app's forms."""

import asyncio
import json
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from staff_app.client import Unreachable
from staff_app.ui.rich_fields import parsed
from staff_app.ui.signing import fitting
from tests.staff_app.device import Device
from tests.staff_app.test_member_view import FORM, MEMBER, Club, looking
from tests.staff_app.test_sale import quick  # noqa: F401

PDF = "application/pdf"
OLD = {"id": "0190a000-0000-7000-8000-0000000000f1", "name": "旧.pdf", "media_type": PDF,
       "size_bytes": 20_480, "sha256": "0" * 64}  # fmt: skip
NEW = {**OLD, "id": "0190a000-0000-7000-8000-0000000000f2", "name": "新.pdf"}


def asked(kind: str, zh: str, **shape: Any) -> dict[str, Any]:
    words = {"labels": {"zh-CN": zh, "en": zh}, "type": kind, "version": 4}
    return {"readOnly": False, **shape, "x-field": {**words, **shape.get("x-field", {})}}


FILES = asked(
    "attachment", "证件", type="array", maxItems=2,
    items={"type": "string", "x-file": {"anyOf": [{"contentMediaType": PDF}], "maxBytes": 100_000}},
)  # fmt: skip
SIGNED = asked(
    "signature", "同意书", type="object", format="signature",
    **{"x-field": {"text": {"zh-CN": "我同意做皮试", "en": "I agree"}}},
)  # fmt: skip
PLACE = asked("location", "住址", type="object", format="location")


class Archive(Club):
    """Asks for papers, a signature and a place; keeps what is uploaded."""

    fields: ClassVar[dict[str, str]] = {**Club.fields, "showSignature": "show"}

    def __init__(self) -> None:
        super().__init__()
        self.carried: list[tuple[str, bytes | None]] = []
        self.full = False
        self.known["fields"] = [{"key": "papers", "value": [OLD]}]

    def form(self, subject: str = "MEMBER", **_: Any) -> Any:
        papers = {"papers": FILES, "consent": SIGNED, "home": PLACE}
        if subject == "CONTACT":
            papers = {"scan": FILES}
        return {"document": {**FORM, "properties": papers, "required": []}}

    def show(self, input: dict[str, Any]) -> Any:  # noqa: A002
        self.inputs.append(input)
        return {
            "signature": {
                "version": 4, "language": "zh", "text": "我同意做皮试", "noticeVersion": None,
                "signedAt": "2026-11-22T10:00:00+00:00", "width": 300, "height": 150,
                "strokes": [[[1, 1], [9, 9]]],
            }
        }  # fmt: skip

    async def carry(self, path: str, content: bytes | None, token: str) -> tuple[int, bytes]:
        if self.down:
            raise Unreachable("down")
        self.carried.append((path, content))
        if content is None:
            return 200, b"%PDF-old"
        if self.full:
            refusal = {"code": "FILE_KIND", "messageZh": "只能上传 PDF 文件",
                       "messageEn": "PDF only",
                       "parameters": {}}  # fmt: skip
            return 409, json.dumps(refusal).encode()
        return 200, json.dumps(NEW).encode()


async def editing(archive: Archive) -> Device:
    device = await looking(archive, "profile")
    await device.sees("旧.pdf")
    await device.press("member-action")
    await device.sees("添加文件")
    content = [{"id": 1, "name": "新.pdf", "size": 8, "bytes": b"%PDF-new"}]
    device.wire.services["pick_files"] = content
    return device


def test_a_file_is_sent_when_it_is_chosen_and_kept_when_the_form_is_saved() -> None:
    async def play() -> None:
        archive = Archive()
        device = await editing(archive)
        archive.full = True
        await device.press("add-papers")
        await device.sees("只能上传 PDF 文件")
        archive.full, archive.down = False, True
        await device.press("add-papers")
        await device.sees("没有收到回应")
        archive.down = False
        await device.press("add-papers")
        await device.sees("新.pdf")
        assert device.named("add-papers") is None  # no more than two
        await device.press(f"drop-{OLD['id']}")
        await device.press("save-member")

        await device.sees("已保存")
        assert archive.inputs[-1]["fields"] == {"papers": [NEW]}
        path, content = archive.carried[-1]
        told = parse_qs(urlsplit(path).query)
        assert (told["key"], told["member"]) == (["papers"], [archive.known["id"]])
        assert content == b"%PDF-new"
        device.close()

    asyncio.run(play())


def test_a_file_that_is_too_large_is_not_sent_and_a_kept_one_can_be_saved() -> None:
    async def play() -> None:
        archive = Archive()
        device = await looking(archive, "profile")
        device.wire.services["save_file"] = None
        await device.press(f"file-{OLD['id']}")
        await device.until(lambda: bool(device.wire.called), "saved")
        (_, saved) = device.wire.called[0]
        assert (saved["file_name"], saved["src_bytes"]) == ("旧.pdf", b"%PDF-old")
        await device.press("member-action")
        large = [{"id": 1, "name": "x.pdf", "size": 200_000, "bytes": b"x"}]
        device.wire.services["pick_files"] = large
        await device.press("add-papers")
        await device.sees("文件最大 97 KB")
        assert [content for _, content in archive.carried] == [None]
        device.close()

    asyncio.run(play())


def test_a_signature_is_drawn_below_its_words() -> None:
    async def play() -> None:
        archive = Archive()
        device = await editing(archive)
        assert device.says("尚未签名")
        await device.press("sign-consent")
        await device.sees("我同意做皮试")
        await device.press("accept-consent")  # nothing is drawn: nothing happens
        assert device.named("pad-consent") is not None
        await device.draw("pad-consent", [(1, 1)])
        await device.press("clear-consent")
        await device.draw("pad-consent", [(5, 5), (50, 60), (400, -8)], [(7, 7), (8, 9)])
        await device.press("accept-consent")
        await device.sees("已签，保存后生效")
        await device.press("save-member")

        await device.sees("已保存")
        assert archive.inputs[-1]["fields"]["consent"] == {
            "version": 4, "language": "zh", "width": 300, "height": 150,
            "strokes": [[[5, 5], [50, 60], [300, 0]], [[7, 7], [8, 9]]],
        }  # fmt: skip
        device.close()

    asyncio.run(play())


def test_a_signature_is_shown_with_its_words() -> None:
    async def play() -> None:
        archive = Archive()
        outline = {"signed_at": "2026-11-21T18:00:00+00:00", "staff_id": MEMBER, "language": "zh"}
        archive.known["fields"] = [{"key": "consent", "value": outline}]
        device = await looking(archive, "profile")
        await device.sees("2026-11-22 已签")
        assert archive.inputs == []
        await device.press("signature-consent")
        await device.sees("我同意做皮试")
        assert archive.inputs[-1] == {"memberId": archive.known["id"], "key": "consent"}
        device.close()

    asyncio.run(play())


def test_a_place_is_typed_or_taken_from_the_device_and_needs_consent() -> None:
    async def play() -> None:
        archive = Archive()
        device = await editing(archive)
        await device.type("field-home", "somewhere")
        await device.sees("请输入纬度和经度")
        await device.press("here-home")
        await device.sees("本机没有给出位置")
        assert device.named("agrees-location") is None
        device.wire.services["get_current_position"] = {
            "latitude": 31.2, "longitude": 121.5, "accuracy": 15.4,
        }  # fmt: skip
        await device.press("here-home")
        await device.type("field-home-label", "公司")
        await device.tick("agrees-location")
        await device.press("save-member")

        await device.sees("已保存")
        sent = archive.inputs[-1]
        assert sent["fields"]["home"] == {
            "latitude": 31.2, "longitude": 121.5, "accuracy_m": 15, "label": "公司",
        }  # fmt: skip
        (consent,) = sent["consents"]
        assert (consent["purpose"], consent["granted"]) == ("LOCATION", True)
        device.close()

    asyncio.run(play())


def test_a_note_has_the_fields_of_notes() -> None:
    async def play() -> None:
        archive = Archive()
        device = await looking(archive, "contacts")
        await device.press("member-action")
        content = [{"id": 1, "name": "新.pdf", "size": 8, "bytes": b"%PDF-new"}]
        device.wire.services["pick_files"] = content
        await device.press("add-scan")
        await device.sees("新.pdf")
        await device.type("note-text", "量了尺寸")
        await device.press("save-note")

        await device.until(lambda: bool(archive.inputs))
        sent = archive.inputs[-1]
        assert sent["fields"] == {"scan": [NEW]}
        told = parse_qs(urlsplit(archive.carried[-1][0]).query)
        assert (told["subject"], told["owner"]) == (["contact"], [sent["id"]])
        device.close()

    asyncio.run(play())


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("31.23, 121.47", {"latitude": 31.23, "longitude": 121.47}),
        ("-33.9，18.4", {"latitude": -33.9, "longitude": 18.4}),
        ("31.23", None),
        ("91, 10", None),
        ("a, b", None),
    ],
)
def test_degrees_as_people_type_them(text: str, place: dict[str, float] | None) -> None:
    assert parsed(text) == place


def test_a_signature_of_a_larger_box_is_drawn_smaller() -> None:
    strokes = [[[0, 0], [600, 1_500]]]
    assert fitting({"width": 600, "height": 1_500, "strokes": strokes}) == [[[0, 0], [60, 150]]]
    small = {"width": 100, "height": 50, "strokes": [[[100, 50]]]}
    assert fitting(small) == [[[100, 50]]]
