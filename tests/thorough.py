"""How thoroughly properties are looked at: quick by default, TEST_THOROUGHNESS=20 for a night."""

import os


def examples(quick: int) -> int:
    """So many examples of Hypothesis, times TEST_THOROUGHNESS."""
    return quick * int(os.environ.get("TEST_THOROUGHNESS", "1"))
