"""A receipt on paper and as a picture, from the till in a browser; what a manager finds in More."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from tests.e2e.browser import Phone
from tests.e2e.chain import Chain, fresh
from tests.e2e.steps import pay

PORTS = range(9100, 9110)


class Printer:
    """Takes jobs as a network printer does; the stack lets printers be on this machine."""

    def __init__(self) -> None:
        self.jobs: list[bytes] = []
        self.socket = _listening()
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as sent:
                self.jobs.append(sent.read())


def _listening() -> socket.socket:
    for port in PORTS:
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:
            continue
    raise AssertionError("no port of a printer is free")


@pytest.fixture
def printer(chain: Chain) -> Iterator[Printer]:
    made = Printer()
    chain.change(
        "savePrinter", "printer { version }", id=fresh(), storeId=chain.store,
        address="127.0.0.1", port=made.port, drawer=True,
    )  # fmt: skip
    yield made
    made.socket.close()


def test_a_receipt_is_printed_and_shared(
    clerk: Callable[[], Phone], chain: Chain, printer: Printer, tmp_path: Path
) -> None:
    phone = clerk()
    phone.scan(chain.dress.ean)
    phone.sees("收款 ¥268.20")
    phone.picture("49-scan-or-camera")
    pay(phone)
    number = chain.orders()[0]["receiptNumber"]

    phone.press("print-receipt")
    phone.sees("已送到打印机")
    [job] = printer.jobs
    for said in (chain.dress.name, "合计", "￥268.20", number):
        assert said.encode("gb18030") in job, said

    phone.press("share-receipt")
    phone.sees("图上注明是第 1 次补打件")
    phone.picture("50-receipt-picture")
    with phone.page.expect_download() as download:  # what a browser does that shares no files
        phone.press("share")
    download.value.save_as(tmp_path / "receipt.png")
    [code] = zxingcpp.read_barcodes(Image.open(tmp_path / "receipt.png").convert("L"))
    assert code.text == number

    phone.press("back")
    phone.press("next-sale")
    phone.scan(code.text)
    phone.sees(number, within="order-head")
    phone.picture("51-order-with-receipt")
    assert phone.strayed == []


def test_a_manager_looks_at_performance_and_settings_and_hands_over(
    clerk: Callable[[], Phone], chain: Chain, printer: Printer
) -> None:
    phone = clerk()
    phone.press("tab-more")
    phone.press("performance")
    phone.sees("净销售额")
    phone.picture("54-performance")
    phone.press("back")
    phone.press("settings")
    phone.sees("127.0.0.1 · 本店")
    phone.picture("52-settings")
    phone.press("printer-test")
    phone.sees("已送到打印机")
    assert "打印测试".encode("gb18030") in printer.jobs[0]
    phone.press("back")
    phone.press("hand-over")
    phone.sees("交给谁？")
    phone.picture("53-hand-over")
