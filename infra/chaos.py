"""`./chainstitch chaos`: sells under load while the stack is being broken, and then counts.

Every sale the client saw succeed has to be there exactly once, as it was answered; every other one
must be wholly absent. The audit has to be clean within a minute of the last fault, and nothing may
be parked.
"""

import asyncio
import itertools
import json
import random
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from infra import audit, queues, trial
from infra.failure import Failure
from infra.faults import Faults
from infra.snapshots import Snapshots, snapshots
from infra.stack import Stack
from infra.traffic import Attempt, Paper, Traffic, plan

FAULT_EVERY_SECONDS = 7.0
CALM_SECONDS = 3.0
"""At the beginning, so that there is trade to disturb."""
SETTLE_SECONDS = 60.0
SKIPS_LIMIT = 5
SALES = ("placed", "voided")
console = Console(stderr=True)


@dataclass
class Outcome:
    """What came of a run; `wrong` says in words what should not be."""

    faults: Counter[str] = field(default_factory=Counter)
    last_fault: float = 0.0
    attempts: list[Attempt] = field(default_factory=list)
    returns: list[Paper] = field(default_factory=list)
    redemptions: list[Paper] = field(default_factory=list)
    merges: list[Paper] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    parked: int = 0
    settle_seconds: float = 0.0
    report: audit.Report = field(default_factory=audit.Report)

    def failed(self) -> bool:
        late = self.settle_seconds > SETTLE_SECONDS
        return bool(self.lost or self.doubled or self.parked or self.report.differences or late)

    def shown(self) -> dict[str, Any]:
        succeeded = [attempt for attempt in self.attempts if attempt.order]
        refusals = Counter(attempt.refusal for attempt in self.attempts if attempt.refusal)
        return {
            "faults": self.faults.total(),
            "faults_by_kind": dict(sorted(self.faults.items())),
            "attempted": len(self.attempts),
            "succeeded": len(succeeded),
            "voided": sum(attempt.voided is True for attempt in succeeded),
            "returned": sum(back.receipt is not None for back in self.returns),
            "redeemed": sum(paper.receipt is not None for paper in self.redemptions),
            "merged": sum(paper.receipt is not None for paper in self.merges),
            "refused": dict(refusals.most_common()),
            "unanswered": sum(not (a.order or a.refusal) for a in self.attempts),
            "lost": len(self.lost),
            "doubled": len(self.doubled),
            "parked": self.parked,
            "settle_seconds": round(self.settle_seconds, 1),
            "audit_differences": self.report.found.total(),
        }


def command(
    seconds: Annotated[float, typer.Option(help="How long to sell and to break things.")] = 60,
    in_flight: Annotated[int, typer.Option(help="Sales at a time.")] = 12,
    seed: Annotated[int, typer.Option(help="Another seed, another run.")] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object as the last line.")
    ] = False,
) -> None:
    """Break the running stack while selling; exits 1 if a sale was lost or booked twice.

    It puts the stack behind proxies for as long as it takes. Not for a stack that serves people.
    """
    stack = Stack()
    if not stack.environment():
        raise Failure("there is no stack yet: ./chainstitch up")
    before = stack.proxied
    stack.up(proxied=True)
    try:
        with _progress() as progress:
            outcome = asyncio.run(_run(stack, seconds, in_flight, seed, progress))
    finally:
        if not before:
            stack.up()
    _show(outcome)
    if as_json:
        print(json.dumps(outcome.shown()))
    if outcome.failed():
        raise typer.Exit(1)


