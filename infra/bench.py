"""`./chainstitch bench`: what a sale costs, at 1, 4 and 16 in flight.

The sale: a known member, 3 lines, a promotion of 10%, from stock, paid in cash, through the
gateway. After each run it waits for the events, so that what a sale costs includes what follows it.
"""

import asyncio
import itertools
import json
import statistics
import time
from collections.abc import Awaitable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from infra import bench_members, figures, pgbench, profiles, trial
from infra.failure import Failure
from infra.figures import Figures
from infra.profiles import Profile, Sampling
from infra.selling import Sale, endless, place, sell
from infra.stack import Stack
from infra.trial import Plan

IN_FLIGHT = (1, 4, 16)
APART = 0
"""The run in which each sale waits until the events of the one before it are handled: there no two
share a transaction, so it counts the most that a sale costs in statements and messages."""
APART_SALES = 12
APART_SECONDS = 0.8
WARM_UP_SECONDS = 4
PLAN = Plan("bench", phones=19_100_000_000, stores=4, tills=4, pieces=40, members=200)
console = Console(stderr=True)


@dataclass(frozen=True)
class Run:
    """One run with so many sales in flight; latencies in seconds. `backlog_seconds` is how long
    events went on after the last sale."""

    seconds: float
    latencies: list[float]
    backlog_seconds: float
    spent: Figures

    @property
    def sales(self) -> int:
        return len(self.latencies)

    def per_sale(self, totals: Any) -> float:
        return float(sum(totals.values()) / self.sales)

    def cpu_ms(self) -> dict[str, float]:
        """Milliseconds of processor time a sale, by process; without the client's."""
        spent = self.spent.cpu_seconds
        return {name: 1000 * s / self.sales for name, s in spent.items() if name != "client"}

    def rate(self) -> float:
        return round(self.sales / self.seconds, 1)

    def shown(self) -> dict[str, float]:
        cuts = statistics.quantiles(self.latencies, n=100, method="inclusive")
        return {
            "per_second": self.rate(),
            **{f"p{n}_ms": round(1000 * cuts[n - 1], 1) for n in (50, 95, 99)},
        }


def command(
    seconds: Annotated[float, typer.Option(help="Length of each run.")] = 15,
    profile: Annotated[
        bool, typer.Option("--profile", help="One run more, to say where the time goes.")
    ] = False,
    members: Annotated[
        int | None,
        typer.Option(help="Instead: how a stack of its own goes with so many members in it."),
    ] = None,
    app: Annotated[
        bool, typer.Option("--app", help="Instead: how fast app and till are in a real browser.")
    ] = False,
    skus: Annotated[
        int | None, typer.Option(help="With --app: in a stack of its own that has so many.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Where a stack of its own stays, to be found again.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object as the last line.")
    ] = False,
) -> None:
    """Measure the sale: time, SQL statements, messages and processor time."""
    if members is not None:
        told = bench_members.run(members, keep, lambda step: console.print(step, markup=False))
        if as_json:
            print(json.dumps(told, ensure_ascii=False))
        return
    if app:
        from infra import bench_app  # it brings the driver of the browser with it

        told = bench_app.run(skus, keep, lambda step: console.print(step, markup=False))
        _tell_all(told, as_json)
        return
    stack = Stack()
    if not stack.status()["ready"]:
        raise Failure("the stack is not ready: ./chainstitch up")
    sampling = Sampling(stack) if profile else None
    with _progress() as progress:
        bar = progress.add_task("setting up", total=len(IN_FLIGHT) + 3 + profile)

        def tell(step: str) -> None:
            progress.update(bar, description=step)

        measuring = _measure(stack, seconds, sampling, tell, lambda: progress.advance(bar))
        runs, profiled = asyncio.run(measuring)
        tell("pgbench, the same rows")
        rows = pgbench.run(stack, IN_FLIGHT, seconds)
    result = _result(runs, rows)
    _show(result, runs)
    if profiled:
        result |= profiled
        profiles.show(console, profiled["profile"], profiled["wall_ms"])
    if as_json:
        print(json.dumps(result))


def _tell_all(result: dict[str, Any], as_json: bool) -> None:
    for name, value in result.items():
        console.print(f"{name:32} {value}", markup=False)
    if as_json:
        print(json.dumps(result))


