"""The faults of `chaos`: what is done to a running stack, by name.

A round has every fault once, in an order of its own. What supervisord keeps running comes back by
itself; nothing here waits for it.
"""

import os
import random
import signal
from collections.abc import Callable, Iterator
from functools import partial

from infra import processes, proxy
from infra.stack import Stack

DELAY_MS = (200, 500)
DELAY_SECONDS = 4.0

Fault = Callable[[], bool]
"""Does it; False where there was nothing to do it to at the moment."""


class Faults:
    """What can be done to one stack."""

    def __init__(self, stack: Stack, seed: int) -> None:
        self._stack = stack
        self._numbers = random.Random(seed)
        own = stack.supervisor.processes()
        self._kinds: dict[str, Fault] = {
            f"kill {process.name}": partial(self._signal, process.name, signal.SIGKILL)
            for process in (*processes.SERVICES, processes.GATEWAY)
        }
        if "broker" in own:
            self._kinds["kill broker"] = partial(self._signal, "broker", signal.SIGKILL)
            self._kinds["restart broker"] = partial(self._restart, "broker")
        if "postgres" in own:
            # An immediate shutdown: no goodbye to anybody, recovery from the log at the start.
            self._kinds["restart database"] = partial(self._signal, "postgres", signal.SIGQUIT)
        self._kinds["cut connections"] = self._cut
        self._kinds["delay connections"] = self._delay

    def rounds(self) -> Iterator[tuple[str, Fault]]:
        """Faults without end: every kind once, then every kind again in another order."""
        while True:
            kinds = list(self._kinds.items())
            self._numbers.shuffle(kinds)
            yield from kinds

    def _signal(self, name: str, number: signal.Signals) -> bool:
        pid = int(self._stack.supervisor.processes().get(name, {}).get("pid", 0))
        if not pid:
            return False
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return False
        return True

    def _restart(self, name: str) -> bool:
        if name not in self._stack.supervisor.running():
            return False
        self._stack.supervisor.stop([name])
        self._stack.supervisor.start([name])
        return True

    def _cut(self) -> bool:
        return self._proxies(do="cut")

    def _delay(self) -> bool:
        return self._proxies(do="delay", ms=self._numbers.uniform(*DELAY_MS), seconds=DELAY_SECONDS)

    def _proxies(self, **order: object) -> bool:
        try:
            proxy.tell(self._stack.state.proxy_socket, **order)
        except OSError:
            return False
        return True
