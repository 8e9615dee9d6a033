"""The network between a browser and the stack, as something that can be taken away."""

import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from infra import ports, proxy
from infra.failure import Failure

PATIENCE_SECONDS = 10


class Wire:
    """`origin` reaches the stack while it is up; nobody answers there while it is down."""

    def __init__(self, target: str, folder: Path) -> None:
        self._target = urlsplit(target).netloc
        self._control = folder / "wire.sock"
        self._port = ports.pick()
        self._process: subprocess.Popen[bytes] | None = None
        self.origin = f"http://127.0.0.1:{self._port}"

    def up(self) -> None:
        route = f"till={self._port}={self._target}"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "infra.proxy", str(self._control), route]
        )
        until = time.monotonic() + PATIENCE_SECONDS
        while not proxy.is_ready(self._control):
            if time.monotonic() > until:
                raise Failure("the wire to the stack does not come up")
            time.sleep(0.05)

    def down(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
