"""`./chainstitch bench --members`: how the chain goes with a million members in it.

In a stack of its own that is full of a crowd (`infra.crowd`): look-ups and profiles at the gateway,
the reports of the ledger, an import, a hand-over, an erasure, a night in which everybody's oldest
points expire and a new ladder comes into force while the tills go on selling, and a rule of tags
over everybody. Times of a busy machine say little: the processor time is told beside them.
"""

import asyncio
import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from infra import crowd, figures, importing, own_stack, trial
from infra.api import Api
from infra.crowd import LOCKER, Crowd
from infra.failure import Failure
from infra.selling import Sale, endless, sell
from infra.stack import Stack
from infra.trial import Plan, Trial
from shared.ids import new_id

NAME = "crowd"
EXPIRY = {"type": "expiry", "basis": "months", "length": 12}
SERVING = ("gateway", "broker", "member", "loyalty", "postgres")
"""Whose processor time a question costs."""
IN_FLIGHT = 4
ERASED_PHONES = 19_300_000_000
NIGHT_SECONDS = 3_600
WAIT_SECONDS = 900
FOUND = """members(query: $query, tag: $tag) { id name cardCode phoneMasked
    account { points walletPrincipalMinor walletBonusMinor tier } }"""
PROFILE = """query($id: ID!) { member(id: $id) { id name cardCode phoneMasked gender birthday city
    tags tagsByRule homeStoreId registeredAt fields { key } purchases { count spentMinor }
    account { points pointsHeld walletPrincipalMinor walletBonusMinor tier missing nextTier
        pointsExpiring pointsValidUntil } } }"""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured: questions of a kind, times a report is asked for, rows of the import,
    seconds of selling before the night, tills in each of four stores."""

    lookups: int = 120
    reports: int = 5
    imported: int = 100_000
    selling_seconds: float = 20.0
    tills: int = 4


def run(members: int, keep: Path | None, tell: Tell) -> dict[str, Any]:
    """Make a stack, fill it, measure, and take it away again; `keep` is where it is to stay, and
    what is there already is found again."""
    with own_stack.running(keep, tell) as stack:
        return asyncio.run(measure(stack, members, tell))


async def measure(stack: Stack, members: int, tell: Tell, sizes: Sizes = Sizes()) -> dict[str, Any]:
    """Fill a running stack with so many members, and measure."""
    async with AsyncExitStack() as closing:
        plan = Plan(NAME, phones=19_200_000_000, tills=sizes.tills, members=50)
        chain = await trial.set_up(stack.environment(), plan, closing, tell)
        bench = _Bench(stack, chain, await _crowd(chain, members), sizes, tell)
        result: dict[str, Any] = {"members": members, "entries": bench.crowd.entries}
        result["fill_seconds"] = await bench.fill()
        result["database_mb"] = bench.size_mb()
        result["look_up"] = await bench.look_up()
        result["profile"] = await bench.profile()
        result["reports"] = await bench.report()
        result["import"] = await importing.bring(
            stack, chain.hq, chain.stores[0], sizes.imported, bench.say
        )
        result["hand_over"] = await bench.hand_over()
        result["erasure_seconds"] = await bench.erase()
        result["night"] = await bench.night(sizes.selling_seconds)
        # What it tells of many members is heard for a while after it.
        result["tag_rule_seconds"] = await bench.tag_everybody()
        result["load_average"] = list(os.getloadavg())
        return result


class _Bench:
    """The measures, each on its own."""

    def __init__(self, stack: Stack, chain: Trial, people: Crowd, sizes: Sizes, tell: Tell) -> None:
        self.stack = stack
        self.chain = chain
        self.crowd = people
        self.sizes = sizes
        self.tell = tell
        self._draw = random.Random(2)
        self._turn = 0

    def say(self, text: str) -> None:
        self.tell(text)

    async def fill(self) -> float:
        began = time.monotonic()
        await asyncio.to_thread(crowd.fill, self.stack.environment(), self.crowd, self.tell)
        return round(time.monotonic() - began, 1)

    def size_mb(self) -> dict[str, int]:
        query = "SELECT datname, pg_database_size(datname) / 1048576 FROM pg_database"
        with self._database("member") as connection:
            sizes = connection.execute(query + " WHERE datname LIKE 'chainstitch_%'").fetchall()
        return {name.removeprefix("chainstitch_"): size for name, size in sizes}

    async def look_up(self) -> dict[str, Any]:
        """Milliseconds at the gateway of each way to find a member; how many were found."""
        numbers = [self._draw.randrange(self.crowd.members) for _ in range(self.sizes.lookups)]
        ids = [self.crowd.member_id(number) for number in numbers]
        query = "SELECT id::text, name, card_code, last_four FROM members WHERE id = ANY(%s)"
        with self._database("member") as connection:
            rows = connection.execute(query, (ids,)).fetchall()
            keys = dict(connection.execute(_KEYS, (ids,)).fetchall())
        phones = [self.crowd.phone(number)[3:] for number in numbers]
        ways: dict[str, list[dict[str, Any]]] = {
            "phone": [{"query": phone} for phone in phones],
            "last_four": [{"query": row[3]} for row in rows],
            "name": [{"query": row[1]} for row in rows],
            "surname": [{"query": row[1][0]} for row in rows],
            "pinyin": [{"query": keys[row[0]][0]} for row in rows],
            "initials": [{"query": keys[row[0]][1]} for row in rows],
            "card": [{"query": row[2]} for row in rows],
            "field": [{"query": self.crowd.locker(number)} for number in numbers],
            "tag": [{"tag": tag} for _ in range(self.sizes.lookups // 3) for tag in crowd.TAGS],
            "tag_and_name": [{"tag": crowd.TAGS[0], "query": row[1]} for row in rows],
        }
        document = f"query($query: String, $tag: String) {{ {FOUND} }}"
        shown: dict[str, Any] = {}
        for name, asked in ways.items():
            found = 0

            async def ask(api: Api, values: dict[str, Any]) -> None:
                nonlocal found
                answer = await api.ask(document, **values)
                found += len(answer["members"])

            shown[name] = await self._timed(ask, asked)
            shown[name]["found"] = round(found / len(asked), 1)
            self.say(f"{name}: {shown[name]}")
        return shown

    async def profile(self) -> dict[str, float]:
        """Milliseconds at the gateway of a whole profile with balances."""
        ids = [self.crowd.member_id(self._draw.randrange(self.crowd.members))
               for _ in range(self.sizes.lookups)]  # fmt: skip

        async def ask(api: Api, id_: str) -> None:
            answer = await api.ask(PROFILE, id=id_)
            if answer["member"]["account"]["points"] is None:
                raise Failure("a member of the crowd has no account")

        shown = await self._timed(ask, ids)
        self.say(f"profile: {shown}")
        return shown

    async def report(self) -> dict[str, Any]:
        """Milliseconds of the reports: who has a birthday, what is owed, what stores owe."""
        store, hq = self.chain.stores[0], self.chain.hq
        asked = {
            "birthdays": "query($s: ID!) { birthdays(storeId: $s, days: 7, first: 50)"
            " { edges { node { memberId } } } }",
            "liability": "query($s: ID) { liability(storeId: $s) { lines { closing members } } }",
            "liability_of_all": "query { liability { lines { closing members } } }",
            "debts": "query($s: ID!) { debts(storeId: $s, account: POINTS, first: 50)"
            " { edges { node { memberId } } } }",
            "clearing": "query { clearingBalances { closedThrough } }",
        }
        shown = {}
        for name, document in asked.items():
            values = {"s": store} if "$s" in document else {}

            async def ask(_: Api, document: str, values: dict[str, str] = values) -> None:
                await hq.ask(document, **values)

            try:
                shown[name] = await self._timed(ask, [document] * self.sizes.reports)
            except Failure as failure:
                shown[name] = {"failed": str(failure)}
            self.say(f"{name}: {shown[name]}")
        return shown

    async def hand_over(self) -> dict[str, Any]:
        """Seconds until the members of one associate are another's."""
        heir = await _associate(self.chain, "heir")
        await trial.settled(self.stack.environment())
        began = time.monotonic()
        answer = await self.chain.hq.change(
            "handOverMembers", "handedOver { members }", id=str(new_id()),
            fromAssociateId=self.crowd.associate_id, toAssociateIds=[heir],
        )  # fmt: skip
        taken = {
            "members": answer["handedOver"]["members"][0],
            "seconds": round(time.monotonic() - began, 2),
        }
        self.say(f"hand-over: {taken}")
        return taken

    async def erase(self) -> float:
        """Seconds from the confirmation until every service has answered; of a member who came for
        it, as nobody else comes back where the stack is kept."""
        erasure, clerk, one = str(new_id()), self.chain.tills[0].api, new_id()
        card = (one.hex[-12:], ERASED_PHONES + one.int % 10**8, self.chain.stores[0])
        [member] = await trial.make_members(self.chain.hq, NAME, [card])
        await trial.settled(self.stack.environment())
        await clerk.change(
            "requestErasure", "erasure { id }", id=erasure, memberId=member,
            reason="ASKED_BY_MEMBER",
        )  # fmt: skip
        began = time.monotonic()
        await self.chain.hq.change("confirmErasure", "erasure { id }", id=erasure)
        document = "query($id: ID!) { erasures(id: $id) { edges { node { status refusal } } } }"

        async def erased() -> bool:
            [edge] = (await self.chain.hq.ask(document, id=erasure))["erasures"]["edges"]
            if edge["node"]["refusal"] is not None:
                raise Failure(f"the erasure was refused: {edge['node']['refusal']}")
            return bool(edge["node"]["status"] == "ERASED")

        await _until(erased)
        seconds = round(time.monotonic() - began, 2)
        self.say(f"erasure: {seconds} s")
        return seconds

    async def tag_everybody(self) -> float:
        """Seconds until a new rule of tags has judged everybody."""
        name = f"城市 {new_id().hex[-6:]}"
        rule = {"tag": name, "labelZh": name, "labelEn": "city", "condition": "city = '上海'"}
        began = time.monotonic()
        made = await self.chain.hq.change(
            "publishTagRule", "tagRule { id }", id=str(new_id()), rule=rule
        )
        document = "query($id: ID!) { tagRun(id: $id) { state members given } }"

        async def judged() -> bool:
            run = (await self.chain.hq.ask(document, id=made["tagRule"]["id"]))["tagRun"]
            return bool(run["state"] == "DONE")

        await _until(judged)
        seconds = round(time.monotonic() - began, 1)
        self.say(f"tag rule over all: {seconds} s")
        return seconds

    async def night(self, seconds: float) -> dict[str, Any]:
        """Everybody's oldest points expire and a new ladder comes into force, while tills sell.

        `sales_ratio` is what is sold a second meanwhile, by what is sold just before and after it:
        machines are not equally fast at all times.
        """
        sales = await endless(self.chain)
        await sell(sales, IN_FLIGHT, min(seconds, 4))
        await trial.settled(self.stack.environment())
        before = await _sold_a_second(sales, seconds)
        begun = figures.read(self.stack)
        version = await _publish_ladder(self.chain.hq)
        await asyncio.to_thread(crowd.night_falls, self.stack.environment())
        began = time.monotonic()
        sold, selling = 0, 0.0
        while self._still_due(version):
            if time.monotonic() - began > NIGHT_SECONDS:
                raise Failure(f"the night is not over after {NIGHT_SECONDS} s")
            latencies, took_now = await sell(sales, IN_FLIGHT, min(seconds, 10))
            sold, selling = sold + len(latencies), selling + took_now
        lasted = time.monotonic() - began
        spent = figures.read(self.stack).since(begun).cpu_seconds
        await trial.settled(self.stack.environment())
        after = await _sold_a_second(sales, seconds)
        shown = {
            "seconds": round(lasted, 1),
            "members_per_second": round(self.crowd.members / lasted),
            "sales_per_second_before": round(before, 1),
            "sales_per_second": round(sold / selling, 1),
            "sales_per_second_after": round(after, 1),
            "sales_ratio": round(sold / selling / ((before + after) / 2), 2),
            "cpu_seconds": {name: round(each, 1) for name, each in spent.items()},
        }
        self.say(f"night: {shown}")
        return shown

    def _still_due(self, ladder_version: int) -> bool:
        with self._database("loyalty") as connection:
            row = connection.execute(_DUE, (ladder_version, ladder_version)).fetchone()
        return bool(row and row[0])

    async def _timed(
        self, ask: Callable[[Api, Any], Awaitable[None]], asked: list[Any]
    ) -> dict[str, float]:
        """One after another, the tills in turn; the first few warm up and do not count."""
        taken = []
        warm = min(10, len(asked) // 2)
        before = await asyncio.to_thread(figures.read, self.stack)
        for number, each in enumerate([*asked[:warm], *asked]):
            self._turn += 1
            api = self.chain.tills[self._turn % len(self.chain.tills)].api
            began = time.perf_counter()
            await ask(api, each)
            if number >= warm:
                taken.append(1000 * (time.perf_counter() - began))
        spent = (await asyncio.to_thread(figures.read, self.stack)).since(before).cpu_seconds
        served = sum(spent[name] for name in SERVING)
        cuts = statistics.quantiles(taken, n=20, method="inclusive")
        return {
            "p50_ms": round(cuts[9], 1),
            "p95_ms": round(cuts[18], 1),
            "cpu_ms": round(1000 * served / (len(asked) + warm), 1),
        }

    def _database(self, service: str) -> psycopg.Connection:
        return crowd.connect(self.stack.environment()["DATABASE_URL"], service)


async def _sold_a_second(sales: Iterator[Sale], seconds: float) -> float:
    latencies, took = await sell(sales, IN_FLIGHT, seconds)
    return len(latencies) / took


async def _crowd(chain: Trial, members: int) -> Crowd:
    """The crowd for a chain, after what it refers to was made: associate, field, rules."""
    hq = chain.hq
    await trial.publish_missing_rules(hq, NAME, [EXPIRY])
    field = {
        "subject": "MEMBER", "key": LOCKER, "labelZh": "储物柜", "labelEn": "Locker",
        "kind": {"type": "text"}, "searchable": True,
        "seenBy": ["STORE_MANAGER", "HQ_ADMINISTRATOR"], "editedBy": ["STORE_MANAGER"],
    }  # fmt: skip
    made = await hq.change(
        "publishField", "field { version }", id=trial.id_of(NAME, "field"), field=field
    )
    versions = await hq.ask("query { loyaltyRules { kind version } }")
    newest = {each["kind"].lower(): each["version"] for each in reversed(versions["loyaltyRules"])}
    return Crowd(
        members=members,
        stores=chain.stores,
        associate_id=await _associate(chain, "associate"),
        today=datetime.now(UTC).date(),
        ladder_version=newest["ladder"],
        expiry_version=newest["expiry"],
        field_version=made["field"]["version"],
    )


async def _associate(chain: Trial, name: str) -> str:
    staff = trial.id_of(NAME, name)
    await chain.hq.change(
        "saveStaff", "created { id }", id=staff, number=f"{NAME}-{name}", name=name,
        roles=["ASSOCIATE"], scopeKind="STORE", scopeId=chain.stores[0], pin="730518",
    )  # fmt: skip
    return staff


async def _publish_ladder(hq: Api) -> int:
    """The ladder again, as another version; its number."""
    [ladder] = [rule for rule in trial.RULES if rule["type"] == "ladder"]
    made = await hq.change("publishRule", "ruleVersion { version }", id=str(new_id()), body=ladder)
    return int(made["ruleVersion"]["version"])


async def _until(true: Callable[[], Awaitable[bool]]) -> None:
    began = time.monotonic()
    while not await true():
        if time.monotonic() - began > WAIT_SECONDS:
            raise Failure(f"not done after {WAIT_SECONDS} s")
        await asyncio.sleep(0.2)


_KEYS = """
    SELECT member_id::text, ARRAY[max(key) FILTER (WHERE length(key) > 3), min(key)]
    FROM (SELECT * FROM name_keys ORDER BY length(key)) AS k
    WHERE member_id = ANY(%s) GROUP BY member_id
"""
_DUE = """
    SELECT EXISTS (SELECT FROM balances WHERE expiry_due <= now())
        OR EXISTS (SELECT FROM members WHERE survivor_id IS NULL AND ladder_version < %s)
        OR EXISTS (SELECT FROM members WHERE survivor_id IS NULL AND ladder_version > %s)
"""