async def _measure(
    stack: Stack, seconds: float, sampling: Sampling | None, tell: Any, advance: Any
) -> tuple[dict[int, Run], dict[str, Any]]:
    """The runs, by how many sales were in flight; and what the one with samples has shown."""
    async with AsyncExitStack() as closing:
        chain = await trial.set_up(stack.environment(), PLAN, closing, tell)
        sales = await endless(chain)
        tell("warming up")
        await sell(sales, 4, WARM_UP_SECONDS)
        await trial.settled(stack.environment())
        advance()
        runs = {}
        for in_flight in (APART, *IN_FLIGHT):
            tell(f"{in_flight} in flight" if in_flight else "one by one")
            selling = sell(sales, in_flight, seconds) if in_flight else _sell_apart(sales)
            runs[in_flight] = await _run(stack, selling)
            advance()
        if sampling is None:
            return runs, {}
        tell(f"{IN_FLIGHT[-1]} in flight, with samples")
        sampling.begin()
        sampled = await _run(stack, sell(sales, IN_FLIGHT[-1], seconds))
        profile = Profile(sampling.end(), sampled.cpu_ms())
        advance()
        alone = runs[IN_FLIGHT[0]]
        return runs, {
            "profile": profile.result(),
            "profiled_per_second": sampled.rate(),
            "wall_ms": profiles.waited(alone.latencies, alone.spent),
        }


async def _run(stack: Stack, selling: Awaitable[tuple[list[float], float]]) -> Run:
    """A run, until the events that follow its sales have been handled."""
    before = figures.read(stack)
    latencies, took = await selling
    ended = time.monotonic()
    after = await _at_rest(stack)
    backlog = time.monotonic() - ended - REST_SECONDS
    return Run(took, latencies, max(backlog, 0), after.since(before))


async def _sell_apart(sales: Iterator[Sale]) -> tuple[list[float], float]:
    """A few sales that share nothing; their latencies, and how long it took in all."""
    latencies: list[float] = []
    began = time.perf_counter()
    for sale in itertools.islice(sales, APART_SALES):
        started = time.perf_counter()
        await place(sale)
        latencies.append(time.perf_counter() - started)
        await asyncio.sleep(APART_SECONDS)
    return latencies, time.perf_counter() - began


REST_SECONDS = 0.5


async def _at_rest(stack: Stack) -> Figures:
    """The figures, once they stand still: then every event has been handled."""
    last = figures.read(stack)
    while True:
        await asyncio.sleep(REST_SECONDS)
        now = figures.read(stack)
        if (now.statements, now.messages) == (last.statements, last.messages):
            return now
        last = now


def _result(runs: dict[int, Run], rows: dict[int, float]) -> dict[str, Any]:
    alone, busiest = runs[APART], runs[IN_FLIGHT[-1]]
    split = busiest.cpu_ms()
    return {
        "sale": {str(n): runs[n].shown() for n in IN_FLIGHT},
        "sql_per_sale": round(alone.per_sale(alone.spent.statements), 1),
        "messages_per_sale": round(alone.per_sale(alone.spent.messages), 1),
        "cpu_ms_per_sale": round(sum(split.values()), 2),
        "cpu_ms_by_process": {name: round(ms, 2) for name, ms in split.items()},
        "client_cpu_ms_per_sale": round(
            1000 * busiest.spent.cpu_seconds["client"] / busiest.sales, 2
        ),
        "backlog_seconds": round(busiest.backlog_seconds, 1),
        "pgbench": {str(n): {"per_second": round(rate)} for n, rate in rows.items()},
    }


def _show(result: dict[str, Any], runs: dict[int, Run]) -> None:
    table = Table("in flight", "per second", "p50 ms", "p95 ms", "p99 ms", "pgbench/s", box=None)
    for n, shown in result["sale"].items():
        table.add_row(n, *map(str, shown.values()), str(result["pgbench"][n]["per_second"]))
    console.print(table)
    console.print(
        f"{result['sql_per_sale']} SQL statements and {result['messages_per_sale']} messages a"
        f" sale, {result['cpu_ms_per_sale']} ms of processor time"
    )
    split = Table(
        "process", *(f"CPU ms at {n}" for n in IN_FLIGHT), "SQL alone", "messages alone", box=None
    )
    alone = runs[APART]
    for name in sorted(result["cpu_ms_by_process"], key=result["cpu_ms_by_process"].__getitem__)[
        ::-1
    ]:
        messages = sum(v for k, v in alone.spent.messages.items() if k.split()[0] == name)
        split.add_row(
            name,
            *(f"{runs[n].cpu_ms()[name]:.2f}" for n in IN_FLIGHT),
            f"{alone.spent.statements.get(name, 0) / alone.sales:.1f}",
            f"{messages / alone.sales:.1f}",
        )
    console.print(split)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
        console=console, transient=True,
    )  # fmt: skip
