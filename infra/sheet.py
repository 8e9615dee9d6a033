"""`./chainstitch sheet`: pictures of every screen of the app on one contact sheet, to be looked at.

The walk through the app is one of the browser tests' (`tests/e2e/sheet.py`); here is where it is
started, against the stack that is up.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from infra import install
from infra.failure import Failure
from infra.stack import Stack
from infra.state import ROOT


def command(
    size: Annotated[list[str] | None, typer.Option(help="phone, tablet; both without it.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="zh, en; both without it.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Where the pictures go.")] = None,
) -> None:
    """Take pictures of every screen: phone and tablet, light and dark, both languages."""
    stack = Stack()
    if not stack.status()["ready"]:
        raise Failure("the stack is not ready: ./chainstitch up")
    install.chromium()
    environment = stack.environment()
    options = [part for each in size or [] for part in ("--size", each)]
    options += [part for each in language or [] for part in ("--language", each)]
    options += ["--folder", str(folder or stack.state.folder / "pictures" / "sheet")]
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.sheet", *options],
        cwd=ROOT,
        env={
            **os.environ,
            "TEST_APP_URL": environment["GATEWAY_URL"],
            "TEST_ADMIN_PASSWORD": environment["BOOTSTRAP_ADMIN_PASSWORD"],
        },
        check=False,
    )
    raise typer.Exit(done.returncode)
