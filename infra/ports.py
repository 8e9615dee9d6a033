"""Free ports on 127.0.0.1, below the range that the system hands out to outgoing connections."""

import random
import socket
from collections.abc import Container

from infra.failure import Failure

RANGE = range(20000, 32000)
TRIES = 2000


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def pick(taken: Container[int] = ()) -> int:
    for _ in range(TRIES):
        port = random.choice(RANGE)
        if port not in taken and is_free(port):
            return port
    raise Failure(f"no free port between {RANGE.start} and {RANGE.stop}")
