"""What a sale costs, counted: never how long it takes, which is the machine's business."""

import json

from infra.processes import SERVICES
from tests.conftest import RunningStack

SECONDS = 3


def test_a_sale_keeps_to_its_statements_and_messages(stack: RunningStack) -> None:
    done = stack.run("bench", "--seconds", str(SECONDS), "--profile", "--json")

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert 0 < told["sql_per_sale"] <= 25
    assert 0 < told["messages_per_sale"] <= 10
    assert told["cpu_ms_per_sale"] > 0
    assert set(told["sale"]) == set(told["pgbench"]) == {"1", "4", "16"}
    assert all(
        set(run) == {"per_second", "p50_ms", "p95_ms", "p99_ms"} for run in told["sale"].values()
    )
    assert set(told["profile"]) == {*(process.name for process in SERVICES), "gateway"}
    order = told["profile"]["order"]["by_category"]
    assert {"SQLAlchemy", "AMQP"} <= set(order)
    assert set(told["wall_ms"]) >= {"client", "gateway.mutation", "order.place_order"}
