"""A stack of its own for a measurement that fills it: made, and taken away again."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.failure import Failure
from infra.stack import Stack
from infra.state import State


@contextmanager
def running(keep: Path | None, tell: Callable[[str], None]) -> Iterator[Stack]:
    """A stack that runs as long as this does; it stays on the disk where `keep` says so."""
    if "DATABASE_URL" in os.environ:
        raise Failure("this fills a server of its own: unset DATABASE_URL")
    with _stack(keep) as stack:
        tell("starting a stack")
        stack.up()
        try:
            yield stack
        finally:
            stack.down()
            if keep is None:
                stack.state.broker().forget()


@contextmanager
def _stack(keep: Path | None) -> Iterator[Stack]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield Stack(State(keep.resolve()))
        return
    with tempfile.TemporaryDirectory(prefix="chainstitch-bench-") as folder:
        # The database server is another user's, and has to get through.
        Path(folder).chmod(0o755)
        yield Stack(State(Path(folder) / "state"))
