"""When nothing is on its way between two services any more."""

import time
from collections.abc import Mapping

from infra import queues
from infra.snapshots import snapshots, unpublished

LOOK_SECONDS = 0.3


def wait_until_quiet(environment: Mapping[str, str], seconds: float) -> bool:
    """Wait until outboxes and queues are empty at two looks, or for so long; whether they are."""
    until = time.monotonic() + seconds
    quiet = 0
    while quiet < 2:
        with snapshots(environment) as opened:
            moving: Mapping[str, int] = unpublished(opened)
        if not moving:
            moving = queues.depths(environment, queues.event_queues())
        quiet = 0 if any(moving.values()) else quiet + 1
        if time.monotonic() > until:
            return quiet > 0
        time.sleep(LOOK_SECONDS)
    return True
