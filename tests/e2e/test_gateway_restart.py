"""The gateway goes and comes back while baskets are open, in the server way. It is a gateway of its
own, with an app of its own behind it, beside those of the stack: other tests go on meanwhile."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from infra import ports
from infra.processes import APP, GATEWAY, Process
from infra.stack import answers
from infra.state import ROOT
from tests.conftest import RunningStack
from tests.e2e import steps
from tests.e2e.browser import PHONE_ZH, TABLET_EN, Phone
from tests.e2e.chain import Chain
from tests.e2e.conftest import PICTURES, on_failure

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
def devices(
    browser: Browser, entrance: Entrance, request: pytest.FixtureRequest
) -> Iterator[list[Phone]]:
    """A phone that speaks Chinese, and a tablet that speaks English."""
    with ExitStack() as closing:
        made = []
        for variant in (PHONE_ZH, TABLET_EN):
            device = Phone(browser, entrance.origin, PICTURES, variant)
            closing.callback(device.close)
            made.append(device)
        with on_failure(request, partial(photograph, made)):
            yield made


def photograph(devices: list[Phone], folder: Path, name: str) -> None:
    for device in devices:
        device.photograph(folder, f"{name}-{device.variant}")


@pytest.mark.skipif("TEST_APP_URL" in os.environ, reason="the stack is not ours")
def test_baskets_and_sign_in_outlive_a_restart_of_the_gateway(
    devices: list[Phone], entrance: Entrance, chain: Chain
) -> None:
    for device in devices:
        steps.activate(device, chain)
        steps.sign_in(device, chain)
        device.scan(chain.scarf.ean)
        device.tells("take_payment", amount="¥89.10")
    before = chain.orders()

    entrance.kill(GATEWAY)
    for device, said in zip(devices, ("网络已断开", "No connection"), strict=True):
        lost = device.page.locator("#connection-lost")
        lost.wait_for(state="visible")
        assert said in lost.inner_text()
        device.picture(f"34-gateway-away-{device.variant}")
    entrance.start(GATEWAY)
    for device in devices:
        device.page.locator("#connection-lost").wait_for(state="detached")
        device.drawn()
        device.tells("take_payment", amount="¥89.10")

        steps.pay(device)
        assert device.strayed == []
    sold = [order for order in chain.orders() if order not in before]
    assert [(each["status"], each["totalMinor"]) for each in sold] == [("PLACED", "8910")] * 2
