"""The bench with members, small: that all is measured, and that what it writes is audit-clean."""

import asyncio
import json

from infra import bench_members
from infra.bench_members import Sizes
from infra.stack import Stack
from infra.state import State
from tests.conftest import RunningStack

MEMBERS = 300


def test_a_crowd_is_written_and_measured(stack: RunningStack) -> None:
    here = Stack(State(stack.state))

    sizes = Sizes(lookups=6, reports=2, imported=100, selling_seconds=1, tills=1)
    told = asyncio.run(bench_members.measure(here, MEMBERS, lambda _: None, sizes))

    assert (told["members"], told["entries"]) == (MEMBERS, 10 * MEMBERS)
    ways = told["look_up"]
    assert all(ways[way]["found"] >= 1 for way in ways if way != "tag_and_name")
    assert ways["tag"]["found"] >= 20
    assert told["profile"]["cpu_ms"] > 0
    assert told["import"]["per_second"]["heard by all"] > 0
    assert told["hand_over"]["members"] == MEMBERS
    assert told["night"]["sales_per_second"] > 0
    audited = stack.run("audit", "--json")
    assert json.loads(audited.stdout.splitlines()[0])["differences"] == []
