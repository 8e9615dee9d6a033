"""How often one caller may ask: a token bucket each, in memory of this gateway."""

import time
from collections import OrderedDict

HELD = 50_000


class Buckets:
    """`rate` requests a second per key, `burst` at once. The keys last seen are remembered."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> bool:
        """Whether this key may make another request now."""
        now = time.monotonic()
        level, since = self._levels.pop(key, (float(self._burst), now))
        level = min(self._burst, level + (now - since) * self._rate)
        allowed = level >= 1
        self._levels[key] = (level - 1 if allowed else level, now)
        if len(self._levels) > HELD:
            self._levels.popitem(last=False)
        return allowed
