"""Receipts on paper and as pictures: Chinese right, columns straight, codes that can be scanned,
and no connection to anything but a printer in a store's network."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gateway import receipts
from gateway.receipt_paper import encoded, paper, rows_in_letters
from gateway.receipt_picture import draw, on_paper, png
from gateway.receipt_rows import Code, Facts, Part, Row, Rule, parts_of
from gateway.receipt_words import WORDS, Words
from shared.contracts.campaign import AppliedPromotion, PricedLine
from shared.contracts.directory import GetStaff, GetStores, StaffList, Stores
from shared.contracts.directory.printers import ListPrinters, Printer, Printers
from shared.contracts.order import Balances, Order, Tender
from shared.contracts.order.receipts import IssueReceipt, ReceiptIssue
from shared.contracts.order.returns import Refund, ReturnedLine, ReturnReceipt
from shared.errors import Refusal
from shared.seal import Role
from shared.settings import PrinterSettings
from staff_app.codes import what_is
from tests.gateway.conftest import FakeRpc, ask
from tests.gateway.test_requests import STORE

AT = datetime(2026, 3, 1, 6, 5, tzinfo=UTC)
NUMBER = "S001-D1-000001"
ID = UUID(int=7)
ZH, EN = Words("zh"), Words("en")


def line(name: str, quantity: int, net: int) -> PricedLine:
    return PricedLine(
        line=1, sku_id=ID, style_id=ID, sku_code="S-1", name=name, category="裙装", colour="酒红",
        size="M", quantity=quantity, unit_list_minor=net // quantity, list_minor=net,
        discount_minor=0, net_minor=net, tax_basis_points=1300, tax_minor=0,
    )  # fmt: skip


def sale(**changes: Any) -> Order:
    values: dict[str, Any] = {
        "id": ID, "status": "placed", "receipt_number": NUMBER, "store_id": STORE.id,
        "legal_entity": "公司", "device_id": None, "shift_id": None, "staff_id": ID,
        "member_id": ID, "channel": "store", "business_date": date(2026, 3, 1), "placed_at": AT,
        "currency": "CNY", "lines": [line("真丝连衣裙", 2, 59_600)], "list_minor": 59_600,
        "discount_minor": 5_960, "total_minor": 53_640, "tax_minor": 6_171,
        "tenders": [Tender(kind="cash", amount_minor=53_640, given_minor=60_000)],
        "change_minor": 6_360,
        "promotions": [AppliedPromotion(promotion_id=ID, version=1, name_zh="全场九折",
                                        name_en="10% off", discount_minor=5_960)],
        "tier": None, "points_expected": 536, "fact": False,
        "balances": Balances(points=1_200, wallet_principal_minor=4_000, wallet_bonus_minor=1_000),
    }  # fmt: skip
    return Order(**(values | changes))


def back() -> ReturnReceipt:
    return ReturnReceipt(
        id=ID, number=1, receipt_number="S001-D1-000002", order_id=ID, store_id=STORE.id,
        order_receipt_number=NUMBER, legal_entity="公司", device_id=None, staff_id=ID,
        member_id=ID, business_date=date(2026, 3, 1), returned_at=AT, currency="CNY",
        refund_minor=29_800, tax_minor=0, points_taken=298, reason="x", rule_version=None,
        exchange_order_id=None,
        lines=[ReturnedLine(line=1, sku_id=ID, name="真丝连衣裙", colour="酒红", size="M",
                            quantity=1, condition="damaged", refund_minor=29_800, tax_minor=0)],
        refunds=[Refund(position=0, kind="cash", amount_minor=29_800)],
    )  # fmt: skip


def issued(copy: int = 0, **document: Any) -> ReceiptIssue:
    document = document or {"order": sale()}
    return ReceiptIssue(id=ID, copy=copy, way="print", issued_at=AT, **document)


def said(parts: list[Part]) -> list[str]:
    return [f"{p.left}|{p.right}" if p.right else p.left for p in parts if isinstance(p, Row)]


def test_a_sale_says_what_was_sold_paid_and_is_left() -> None:
    rows = said(parts_of(issued(), Facts(STORE, "1001"), ZH))

    assert rows == [
        "一店", "公司", f"小票号|{NUMBER}", "时间|2026-03-01 14:05", "导购|1001",
        "真丝连衣裙 酒红 M", "  2 × ¥298.00|¥596.00", "全场九折|-¥59.60", "合计|¥536.40",
        "其中税额|¥61.71", "现金|¥536.40", "实收|¥600.00", "找零|¥63.60", "本单积分|+536",
        "积分余额|1,736", "储值余额|¥50.00", NUMBER, "退换货请出示此小票", "谢谢惠顾",
    ]  # fmt: skip


def test_a_copy_a_voided_sale_and_a_return_say_what_they_are() -> None:
    voided = said(parts_of(issued(3, order=sale(status="voided")), Facts(STORE), EN))
    assert "COPY · number 3" in voided
    assert "THIS SALE WAS CANCELLED" in voided
    assert "10% off|-¥59.60" in voided
    returned = parts_of(issued(return_receipt=back()), Facts(STORE, "", (902, 5_000)), ZH)
    rows = said(returned)
    assert "退货单" in rows
    for row in ("  1 破损|-¥298.00", "退回现金|¥298.00", "扣回积分|-298", "积分余额|902"):
        assert row in rows, row
    assert Code(NUMBER) in returned  # the sale's: it is what can come back again


def test_what_the_till_scans_is_a_receipt() -> None:
    for parts, picture in (
        (parts_of(issued(), Facts(STORE), ZH), png),
        (parts_of(issued(), Facts(STORE), EN), png),
    ):
        [read] = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture(parts))).convert("L"))
        assert read.text == NUMBER
        assert what_is(read.text) == "receipt"
    for dots in (384, 576):
        drawn = draw([Code(NUMBER)], on_paper(dots)).convert("L")
        assert zxingcpp.read_barcodes(drawn)[0].text == NUMBER


def test_a_picture_is_wide_enough_small_and_never_clipped() -> None:
    long = Row("很长的名字" * 30, "¥1,299.00")
    drawn = draw([long], on_paper(384))
    made = png(parts_of(issued(order=sale(lines=[line("裙", 1, 1)] * 40)), Facts(STORE), ZH))
    opened = Image.open(io.BytesIO(made))

    assert drawn.height > 10 * 24  # over several lines
    assert drawn.crop((383, 0, 384, drawn.height)).getextrema() == ((255, 255),) * 3
    assert opened.width == 720
    assert opened.height > 40 * 60
    assert len(made) < 200_000
    assert len(opened.convert("RGB").getcolors(1 << 16) or []) <= 16


@pytest.mark.parametrize("columns", [32, 48])
def test_amounts_stand_at_the_edge_of_the_paper(columns: int) -> None:
    for left in ("现金", "Cash", "一件名字非常非常长的羊绒混纺双面呢大衣加厚保暖冬季"):
        lines = rows_in_letters(Row(left, "¥1,299.00"), columns)
        assert lines is not None
        assert all(len(each) <= columns for each in lines)
        assert len(lines[-1]) == columns
        assert lines[-1].endswith("￥1,299.00".encode("gb18030"))


@given(st.text(max_size=80), st.from_regex("-?¥[0-9,]{1,12}\\.[0-9]{2}", fullmatch=True))
def test_no_row_is_wider_than_the_paper_and_none_loses_a_letter(left: str, right: str) -> None:
    lines = rows_in_letters(Row(left, right), 32)
    if lines is None:
        assert encoded(left) is None
        return
    printed = b"".join(lines).replace(b" ", b"")
    assert max(map(len, lines)) <= 32
    assert printed == ((encoded(left) or b"") + (encoded(right) or b"")).replace(b" ", b"")
    assert len(lines[-1]) == 32


def test_chinese_is_sent_as_gb18030_and_what_printers_lack_as_a_picture() -> None:
    plain = paper([Row("静安店"), Rule()], "mm80", "gb18030", False)
    rare = paper([Row("𠮷野家"), Row("静安店")], "mm80", "gb18030", False)
    picture = paper([Row("静安店")], "mm58", "picture", False)

    chinese, raster = "静安店".encode("gb18030"), b"\x1dv0\x00"
    assert plain.startswith(b"\x1b@\x1c&")
    assert chinese in plain
    assert b"-" * 48 in plain
    assert raster not in plain
    assert raster in rare
    assert chinese in rare
    assert raster in picture
    assert chinese not in picture
    assert plain.endswith(b"\x1dV\x00")
    assert picture.endswith(b"\x1dV\x00")


def test_the_drawer_opens_before_the_paper_comes() -> None:
    opened, shut = (paper([Row("x")], "mm80", "gb18030", drawer) for drawer in (True, False))
    assert opened.index(b"\x1bp") < opened.index(b"x\n")
    assert b"\x1bp" not in shut


def test_every_word_is_there_in_both_languages() -> None:
    assert all(zh and en for zh, en in WORDS.values())


@pytest.mark.parametrize(
    ("address", "reached"),
    [
        ("192.168.1.50", True), ("10.0.0.9", True), ("172.31.255.1", True), ("fd12::9", True),
        ("127.0.0.1", False), ("169.254.169.254", False), ("8.8.8.8", False), ("::1", False),
        ("172.32.0.1", False), ("0.0.0.0", False), ("printer.local", False), ("", False),
        ("::ffff:10.0.0.1", False), ("10.0.0.1:80", False), ("0x0a000001", False),
    ],
)  # fmt: skip
def test_printers_are_in_the_stores_own_networks(address: str, reached: bool) -> None:
    assert PrinterSettings().reaches(address) is reached


# Through the API, to a printer that is a socket of this machine.

pytestmark = pytest.mark.anyio
PRINT = """mutation($input: PrintReceiptInput!) { printReceipt(input: $input) {
    copy refusal { code } } }"""
SHARE = """mutation($input: ShareReceiptInput!) { shareReceipt(input: $input) {
    copy png refusal { code } } }"""


class Socket:
    """Takes what is sent to it, a job a connection."""

    def __init__(self) -> None:
        self.jobs: list[bytes] = []
        self.printed = asyncio.Event()

    async def start(self) -> None:
        self.server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.jobs.append(await reader.read())
        writer.close()
        self.printed.set()


@pytest.fixture
async def socket(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Socket]:
    monkeypatch.setenv("PRINTER_NETWORKS", "127.0.0.0/8")
    receipts.printing.cache_clear()
    made = Socket()
    await made.start()
    yield made
    made.server.close()
    receipts.printing.cache_clear()


def printer(port: int, **changes: Any) -> Printer:
    values: dict[str, Any] = {
        "store_id": STORE.id, "device_id": None, "version": 1, "address": "127.0.0.1",
        "port": port, "paper": "mm80", "characters": "gb18030", "drawer": True, "author_id": ID,
        "valid_from": AT,
    }  # fmt: skip
    return Printer(**(values | changes))


def shop(rpc: FakeRpc, *printers: Printer, copy: int = 0) -> None:
    def issue(command: IssueReceipt) -> ReceiptIssue:
        return msgspec.structs.replace(issued(copy), id=command.id, way=command.way)

    rpc.answers = {
        ListPrinters: Printers(items=list(printers)), IssueReceipt: issue,
        GetStores: Stores(items=[STORE]), GetStaff: StaffList(items=[]),
    }  # fmt: skip


async def put_out(
    client: httpx.AsyncClient, token: Callable[..., str], document: str = PRINT, **more: Any
) -> Any:
    given = {"id": str(uuid4()), "orderId": str(ID)} | more
    if document is PRINT:
        given["storeId"] = str(STORE.id)
    answer = await ask(client, document, token(Role.ASSOCIATE), input=given)
    return next(iter(answer["data"].values()))


async def test_a_receipt_comes_out_of_the_printer(
    client: httpx.AsyncClient, rpc: FakeRpc, token: Callable[..., str], socket: Socket
) -> None:
    shop(rpc, printer(socket.port))
    answer = await put_out(client, token)
    await socket.printed.wait()

    assert answer == {"copy": 0, "refusal": None}
    [job] = socket.jobs
    assert "合计".encode("gb18030") in job
    assert b"\x1bp" in job  # cash was taken
    asked = [type(command) for command in rpc.asked]
    assert asked[:2] == [ListPrinters, IssueReceipt]


async def test_a_copy_leaves_the_drawer_shut(
    client: httpx.AsyncClient, rpc: FakeRpc, token: Callable[..., str], socket: Socket
) -> None:
    shop(rpc, printer(socket.port), copy=1)
    answer = await put_out(client, token, language="en")
    await socket.printed.wait()

    assert answer["copy"] == 1
    assert b"COPY - number 1" in socket.jobs[0]
    assert b"\x1bp" not in socket.jobs[0]


async def test_no_printer_and_a_dead_one_are_said(
    client: httpx.AsyncClient, rpc: FakeRpc, token: Callable[..., str], socket: Socket
) -> None:
    shop(rpc)
    assert (await put_out(client, token))["refusal"] == {"code": "NO_PRINTER"}
    assert IssueReceipt not in map(type, rpc.asked)  # nothing went out, nothing is logged
    socket.server.close()
    await socket.server.wait_closed()
    shop(rpc, printer(socket.port))
    assert (await put_out(client, token))["refusal"] == {"code": "PRINTER_UNREACHABLE"}


async def test_no_connection_leaves_the_stores_networks(socket: Socket) -> None:
    with pytest.raises(Refusal, match="PRINTER_ADDRESS"):
        await receipts.printing().send(printer(socket.port, address="10.0.0.9"), b"x")
    assert socket.jobs == []


async def test_a_picture_is_shared_in_the_callers_name(
    client: httpx.AsyncClient, rpc: FakeRpc, token: Callable[..., str]
) -> None:
    shop(rpc)
    answer = await put_out(client, token, SHARE)

    picture = Image.open(io.BytesIO(base64.b64decode(answer["png"])))
    assert (answer["copy"], picture.format) == (0, "PNG")
    assert [c.way for c in rpc.asked if isinstance(c, IssueReceipt)] == ["share"]
    assert all(caller is not None for caller in rpc.callers)
