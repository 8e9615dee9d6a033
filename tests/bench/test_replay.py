"""Real baskets through the public API, and sums that an independent computation confirms."""

import json

from tests.conftest import RunningStack

CARDS = 2
NOTHING_WRONG = {
    "refused": 0, "mismatched_stores": 0, "mismatched_cards": 0, "mismatched_points": 0,
    "mismatched_tiers": 0, "audit_differences": 0,
}  # fmt: skip


def test_points_and_tiers_of_a_year_of_real_baskets_are_what_the_raw_files_make_them(
    stack: RunningStack,
) -> None:
    done = stack.run("replay", "--cards", str(CARDS), "--json")

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told | NOTHING_WRONG == told
    assert told["expected_minor"] == told["actual_minor"] > 0
    assert told["expected_points"] == told["actual_points"] > 0
    assert sum(told["tiers"].values()) == told["cards"] == CARDS
