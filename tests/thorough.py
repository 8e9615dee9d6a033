"""How thoroughly properties are looked at: quick by default, TEST_THOROUGHNESS=20 for a night.

A quick run tries the same examples every time, so that it fails for what was changed and nothing
else; a thorough one looks where nobody has looked yet.
"""

import os

from hypothesis import HealthCheck, settings

_THOROUGHNESS = int(os.environ.get("TEST_THOROUGHNESS", "1"))


def examples(quick: int) -> int:
    """So many examples of Hypothesis, times TEST_THOROUGHNESS."""
    return quick * _THOROUGHNESS


def load_profile() -> None:
    """No deadline: what a slow machine takes long for is not wrong."""
    settings.register_profile(
        "chainstitch",
        deadline=None,
        derandomize=_THOROUGHNESS == 1,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("chainstitch")
