"""`./chainstitch replay`: sells real baskets through the public API and checks every cent.

As the till of another system would: an integration client states what was charged for each line
and when. Ids come from the data, so that a second run books nothing again and answers the same.
"""

import asyncio
import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from infra import audit, trial
from infra.api import Api, Refused
from infra.failure import Failure
from infra.replay import baskets, loyalty, names
from infra.replay.baskets import Basket, Data
from infra.replay.loyalty import Loyalty
from infra.replay.names import NAME
from infra.snapshots import snapshots
from infra.stack import Stack
from infra.trial import at_once, id_of

PHONES = 19_700_000_000
IN_FLIGHT = 16
CLIENTS = 4
"""Each may ask 50 times a second: the gateway's rate limit is per caller."""
SHOWN = 10
console = Console(stderr=True)


@dataclass
class Result:
    """What was sold, and what the databases say of it; minor units."""

    data: Data
    refused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    actual: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    """Store, member and total of each order that was placed."""
    loyalty: Loyalty = field(default_factory=Loyalty)
    report: audit.Report = field(default_factory=audit.Report)

    def mismatched(self, part: Callable[[Basket], str], column: int) -> dict[str, tuple[int, int]]:
        """Sums that differ, by store (column 0) or member (column 1): (data, orders)."""
        expected: Counter[str] = Counter()
        for basket in self.data.baskets:
            expected[part(basket)] += basket.total_minor
        actual: Counter[str] = Counter()
        for row in self.actual.values():
            actual[row[column]] += row[2]
        keys = expected.keys() | actual.keys()
        return {key: (expected[key], actual[key]) for key in keys if expected[key] != actual[key]}

    def shown(self) -> dict[str, Any]:
        return {
            "baskets": len(self.data.baskets),
            "refused": self.refused.total(),
            "expected_minor": sum(basket.total_minor for basket in self.data.baskets),
            "actual_minor": sum(row[2] for row in self.actual.values()),
            "mismatched_stores": len(self.mismatched(_store_of, 0)),
            "mismatched_cards": len(self.mismatched(_member_of, 1)),
            "per_second": round(len(self.data.baskets) / self.seconds, 1),
            "stores": len({basket.store for basket in self.data.baskets}),
            "cards": len(self.data.homes),
            "lines": sum(len(basket.lines) for basket in self.data.baskets),
            **self.data.put_right,
            **self.loyalty.shown(),
            "audit_differences": self.report.found.total(),
        }


