"""The gateway goes and comes back while a basket is open, in the server way. It is a gateway of its
own, with an app of its own behind it, beside those of the stack: other tests go on meanwhile."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from infra import ports
from infra.processes import APP, GATEWAY, Process
from infra.stack import answers
from infra.state import ROOT
from tests.conftest import RunningStack
from tests.e2e import steps
from tests.e2e.browser import Phone
from tests.e2e.chain import Chain
from tests.e2e.conftest import PHONE, PICTURES, on_failure

START_SECONDS = 60


class Entrance:
    """One more gateway and app in front of the stack's services."""

    def __init__(self, stack: RunningStack, folder: Path) -> None:
        self._ports = {GATEWAY.name: ports.pick()}
        self._ports[APP.name] = ports.pick(self._ports.values())
        self.origin = f"http://127.0.0.1:{self._ports[GATEWAY.name]}"
        self._environment = {
            **os.environ,
            **stack.environment,
            "GATEWAY_URL": self.origin,
            "APP_URL": f"http://127.0.0.1:{self._ports[APP.name]}",
        }
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, process: Process) -> None:
        with (self._folder / f"{process.name}.log").open("ab") as log:
            self._running[process.name] = subprocess.Popen(
                [sys.executable, "-m", *process.module],
                cwd=ROOT,
                env={**self._environment, **process.environment(self._ports)},
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + START_SECONDS
        while not answers(process.health_url(self._ports)):
            assert time.monotonic() < until, f"{process.name} does not start"
            time.sleep(0.1)

    def kill(self, process: Process) -> None:
        ending = self._running.pop(process.name)
        ending.kill()
        ending.wait()

    def close(self) -> None:
        for process in (GATEWAY, APP):
            if process.name in self._running:
                self.kill(process)


@pytest.fixture
def entrance(stack: RunningStack, tmp_path: Path) -> Iterator[Entrance]:
    made = Entrance(stack, tmp_path)
    try:
        for process in (GATEWAY, APP):
            made.start(process)
        yield made
    finally:
        made.close()


@pytest.fixture
def phone(browser: Browser, entrance: Entrance, request: pytest.FixtureRequest) -> Iterator[Phone]:
    made = Phone(browser, entrance.origin, PICTURES, PHONE)
    with on_failure(request, made.photograph):
        yield made
    made.close()


@pytest.mark.skipif("TEST_APP_URL" in os.environ, reason="the stack is not ours")
def test_basket_and_sign_in_outlive_a_restart_of_the_gateway(
    phone: Phone, entrance: Entrance, chain: Chain
) -> None:
    steps.activate(phone, chain)
    steps.sign_in(phone, chain)
    phone.scan(chain.scarf.ean)
    phone.sees("收款 ¥89.10")
    before = chain.orders()

    entrance.kill(GATEWAY)
    lost = phone.page.locator("#connection-lost")
    lost.wait_for(state="visible")
    assert "网络已断开" in lost.inner_text()
    phone.picture("34-gateway-away")
    entrance.start(GATEWAY)
    lost.wait_for(state="detached")
    phone.drawn()
    phone.sees("收款 ¥89.10")

    steps.pay(phone)
    [sold] = [order for order in chain.orders() if order not in before]
    assert (sold["status"], sold["totalMinor"]) == ("PLACED", "8910")
    assert phone.strayed == []