async def _run(
    stack: Stack, seconds: float, in_flight: int, seed: int, progress: Progress
) -> Outcome:
    bar = progress.add_task("setting up", total=seconds)
    outcome = Outcome()
    async with AsyncExitStack() as closing:
        chain = await trial.set_up(
            stack.environment(), plan(), closing,
            lambda step: progress.update(bar, description=f"setting up {step}"),
        )  # fmt: skip
        traffic = Traffic(chain, random.Random(seed), 0)
        await traffic.prepare()
        traffic.until = time.monotonic() + seconds
        outcome.attempts, outcome.returns = traffic.attempts, traffic.returns
        outcome.redemptions, outcome.merges = traffic.redemptions, traffic.merges
        selling = asyncio.create_task(traffic.run(in_flight))
        await _break(Faults(stack, seed), traffic, outcome, progress, bar)
        progress.update(bar, description="finishing what was begun")
        await selling
        progress.update(bar, description="waiting for what is on its way")
        await asyncio.to_thread(_settle, stack, outcome)
        with snapshots(stack.environment()) as opened:
            _count(opened, chain.stores, outcome)
            _count_papers(opened, outcome)
    return outcome


async def _break(
    faults: Faults, traffic: Traffic, outcome: Outcome, progress: Progress, bar: Any
) -> None:
    """One fault after another at a steady rate, until it is time."""
    rounds, began = faults.rounds(), time.monotonic()
    due = began + CALM_SECONDS
    while due < traffic.until:
        while time.monotonic() < due:
            await asyncio.sleep(0.1)
            progress.update(bar, completed=time.monotonic() - began)
        for name, fault in itertools.islice(rounds, SKIPS_LIMIT):
            said = f"{len(traffic.attempts)} sales, {outcome.faults.total()} faults: {name}"
            progress.update(bar, description=said)
            # What is down already cannot be broken: then it is the next one's turn.
            if await asyncio.to_thread(fault):
                outcome.faults[name] += 1
                outcome.last_fault = time.monotonic()
                break
        due += FAULT_EVERY_SECONDS


def _settle(stack: Stack, outcome: Outcome) -> None:
    """Audit until it is clean, at most until a minute after the last fault."""
    since = outcome.last_fault or time.monotonic()
    while not stack.status()["ready"] and time.monotonic() < since + SETTLE_SECONDS:
        time.sleep(0.2)
    left = since + SETTLE_SECONDS - time.monotonic()
    outcome.report = audit.audit(stack.environment(), max(left, 1))
    outcome.settle_seconds = time.monotonic() - since
    parked = queues.depths(stack.environment(), queues.parked_queues())
    outcome.parked = sum(parked.values())


def _count(opened: Snapshots, stores: list[str], outcome: Outcome) -> None:
    """Hold every sale against the databases; also those that no client has sent."""
    ids = [attempt.sale.order_id for attempt in outcome.attempts]
    orders = {
        str(row[0]): row
        for row in opened["order"].execute(
            "SELECT id, status, total_minor, receipt_number FROM orders WHERE id = ANY(%s::uuid[])",
            (ids,),
        )
    }
    traces = _traces(opened, ids)
    for attempt in outcome.attempts:
        id_ = attempt.sale.order_id
        row = orders.get(id_)
        status = row[1] if row else None
        if attempt.contradicted:
            outcome.doubled.append(f"{id_}: the same id was answered in two ways")
        if attempt.order:
            wanted = {True: ("voided",), False: ("placed",), None: SALES}[attempt.voided]
            same = row and (str(row[2]), row[3]) == (
                attempt.order["totalMinor"],
                attempt.order["receiptNumber"],
            )
            if status not in wanted or not same:
                outcome.lost.append(f"{id_}: answered {attempt.order}, there is {row}")
            pieces = sum(line["quantity"] for line in attempt.sale.lines)
            if traces[id_]["pieces"] != pieces or traces[id_]["booked"] != 1:
                outcome.doubled.append(f"{id_}: {pieces} pieces, booked {dict(traces[id_])}")
        elif attempt.refusal and (status in SALES or any(traces[id_].values())):
            outcome.doubled.append(
                f"{id_}: refused with {attempt.refusal}, yet {status} {dict(traces[id_])}"
            )
    strangers = opened["order"].execute(
        "SELECT id FROM orders WHERE store_id = ANY(%s::uuid[]) AND created_at > %s"
        " AND NOT id = ANY(%s::uuid[])",
        (stores, _began(opened, ids), ids),
    )
    outcome.doubled += [f"{row[0]}: nobody sent it" for row in strangers]


