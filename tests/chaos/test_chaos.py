"""A minute of trade while the stack is being broken."""

import json

from tests.conftest import RunningStack

SECONDS = 60


def test_no_sale_is_lost_or_booked_twice(stack: RunningStack) -> None:
    done = stack.run("chaos", "--seconds", str(SECONDS), "--json", seconds=900)

    assert done.stdout, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    wrong = ("lost", "doubled", "parked", "audit_differences")
    assert {name: told[name] for name in wrong} == dict.fromkeys(wrong, 0), done.stderr
    assert told["settle_seconds"] <= 60
    assert told["faults"] >= 8
    assert 0 < told["succeeded"] <= told["attempted"]
    assert told["returned"] > 0
    assert done.returncode == 0, done.stderr
    assert stack.status()["ready"]
