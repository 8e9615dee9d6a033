"""How fast members of an old system come in: a generated file through the running stack's gateway.

    python -m infra.importing 20000

Prints members per second of the upload, the dry run and the run (with the ledger's part of it), the
processor time of each process, and the memory of the processes before, at most and after. The file
has what such files have: name, phone, gender, birthday, city, tag, consent to marketing, points and
money.
"""

import argparse
import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from infra import figures, trial
from infra.api import Api
from infra.demo import words
from infra.failure import Failure
from infra.quiet import wait_until_quiet
from infra.stack import Stack

TITLES = "姓名 手机号 性别 生日 城市 标签 营销同意 积分 储值余额 赠金"
TARGETS = (
    "name", "phone", "gender", "birthday", "city", "tags", "marketing", "points", "principal",
    "bonus",
)  # fmt: skip
LINES_AT_ONCE = 1_000
PAUSE_SECONDS = 0.2
QUIET_SECONDS = 600
WATCHED = ("member", "loyalty", "gateway")
STATE = """query($id: ID!) { memberImport(id: $id) {
    state rows faulty created } }"""
Memory = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("members", type=int)
    asyncio.run(_measure(Stack(), parser.parse_args().members))


async def _measure(stack: Stack, members: int) -> None:
    environment = stack.environment()
    if not environment:
        raise Failure("there is no stack yet: ./chainstitch up")
    async with AsyncExitStack() as closing:
        hq = await trial.head_office(environment, closing)
        (store,) = await trial.make_stores(hq, "importing", ["1"])
        await trial.settled(environment)
        await bring(stack, hq, store, members, print)


async def bring(
    stack: Stack, hq: Api, store: str, members: int, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Upload, check and run a file of so many members: members a second of each step, milliseconds
    of processor time a member by process, megabytes of memory before, at most and after."""
    import_id = str(uuid4())
    before, most = _memory(stack), _memory(stack)
    begun = figures.read(stack)
    rates: dict[str, float] = {}
    began = time.monotonic()

    def done(step: str) -> None:
        seconds = time.monotonic() - began
        rates[step] = round(members / seconds, 1)
        tell(f"{step:20} {members} in {seconds:.1f} s: {members / seconds:,.0f}/s")

    written = File(members)
    answer = await hq.send("POST", f"/imports/{import_id}", written.lines(), name="old.csv")
    answer.raise_for_status()
    done("upload")
    plan = {
        "id": import_id,
        "mapping": [{"column": n, "target": target} for n, target in enumerate(TARGETS)],
        "storeId": store,
        "noticeVersion": "2026-01",
        "control": written.totals(),
    }
    began = time.monotonic()
    await hq.change("checkImport", "memberImport { id }", **plan)
    checked = await _arrived(stack, hq, import_id, "CHECKED", most)
    done("dry run")
    if checked["faulty"]:
        raise Failure(f"{checked['faulty']} of the generated rows are faulty")
    began = time.monotonic()
    await hq.change("startImport", "memberImport { id }", id=import_id)
    await _arrived(stack, hq, import_id, "FINISHED", most)
    done("run, booked")
    quiet = await asyncio.to_thread(wait_until_quiet, stack.environment(), QUIET_SECONDS)
    done("heard by all" if quiet else "not heard by all yet")
    spent = figures.read(stack).since(begun).cpu_seconds
    cost = {name: round(1000 * each / members, 3) for name, each in spent.items() if each}
    tell(f"ms of CPU a member: {cost}, {sum(cost.values()):.2f} in all")
    after = _memory(stack)
    memory = {name: [before[name], most[name], after[name]] for name in WATCHED}
    tell(f"MB before, most, after: {memory}")
    return {"per_second": rates, "cpu_ms": cost, "rss_mb": memory}


async def _arrived(
    stack: Stack, hq: Api, import_id: str, state: str, most: Memory
) -> dict[str, Any]:
    """The import once it is there; the memory is watched until then."""
    while True:
        found: dict[str, Any] = (await hq.ask(STATE, id=import_id))["memberImport"]
        for name, megabytes in (await asyncio.to_thread(_memory, stack)).items():
            most[name] = max(most[name], megabytes)
        if found["state"] == state:
            return found
        await asyncio.sleep(PAUSE_SECONDS)


class File:
    """A file of so many members, written piece by piece; every one has phones of its own."""

    def __init__(self, members: int) -> None:
        self._members = members
        # S311: what is drawn here guards nothing.
        self._draw = random.Random()
        self._points = self._principal = self._bonus = 0

    async def lines(self) -> AsyncIterator[bytes]:
        first = self._draw.randrange(10**9 - self._members)
        yield (TITLES.replace(" ", ",") + "\r\n").encode()
        for start in range(0, self._members, LINES_AT_ONCE):
            numbers = range(start, min(self._members, start + LINES_AT_ONCE))
            yield "".join(self._line(first + number) for number in numbers).encode()

    def totals(self) -> dict[str, Any]:
        """The control total of what has been written."""
        return {
            "pointsSum": str(self._points),
            "principalMinor": str(self._principal),
            "bonusMinor": str(self._bonus),
        }

    def _line(self, number: int) -> str:
        draw = self._draw
        born = date(1960, 1, 1) + timedelta(days=draw.randrange(16_000))
        points = draw.randrange(5_000)
        principal = draw.randrange(100_000) if draw.random() < 0.3 else 0
        bonus = 500 if draw.random() < 0.1 else 0
        self._points += points
        self._principal += principal
        self._bonus += bonus
        cells = (
            draw.choice(words.SURNAMES) + "".join(draw.choices(words.GIVEN_FEMALE, k=2)),
            f"13{number:09}",
            draw.choice("男女"),
            born.isoformat() if draw.random() < 0.7 else "",
            draw.choice(("上海", "杭州", "苏州", "成都", "")),
            draw.choice(("VIP", "", "")),
            draw.choice(("是", "否")),
            str(points),
            f"{principal / 100:.2f}" if principal else "",
            f"{bonus / 100:.2f}" if bonus else "",
        )
        return ",".join(cells) + "\r\n"


def _memory(stack: Stack) -> Memory:
    shown = stack.status()["processes"]
    return {name: float(shown[name]["rss_mb"] or 0) for name in WATCHED}


if __name__ == "__main__":
    main()
