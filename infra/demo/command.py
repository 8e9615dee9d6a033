"""`./chainstitch demo`: everything from nothing to a page to open."""

import asyncio
import json
import signal
import threading
import uuid
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from infra.demo import load, page
from infra.demo.notes import Notes
from infra.stack import Stack

errors = Console(stderr=True, soft_wrap=True)


def command(
    detach: Annotated[bool, typer.Option("--detach", help="Leave it running, and return.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as last line.")] = False,
) -> None:
    """Set up, start, fill with a fashion chain, and say where to click. Ctrl-C stops it."""
    stack = Stack()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    ours = not stack.status()["ready"]
    try:
        notes, today = _prepare(stack)
        urls = stack.status()["urls"]
        password = stack.environment()["BOOTSTRAP_ADMIN_PASSWORD"]
        page.show(errors if as_json else Console(soft_wrap=True), urls, password, notes, today)
        if as_json:
            shown = {"urls": urls, "seconds": notes.values["seconds"], **today}
            print(json.dumps(shown, ensure_ascii=False), flush=True)
        if detach or not ours:
            errors.print("\nIt runs on until: ./chainstitch down")
            return
        errors.print("\nCtrl-C stops it; the data stays for the next time.")
        threading.Event().wait()
    except KeyboardInterrupt:
        # Who found it running does not end it for the others.
        if ours:
            errors.print("\nstopping")
            stack.down()
        raise


def _prepare(stack: Stack) -> tuple[Notes, dict[str, Any]]:
    notes = Notes(stack.state)
    with notes.alone():
        stack.up()
        url = stack.environment()["GATEWAY_URL"]
        password = stack.environment()["BOOTSTRAP_ADMIN_PASSWORD"]
        if not notes.done:
            with _progress() as progress:
                asyncio.run(load.fill(url, password, notes, _Teller(progress)))
            errors.print(f"filled in {sum(notes.values['seconds'].values()):.0f} s")
        device_id = str(uuid.uuid4())
        return notes, asyncio.run(page.look(url, password, notes, device_id))


class _Teller:
    """A bar for each stage."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, Any] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage not in self._bars:
            self._bars[stage] = self._progress.add_task(stage, total=total)
        self._progress.update(self._bars[stage], completed=done)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(), console=errors, refresh_per_second=4,
    )  # fmt: skip


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
