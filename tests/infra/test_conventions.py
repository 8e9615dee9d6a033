"""The limits and habits that keep the code liveable, as tests."""

import ast
import functools
import re
import subprocess
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("shared", "services", "gateway", "staff_app", "infra")
FILE_LINES = 400
FUNCTION_LINES = 70
LINE_LENGTH = 100
# Spelt so that this file does not find itself.
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME)\b")


def sources(*folders: str) -> list[Path]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if "migrations" not in path.parts)


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_file_is_longer_than_one_can_read() -> None:
    long = {
        shown(path): count
        for path in sources(*PACKAGES)
        if (count := len(path.read_text().splitlines())) > FILE_LINES
    }

    assert long == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {}
    for path in sources(*PACKAGES, "tests"):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > FUNCTION_LINES:
                    long[f"{shown(path)}:{node.name}"] = length

    assert long == {}


def test_no_line_is_too_long() -> None:
    long = [
        f"{shown(path)}:{number}"
        for path in sources(*PACKAGES, "tests")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > LINE_LENGTH
    ]

    assert long == []


def test_nothing_is_left_for_later() -> None:
    left = [
        f"{shown(path)}:{number}"
        for path in sources(*PACKAGES, "tests")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if UNFINISHED.search(line)
    ]

    assert left == []


def test_migrations_of_a_service_stand_in_one_line() -> None:
    forked = {
        shown(folder): heads
        for folder in sorted((ROOT / "services").glob("*/migrations"))
        if len(heads := ScriptDirectory(str(folder)).get_heads()) != 1
    }

    assert forked == {}


def test_every_module_says_what_it_owns() -> None:
    silent = [
        shown(path)
        for path in sources(*PACKAGES)
        if path.name != "__main__.py" and ast.get_docstring(parsed(path)) is None
    ]

    assert silent == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-replay.lock"])
def test_a_lock_names_no_address_and_a_hash_for_every_package(lock: str) -> None:
    text = (ROOT / lock).read_text()
    packages = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)

    assert "://" not in text
    assert [p.splitlines()[0] for p in packages if p.strip() and "--hash=sha256:" not in p] == []


def test_the_shell_script_is_one_for_every_posix_shell() -> None:
    checked = subprocess.run(
        ["sh", "-n", str(ROOT / "chainstitch")], capture_output=True, text=True, check=False
    )

    assert checked.stderr == ""
