"""An event that could not be handled is put aside, shown, put back, and then handled once."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import psycopg

from infra import trial
from infra.trial import id_of
from tests.conftest import RunningStack

NAME = "parked"
MEMBER = id_of(NAME, "member", "0")
WAIT_SECONDS = 60


async def make_member(environment: dict[str, str]) -> None:
    async with AsyncExitStack() as closing:
        hq = await trial.head_office(environment, closing)
        stores = await trial.make_stores(hq, NAME, ["1"])
        await trial.settled(environment)
        await trial.make_members(hq, NAME, [("0", 19_600_000_000, stores[0])])
        await trial.settled(environment)


async def tag(environment: dict[str, str], word: str) -> None:
    async with AsyncExitStack() as closing:
        hq = await trial.head_office(environment, closing)
        await hq.change("tagMember", "member { id }", memberId=MEMBER, add=[word])


def campaign(stack: RunningStack) -> Any:
    return psycopg.connect(
        f"{stack.environment['DATABASE_URL']}/chainstitch_campaign", autocommit=True
    )


@contextmanager
def without_its_table(stack: RunningStack) -> Iterator[None]:
    with campaign(stack) as connection:
        connection.execute("ALTER TABLE members RENAME TO members_away")
        try:
            yield
        finally:
            connection.execute("ALTER TABLE members_away RENAME TO members")


def parked(stack: RunningStack) -> dict[str, Any]:
    done = stack.run("events", "parked", "--json")
    assert done.stdout, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def eventually(what: Any) -> Any:
    until = time.monotonic() + WAIT_SECONDS
    while not (found := what()):
        assert time.monotonic() < until, f"not so after {WAIT_SECONDS} s"
        time.sleep(0.5)
    return found


def tags(stack: RunningStack) -> list[str]:
    with campaign(stack) as connection:
        return list(
            connection.execute("SELECT tags FROM members WHERE id = %s", (MEMBER,)).fetchone()[0]
        )


def test_a_parked_event_is_shown_put_back_and_handled(stack: RunningStack) -> None:
    asyncio.run(make_member(stack.environment))
    word = f"tag {time.time_ns()}"
    with without_its_table(stack):
        asyncio.run(tag(stack.environment, word))
        shown = eventually(lambda: parked(stack)["events"])

    assert {(event["service"], event["type"]) for event in shown} == {("campaign", "member.tagged")}
    assert {event["queue"] for event in shown} == {"events.campaign.member"}
    assert word not in tags(stack)

    done = stack.run("events", "replay", "campaign", "--json")

    assert json.loads(done.stdout.splitlines()[-1]) == {"replayed": {"campaign": len(shown)}}
    assert eventually(lambda: word in tags(stack))
    assert parked(stack) == {"parked": {}, "events": []}


def test_a_service_that_is_not_there_is_named(stack: RunningStack) -> None:
    done = stack.run("events", "replay", "weather")

    assert done.returncode == 1
    assert "there is no service 'weather'" in done.stderr
