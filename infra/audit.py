"""`./chainstitch audit`: compares the services' databases with each other, to the last piece.

It reads only. What is still on its way between two services is no difference: it waits until the
outboxes and queues are empty, and looks again while something differs and there is time left.
"""

import importlib
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from infra import queues
from infra.comparisons import COMPARISONS
from infra.comparisons.side_by_side import Comparison, lay_side_by_side
from infra.failure import Failure
from infra.quiet import LOOK_SECONDS, wait_until_quiet
from infra.snapshots import Snapshots, rows, snapshots, unpublished
from infra.stack import Stack

SHOWN = 20
"""Differences of one check that are listed; the rest is counted."""
KEPT = 1_000

Difference = dict[str, Any]
console = Console(stderr=True)


@dataclass
class Report:
    """How many checks were made, and the differences they found (at most `KEPT` of a check)."""

    checks: int = 0
    differences: list[Difference] = field(default_factory=list)
    found: Counter[str] = field(default_factory=Counter)

    def add(self, check: str, differences: Iterable[Difference]) -> None:
        self.checks += 1
        for difference in differences:
            self.found[check] += 1
            if self.found[check] <= KEPT:
                self.differences.append({"check": check, **difference})


def command(
    settle: Annotated[
        float, typer.Option(help="Seconds to wait for events that are on their way.")
    ] = 10,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object as the last line.")
    ] = False,
) -> None:
    """Compare the services' databases with each other; exits 1 if anything differs."""
    environment = Stack().environment()
    if not environment:
        raise Failure("there is no stack yet: ./chainstitch up")
    with _progress() as progress:
        report = audit(environment, settle, progress)
    show(report)
    if as_json:
        found = {"checks": report.checks, "differences": report.differences}
        print(json.dumps(found, default=str, ensure_ascii=False))
    if report.differences:
        raise typer.Exit(1)


def audit(
    environment: Mapping[str, str], settle_seconds: float = 10, progress: Progress | None = None
) -> Report:
    """All checks, once the system is quiet or `settle_seconds` are over."""
    until = time.monotonic() + settle_seconds
    while True:
        wait_until_quiet(environment, until - time.monotonic())
        report = _audit(environment, progress)
        if not report.differences or time.monotonic() > until:
            return report
        time.sleep(LOOK_SECONDS)


def show(report: Report) -> None:
    """The differences in words, on standard error."""
    for check, count in report.found.items():
        console.print(f"[red]{check}[/]: {count}", highlight=False)
        listed = [entry for entry in report.differences if entry["check"] == check][:SHOWN]
        for entry in listed:
            console.print(f"  {_words(entry)}", highlight=False, markup=False)
        if count > len(listed):
            console.print(f"  … and {count - len(listed)} more", highlight=False)
    count = sum(report.found.values())
    said = f"[red]{count} differences[/]" if count else "[green]no difference[/]"
    console.print(f"{report.checks} checks: {said}")


def _audit(environment: Mapping[str, str], progress: Progress | None) -> Report:
    report = Report()
    own = {
        service: importlib.import_module(f"services.{service}.audit") for service in queues.NAMES
    }
    total = sum(len(module.CHECKS) for module in own.values()) + len(COMPARISONS) + 2
    bar = progress.add_task("auditing", total=total) if progress else None

    def told(check: str, differences: Iterable[Difference]) -> None:
        if progress and bar is not None:
            progress.update(bar, description=check, completed=report.checks)
        report.add(check, differences)

    with snapshots(environment) as opened:
        for service, module in own.items():
            for name, sql in module.CHECKS.items():
                told(f"{service}: {name}", rows(opened[service], sql))
        for comparison in COMPARISONS:
            told(comparison.name, _differences(opened, comparison))
        told(
            "every outbox is empty",
            ({"service": name, "events": n} for name, n in unpublished(opened).items()),
        )
    parked = queues.depths(environment, queues.parked_queues())
    told("nothing is parked", ({"queue": name, "events": n} for name, n in parked.items() if n))
    if progress and bar is not None:
        progress.remove_task(bar)
    return report


def _differences(opened: Snapshots, comparison: Comparison) -> Iterator[Difference]:
    sides = [rows(opened[service], sql) for service, sql in (comparison.left, comparison.right)]
    names = [service for service, _ in (comparison.left, comparison.right)]
    for key, left, right in lay_side_by_side(sides[0], sides[1], comparison.keys):
        if not comparison.agree(left, right):
            told = dict(zip(comparison.keys, key, strict=True))
            yield {**told, names[0]: left, names[1]: right}


def _words(difference: Difference) -> str:
    """A difference on one line; of two sides, only what differs."""
    sides = [value for value in difference.values() if isinstance(value, dict)]
    shared = (
        set.intersection(*(set(side.items()) for side in map(_plain, sides)))
        if len(sides) > 1
        else set()
    )
    words = []
    for name, value in difference.items():
        if name == "check":
            continue
        if isinstance(value, dict):
            value = {k: v for k, v in _plain(value).items() if (k, v) not in shared} or "there"
        words.append(f"{name}={'nothing' if value is None else value}")
    return " ".join(words)


def _plain(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in row.items()}


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        console=console, transient=True,
    )  # fmt: skip