def _count_papers(opened: Snapshots, outcome: Outcome) -> None:
    """Every return, redemption and merge that was answered is there as answered, and no other."""
    for papers, service, sql in (
        (outcome.returns, "order", "SELECT CAST(id AS text), json_build_object('receiptNumber',"
         " receipt_number, 'refundMinor', CAST(refund_minor AS text))"
         " FROM returns WHERE id = ANY(%s::uuid[])"),
        (outcome.redemptions, "loyalty", "SELECT CAST(id AS text), json_build_object('memberId',"
         " member_id, 'points', points) FROM redemptions WHERE id = ANY(%s::uuid[])"),
        (outcome.merges, "member", "SELECT CAST(id AS text), json_build_object('survivorId',"
         " survivor_id, 'mergedId', merged_id) FROM merges WHERE id = ANY(%s::uuid[])"),
    ):  # fmt: skip
        rows = opened[service].execute(sql, ([paper.id for paper in papers],))
        there = dict(rows.fetchall())
        for paper in papers:
            found = there.get(paper.id)
            if paper.contradicted:
                outcome.doubled.append(f"{paper.id}: the same id was answered in two ways")
            if paper.receipt and found != paper.receipt:
                outcome.lost.append(f"{paper.id}: answered {paper.receipt}, there is {found}")
            if paper.refusal and found:
                refused = f"refused with {paper.refusal}, yet there is {found}"
                outcome.doubled.append(f"{paper.id}: {refused}")


def _began(opened: Snapshots, ids: list[str]) -> Any:
    rows = opened["order"].execute(
        "SELECT coalesce(min(created_at), now()) FROM orders WHERE id = ANY(%s::uuid[])", (ids,)
    )
    return rows.fetchall()[0][0]


def _traces(opened: Snapshots, ids: list[str]) -> dict[str, Counter[str]]:
    """What each order has left in the other services: pieces that went, bookings, redemptions,
    and what is still held."""
    asked = (
        ("inventory", "pieces", "SELECT document_id, -sum(quantity) FROM movements"
         " WHERE reason = 'sale' AND document_id = ANY(%s::uuid[]) GROUP BY document_id"),
        ("inventory", "held", "SELECT order_id, 1 FROM reservations"
         " WHERE status = 'held' AND order_id = ANY(%s::uuid[])"),
        ("loyalty", "booked", "SELECT order_id, count(*) FROM orders_booked"
         " WHERE kind = 'sale' AND order_id = ANY(%s::uuid[]) GROUP BY order_id"),
        ("loyalty", "points held", "SELECT order_id, 1 FROM holds"
         " WHERE status = 'held' AND order_id = ANY(%s::uuid[])"),
        ("campaign", "redeemed", "SELECT order_id, sum(orders) FROM redemptions"
         " WHERE order_id = ANY(%s::uuid[]) GROUP BY order_id"),
        ("campaign", "coupons held", "SELECT order_id, 1 FROM holds"
         " WHERE status = 'held' AND order_id = ANY(%s::uuid[])"),
        ("member", "known", "SELECT order_id, 1 FROM member_orders"
         " WHERE order_id = ANY(%s::uuid[])"),
    )  # fmt: skip
    traces: dict[str, Counter[str]] = {id_: Counter() for id_ in ids}
    for service, what, sql in asked:
        for order_id, count in opened[service].execute(sql, (ids,)):
            traces[str(order_id)][what] += int(count)
    return traces


def _show(outcome: Outcome) -> None:
    for name, value in outcome.shown().items():
        console.print(f"{name:18} {value}", highlight=False)
    for wrong in (*outcome.lost, *outcome.doubled):
        console.print(f"[red]wrong[/] {wrong}", highlight=False)
    audit.show(outcome.report)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
        console=console, transient=True,
    )  # fmt: skip
