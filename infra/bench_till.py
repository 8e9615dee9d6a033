"""The till in `./chainstitch bench --app`: how it opens in a browser, what it keeps how fast.

A headless Chromium with a storage of its own opens the till: for the first time, again, and
without the server; each time until the first screen can be used. Then 50,000 pieces are kept as a
price list and read again, by the till's own Python. Beside seconds by the clock stands the
processor time of the browser, which a busy machine spoils less.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from infra.browser import SWITCH_SEMANTICS_ON, launched
from infra.stack import Stack
from infra.wire import Wire

TIMES = 3
PIECES, IN_A_VALUE = 50_000, 500
PATIENCE_MILLISECONDS = 120_000
FIRST_SCREEN = '[flt-semantics-identifier="activation-code"]'
_KEPT = "() => navigator.serviceWorker.controller !== null"
_IN_PYTHON = "async (code) => (await (await self.till).python.runPythonAsync(code))"
_LIST = """
import json, time, till_device
from staff_app.browser.start import asker
from staff_app.browser.storage import VaultStorage

storage = VaultStorage(asker(till_device.vault), True)
await storage.unlock("bench", "1234", "a" * 43 + "=")
def piece(n):
    return {
        "id": f"0190a000-0000-7000-8000-{n:012d}", "code": f"D{n // 12:05d}-{n % 12}",
        "ean": f"29{n:010d}0", "name": "真丝连衣裙", "colour": "酒红", "size": "M",
        "priceMinor": 29800 + n % 97 * 100, "available": n % 13,
    }
def values():
    for first in range(0, PIECES, IN_A_VALUE):
        yield f"bench.{first}", [piece(n) for n in range(first, first + IN_A_VALUE)]
ready = dict(values())
began = time.perf_counter()
await storage.write_all(ready)
written = time.perf_counter() - began
names = list(ready)
del ready
began = time.perf_counter()
read = await storage.read_all(names)
by_ean = {piece["ean"]: piece for some in read.values() for piece in some}
opened = time.perf_counter() - began
assert len(by_ean) == PIECES
began = time.perf_counter()
changed = await storage.read(names[7])
await storage.write(names[7], changed)
one = time.perf_counter() - began
await storage.write_all(dict.fromkeys(names))
await storage.lock()
json.dumps({"write_seconds": written, "open_seconds": opened, "one_value_seconds": one})
"""


def run(stack: Stack, tell: Callable[[str], None]) -> dict[str, Any]:
    """Median seconds of some loads, and of the price list."""
    target = stack.status()["urls"]["till"]
    first, again, alone = Loads(), Loads(), Loads()
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        wire = Wire(target, Path(folder))
        wire.up()
        try:
            for number in range(TIMES):
                tell(f"the till, {number + 1} of {TIMES}")
                context = browser.new_context(viewport={"width": 390, "height": 844})
                # The names of controls are there once the semantics are, which a person does not
                # need: a little is measured too much.
                context.add_init_script(SWITCH_SEMANTICS_ON)
                page = context.new_page()
                first.add(page, wire.origin)
                page.wait_for_function(_KEPT, timeout=PATIENCE_MILLISECONDS)
                page.wait_for_timeout(2_000)
                for _ in range(TIMES):
                    again.add(page, wire.origin)
                wire.down()
                alone.add(page, wire.origin)
                wire.up()
                if number == TIMES - 1:
                    tell(f"a price list of {PIECES} pieces")
                    kept = _price_list(page)
                context.close()
        finally:
            wire.down()
    return {
        **first.told("till_first_load"),
        **again.told("till_again"),
        **alone.told("till_without_server"),
        **{f"price_list_{name}": round(value, 2) for name, value in kept.items()},
    }


class Loads:
    """Loads of one kind: seconds by the clock, and of processor time."""

    def __init__(self) -> None:
        self._seconds: list[float] = []
        self._cpu: list[float] = []

    def add(self, page: Any, origin: str) -> None:
        """From asking for the page until its first screen can be used."""
        before, began = _browser_cpu(), time.perf_counter()
        page.goto(f"{origin}/till/")
        page.locator(FIRST_SCREEN).wait_for(state="attached", timeout=PATIENCE_MILLISECONDS)
        page.locator("#loading").wait_for(state="detached", timeout=PATIENCE_MILLISECONDS)
        self._seconds.append(time.perf_counter() - began)
        after = _browser_cpu()
        self._cpu.append(sum(spent - before.get(key, 0.0) for key, spent in after.items()))

    def told(self, name: str) -> dict[str, float]:
        return {
            f"{name}_seconds": round(statistics.median(self._seconds), 2),
            f"{name}_slowest_seconds": round(max(self._seconds), 2),
            f"{name}_cpu_seconds": round(statistics.median(self._cpu), 2),
        }


def _browser_cpu() -> dict[tuple[int, float], float]:
    """Processor seconds so far of each process of the browser that this one has started. By
    process, since the page before ends while the next one loads, and takes its seconds along."""
    spent = {}
    for process in psutil.Process().children(recursive=True):
        try:
            if "chrom" in process.name().lower():
                times = process.cpu_times()
                spent[process.pid, process.create_time()] = times.user + times.system
        except psutil.Error:
            continue  # it has ended
    return spent


def _price_list(page: Any) -> dict[str, float]:
    code = f"PIECES, IN_A_VALUE = {PIECES}, {IN_A_VALUE}\n{_LIST}"
    told: dict[str, float] = json.loads(page.workers[0].evaluate(_IN_PYTHON, code))
    return told
