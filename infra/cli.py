"""The command line. A new command is a function in a module of its own and a line here."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from infra import audit, bench, chaos, doctor, install, parked, sheet, till_bundle
from infra.demo import command as demo
from infra.failure import Failure
from infra.replay import command as replay
from infra.stack import Stack
from infra.state import ROOT, State

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
Json = Annotated[bool, typer.Option("--json", help="One JSON object as the last line.")]
console = Console()


@app.command()
def up(
    proxied: Annotated[
        bool, typer.Option(help="With connections that `chaos` can cut and delay.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Start the stack; what runs already runs on."""
    stack = Stack()
    stack.up(proxied)
    _show(stack.status(), as_json)


@app.command()
def down() -> None:
    """Stop the stack; its data stays."""
    Stack().down()


@app.command()
def status(as_json: Json = False) -> None:
    """Say what runs and where."""
    state = Stack().status()
    _show(state, as_json)
    if not state["ready"]:
        raise typer.Exit(1)


@app.command()
def logs(
    process: Annotated[str | None, typer.Argument(help="One process; all without it.")] = None,
    follow: Annotated[bool, typer.Option("-f", "--follow")] = False,
    lines: Annotated[int, typer.Option("-n", "--lines")] = 50,
) -> None:
    """Show what the processes have logged."""
    folder = State().logs
    files = {path.stem: path for path in sorted(folder.glob("*.log"))}
    if process is not None and process not in files:
        raise Failure(f"no log of {process!r}; there is: {', '.join(files) or 'none'}")
    shown = {process: files[process]} if process else files
    read = {name: path.read_text(errors="replace").splitlines() for name, path in shown.items()}
    width = max((len(name) for name in shown), default=0)
    for name, content in read.items():
        for line in content[-lines:]:
            _print_line(name if process is None else "", width, line)
    if follow:
        for name, line in _follow(shown, {name: len(content) for name, content in read.items()}):
            _print_line(name if process is None else "", width, line)


@app.command()
def migrate() -> None:
    """Bring every service's database to its newest version (`up` does it too)."""
    stack = Stack()
    if not stack.environment():
        raise Failure("there is no stack yet: ./chainstitch up")
    for service in stack.migrate():
        print(f"{service}: up to date")


@app.command("test")
def run_tests(
    environments: Annotated[list[str] | None, typer.Argument(help="tox environments")] = None,
) -> None:
    """Run everything that CI runs."""
    install.rabbitmq()
    install.chromium()
    chosen = ["-e", ",".join(environments)] if environments else []
    done = subprocess.run([sys.executable, "-m", "tox", "run", *chosen], cwd=ROOT, check=False)
    raise typer.Exit(done.returncode)


app.command("doctor")(doctor.command)
app.command("demo")(demo.command)
app.command("audit")(audit.command)
app.command("bench")(bench.command)
app.command("sheet")(sheet.command)
app.command("chaos")(chaos.command)
app.command("till")(till_bundle.command)
app.command("replay")(replay.command)
app.add_typer(parked.app, name="events")


def main() -> None:
    try:
        app()
    except Failure as failure:
        print(f"chainstitch: {failure}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _show(state: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(state))
        return
    table = Table("process", "ready", "pid", "MB", box=None)
    for name, process in state["processes"].items():
        ready = "[green]yes" if process["ready"] else "[red]no"
        table.add_row(name, ready, str(process["pid"] or "-"), str(process["rss_mb"]))
    if not state["processes"]:
        console.print("nothing has been started yet: ./chainstitch up")
        return
    console.print(table)
    for name, url in state["urls"].items():
        console.print(f"{name:8} {url}")


def _follow(shown: dict[str, Any], seen: dict[str, int]) -> Iterator[tuple[str, str]]:
    while True:
        for name, path in shown.items():
            content = path.read_text(errors="replace").splitlines() if path.exists() else []
            # Shorter than before: the log was rotated, and all of it is new.
            start = seen[name] if len(content) >= seen[name] else 0
            for line in content[start:]:
                yield name, line
            seen[name] = len(content)
        time.sleep(0.5)


def _print_line(name: str, width: int, line: str) -> None:
    print(f"{name:{width}} | {line}" if name else line, flush=True)