def command(
    count: Annotated[int, typer.Option("--baskets", help="How many, from the first on.")] = 5000,
    cards: Annotated[
        int | None,
        typer.Option("--cards", help="Instead: the whole year of so many cards."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object as the last line.")
    ] = False,
) -> None:
    """Sell real baskets through the API; exits 1 unless all totals agree to the cent."""
    stack = Stack()
    if not stack.status()["ready"]:
        raise Failure("the stack is not ready: ./chainstitch up")
    with _progress() as progress:
        bar = progress.add_task("reading the data", total=None)
        baskets.install()
        data = baskets.read(count, cards)
        result = asyncio.run(_replay(stack.environment(), data, progress, bar))
        result.report = audit.audit(stack.environment(), trial.SETTLE_SECONDS, progress)
    shown = result.shown()
    _show(result, shown)
    if as_json:
        print(json.dumps(shown))
    wrong = (
        "refused", "mismatched_stores", "mismatched_cards", "mismatched_points",
        "mismatched_tiers", "audit_differences",
    )  # fmt: skip
    if any(shown[name] for name in wrong) or shown["expected_minor"] != shown["actual_minor"]:
        raise typer.Exit(1)


async def _replay(
    environment: Mapping[str, str], data: Data, progress: Progress, bar: Any
) -> Result:
    result = Result(data)

    def tell(step: str) -> None:
        progress.update(bar, description=step, total=None)

    async with AsyncExitStack() as closing:
        clients = await _set_up(environment, data, closing, tell)
        progress.update(bar, description="selling", total=len(data.baskets), completed=0)
        began = time.perf_counter()
        free, turn = asyncio.Semaphore(IN_FLIGHT), itertools.cycle(clients)

        async def sell(basket: Basket) -> None:
            async with free:
                try:
                    await next(turn).change("placeOrder", "order { id }", **_sale(basket))
                except Refused as error:
                    result.refused[error.code] += 1
            progress.advance(bar)

        await asyncio.gather(*map(sell, data.baskets))
        result.seconds = time.perf_counter() - began
        tell("waiting for what is on its way")
        await trial.settled(environment)
        rules = await clients[0].ask("{ loyaltyRules { kind version validFrom body } }")
    result.actual = _booked(environment, data)
    tell("reckoning points and tiers")
    result.loyalty = loyalty.compare(environment, data, rules["loyaltyRules"])
    return result


async def _set_up(
    environment: Mapping[str, str],
    data: Data,
    closing: AsyncExitStack,
    tell: Callable[[str], None],
) -> list[Api]:
    """Stores, products, stock and cards of the data; the clients that sell, signed in."""
    hq = await trial.head_office(environment, closing)
    tell(f"{len(data.stores)} stores")
    await trial.make_stores(hq, NAME, [str(store) for store in data.stores])
    await loyalty.publish_rules(hq)
    await trial.settled(environment)
    tell(f"{len(data.products)} products")
    await trial.make_pieces(
        hq,
        [
            {
                "code": names.code(product.id),
                "name": product.name,
                "category": product.category,
                "price": product.price_minor,
            }
            for product in data.products
        ],
    )
    tell("stock")
    await trial.receive(hq, _deliveries(data))
    tell(f"{len(data.homes)} cards")
    await trial.make_members(
        hq,
        NAME,
        [(str(card), PHONES + card, names.store(store)) for card, store in data.homes.items()],
    )
    await trial.settled(environment)
    return await at_once(
        lambda number: _client(environment, hq, closing, number), range(1, CLIENTS + 1)
    )


async def _client(
    environment: Mapping[str, str], hq: Api, closing: AsyncExitStack, number: int
) -> Api:
    id_ = id_of(NAME, "client", number)
    created = await hq.change(
        "createClient", "clientCreated { clientSecret }",
        id=id_, name=f"{NAME} {number}", scopeKind="CHAIN",
    )  # fmt: skip
    api = await closing.enter_async_context(Api(environment["GATEWAY_URL"]))
    secret = created["clientCreated"]["clientSecret"]
    await api.sign_in("signInClient", clientId=id_, clientSecret=secret)
    return api


def _deliveries(data: Data) -> Iterator[tuple[str, str, list[tuple[str, int]]]]:
    """For each store what these baskets take from it; the document's id is that of the baskets."""
    wanted: dict[int, Counter[int]] = {}
    for basket in data.baskets:
        for product, quantity, _ in basket.lines:
            wanted.setdefault(basket.store, Counter())[product] += quantity
    for store, pieces in wanted.items():
        document = id_of(NAME, "delivery", data.selection, store)
        some = [(names.sku(product), quantity) for product, quantity in sorted(pieces.items())]
        yield document, names.store(store), some


def _sale(basket: Basket) -> dict[str, Any]:
    total = basket.total_minor
    paid = {"kind": "CARD", "amountMinor": str(total), "reference": str(basket.id)}
    return {
        "orderId": names.order(basket.id),
        "storeId": names.store(basket.store),
        "memberId": names.member(basket.card),
        "channel": "OTHER_TILL",
        "totalMinor": str(total),
        "occurredAt": basket.sold_at.isoformat(),
        "tenders": [paid] if total else [],
        "lines": [
            {
                "line": number,
                "skuId": names.sku(product),
                "quantity": quantity,
                "statedMinor": str(minor),
            }
            for number, (product, quantity, minor) in enumerate(basket.lines, 1)
        ],
    }


def _booked(environment: Mapping[str, str], data: Data) -> dict[str, tuple[str, str, int]]:
    ids = [names.order(basket.id) for basket in data.baskets]
    with snapshots(environment) as opened:
        rows = opened["order"].execute(
            "SELECT id, store_id, member_id, total_minor FROM orders"
            " WHERE status = 'placed' AND id = ANY(%s::uuid[])",
            (ids,),
        )
        return {str(row[0]): (str(row[1]), str(row[2]), int(row[3])) for row in rows}


def _store_of(basket: Basket) -> str:
    return names.store(basket.store)


def _member_of(basket: Basket) -> str:
    return names.member(basket.card)


def _show(result: Result, shown: dict[str, Any]) -> None:
    for name, value in shown.items():
        console.print(f"{name:28} {value}", highlight=False)
    if result.refused:
        console.print(f"[red]refused[/]: {dict(result.refused.most_common())}", highlight=False)
    for what, figures in (("points", result.loyalty.points), ("tier", result.loyalty.tiers)):
        for card, (expected, actual) in list(loyalty.differing(figures).items())[:SHOWN]:
            console.print(f"[red]{what}[/] of card {card}: {expected} reckoned, {actual} found")
    for what, wrong in (
        ("store", result.mismatched(_store_of, 0)),
        ("card", result.mismatched(_member_of, 1)),
    ):
        for key, (expected, actual) in list(wrong.items())[:SHOWN]:
            console.print(f"[red]{what}[/] {key}: {expected} in the data, {actual} in the orders")
    audit.show(result.report)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeRemainingColumn(), console=console, transient=True,
    )  # fmt: skip
