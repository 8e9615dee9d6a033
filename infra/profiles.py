"""Where the time of a sale goes: processor time by what the processes were doing, and the wall time
of one sale by who was waited for.

A process notes its stacks (`shared/profiling.py`). Each is counted twice. By category: that of the
innermost frame that has one. The standard library has none, so hashing, say, belongs to whoever
asked for it; an event loop and its sockets come last, so that a wait belongs to whoever waits, and
the loop keeps what nobody asked for. And on behalf of whom: the innermost function of a capability,
with all the libraries below it. The first says what runs, the second who has it run.

Shares are of samples; milliseconds are these shares of the processor time the kernel has counted.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from infra import processes
from infra.failure import Failure
from infra.figures import Figures
from infra.stack import Stack
from shared.profiling import BEGIN, END

SQL, AMQP, HTTP = "psycopg, waiting for SQL", "AMQP", "HTTP"
GRAPHQL, JSON, TELEMETRY = "GraphQL", "msgspec, JSON", "telemetry"
LOOP, OTHER = "eventlet, asyncio", "other"
CATEGORIES = {
    "sqlalchemy": "SQLAlchemy",
    **dict.fromkeys(("psycopg", "shared.green:_wait"), SQL),
    **dict.fromkeys(
        ("amqp", "kombu", "nameko", "vine", "aio_pika", "aiormq", "pamqp", "shared.broker"), AMQP
    ),
    **dict.fromkeys(("graphql", "graphene", "graphql_server", "aiodataloader"), GRAPHQL),
    **dict.fromkeys(("msgspec", "json", "shared.contracts"), JSON),
    **dict.fromkeys(("starlette", "uvicorn.protocols", "uvicorn.middleware", "h11"), HTTP),
    **dict.fromkeys(("prometheus_client", "structlog", "logging", "shared.telemetry"), TELEMETRY),
    **dict.fromkeys(("eventlet", "greenlet", "asyncio", "uvicorn", "shared.green"), LOOP),
}
CAPABILITIES, OWN = ("services", "gateway"), ("services", "gateway", "shared")
WRITTEN_SECONDS = 10
LEAST_SHARE = 0.01
"""What is less is shown together."""

Sorting = Callable[[str], str]


@dataclass(frozen=True)
class Profile:
    """Stacks by process, and the milliseconds of processor time that each process spent a sale."""

    stacks: Mapping[str, Counter[str]]
    cpu_ms: Mapping[str, float]

    def split(self, process: str, sorting: Sorting) -> dict[str, float]:
        """Milliseconds a sale, the most first."""
        sorted_: Counter[str] = Counter()
        for stack, count in self.stacks[process].items():
            sorted_[sorting(stack)] += count
        each = self.cpu_ms[process] / max(sorted_.total(), 1)
        return {name: round(count * each, 3) for name, count in sorted_.most_common()}

    def result(self) -> dict[str, Any]:
        return {
            process: {
                "cpu_ms_per_sale": round(self.cpu_ms[process], 3),
                "samples": self.stacks[process].total(),
                "by_category": self.split(process, category),
                "on_behalf_of": self.split(process, on_behalf_of),
            }
            for process in sorted(self.stacks, key=self.cpu_ms.__getitem__, reverse=True)
        }


class Sampling:
    """The services and the gateway of a stack, noting their stacks from `begin` to `end`."""

    def __init__(self, stack: Stack) -> None:
        folder = stack.environment().get("PROFILE_FOLDER")
        if folder is None:
            raise Failure("this stack was started by an older version: ./chainstitch up")
        self._stack = stack
        own = (*processes.SERVICES, processes.GATEWAY)
        self._files = {each.name: Path(folder) / f"{each.name}.folded" for each in own}

    def begin(self) -> None:
        for path in self._files.values():
            path.unlink(missing_ok=True)
        self._signal(BEGIN)

    def end(self) -> dict[str, Counter[str]]:
        """The stacks of each process and how often it was in them."""
        self._signal(END)
        until = time.monotonic() + WRITTEN_SECONDS
        while missing := [name for name, path in self._files.items() if not path.exists()]:
            if time.monotonic() > until:
                raise Failure(f"no profile of {', '.join(missing)}: ./chainstitch logs")
            time.sleep(0.05)
        return {name: _read(path) for name, path in self._files.items()}

    def _signal(self, number: int) -> None:
        known = self._stack.supervisor.processes()
        for name in self._files:
            os.kill(int(known[name]["pid"]), number)


def category(stack: str) -> str:
    """What a process does with this stack."""
    found = [_category_of_frame(frame) for frame in reversed(stack.split(";"))]
    named = (name for name in found if name not in (None, LOOP))
    return next(named, LOOP if LOOP in found else OTHER)


def on_behalf_of(stack: str) -> str:
    """The innermost function of a capability; where there is none, of ours; or else the loop."""
    frames = [frame for frame in reversed(stack.split(";")) if not frame.startswith("shared.green")]
    ours = (frame for own in (CAPABILITIES, OWN) for frame in frames if frame.startswith(own))
    return next(ours, category(stack))


def waited(latencies: list[float], spent: Figures) -> dict[str, float]:
    """Mean milliseconds of a sale at its client, and of every operation that each sale waits for:
    one is within the other, or beside it."""
    sales = len(latencies)
    means = {
        name: 1000 * spent.seconds[name] / times
        for name, times in spent.times.items()
        if times >= sales / 2
    }
    means["client"] = 1000 * sum(latencies) / sales
    return {name: round(ms, 2) for name, ms in sorted(means.items(), key=lambda each: -each[1])}


def show(console: Console, profile: Mapping[str, Any], wall: Mapping[str, float]) -> None:
    for process, told in profile.items():
        whole = told["cpu_ms_per_sale"]
        console.print(f"\n[bold]{process}[/bold]: {whole:.2f} ms of processor time a sale")
        behalf = Column("on behalf of", overflow="fold")
        table = Table("what runs", "share", "ms", behalf, "share", "ms", box=None)
        left, right = (
            [*_rows(told[split], whole, f"services.{process}.")]
            for split in ("by_category", "on_behalf_of")
        )
        for pair in zip_longest(left, right, fillvalue=("", "", "")):
            table.add_row(*pair[0], *pair[1])
        console.print(table)
    console.print("\none sale alone, from asking to having the answer")
    table = Table("where", "mean ms", box=None)
    for name, ms in wall.items():
        table.add_row(name, f"{ms:.2f}")
    console.print(table)


def _rows(split: Mapping[str, float], whole: float, own: str) -> Iterator[tuple[str, str, str]]:
    small = 0.0
    for name, ms in split.items():
        if ms < LEAST_SHARE * whole:
            small += ms
        else:
            yield name.removeprefix(own), f"{ms / whole:.0%}", f"{ms:.2f}"
    if small:
        yield "less each", f"{small / whole:.0%}", f"{small:.2f}"


def _category_of_frame(frame: str) -> str | None:
    module = frame.partition(":")[0]
    for name in (frame, *_packages(module)):
        if name in CATEGORIES:
            return CATEGORIES[name]
    return module if module.startswith(OWN) else None


def _packages(module: str) -> list[str]:
    """A module and the packages that it is in, innermost first."""
    parts = module.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 0, -1)]


def _read(path: Path) -> Counter[str]:
    lines = (line.rpartition(" ") for line in path.read_text().splitlines())
    return Counter({stack: int(count) for stack, _, count in lines})
