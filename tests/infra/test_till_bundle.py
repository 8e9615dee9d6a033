"""What the bundle of the till is made of, without building one."""

import ast
import re
import struct
import sys

from infra import till_bundle
from infra.till_icon import icon
from staff_app.browser.storage import OPEN_NAMES


def test_every_file_that_the_page_names_is_there() -> None:
    web = till_bundle.WEB
    page = (web / "index.html").read_text()
    named = set(re.findall(r'v/@VERSION@/([\w.]+)"', page))
    own = {path.name for path in web.iterdir()} | set(till_bundle.CLIENT)

    assert named <= own
    assert all((web / name).exists() for name in till_bundle.TOP)
    assert "http" not in page


def test_a_change_of_any_source_is_another_bundle() -> None:
    names = {str(path.relative_to(till_bundle.ROOT)) for path in till_bundle._sources()}

    assert names >= {"staff_app/till.py", "staff_app/browser/web/vault.js"}
    assert {name for name in names if name.endswith("/transport.py")} == {
        "staff_app/browser/transport.py"
    }


def test_no_module_of_the_till_needs_at_once_what_a_browser_has_not() -> None:
    """Pyodide has the standard library without these, and what is put into the bundle."""
    missing = {
        "ssl",
        "sqlite3",
        "lzma",
        "curses",
        "dbm",
        "tkinter",
        "subprocess",
        "multiprocessing",
    }
    there = (sys.stdlib_module_names - missing) | {"flet", "staff_app", "msgpack"}
    strange = {}
    for path in till_bundle._app_modules():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Import):
                names = {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {(node.module or "").split(".")[0]}
            else:
                continue
            if names - there:
                strange[str(path.relative_to(till_bundle.ROOT))] = names - there

    assert strange == {}


def test_what_is_kept_in_the_clear_is_the_same_in_both_languages() -> None:
    worker = (till_bundle.WEB / "worker.js").read_text()
    (listed,) = re.findall(r"OPEN_NAMES = \[(.*?)\]", worker)

    assert tuple(re.findall(r"'(\w+)'", listed)) == OPEN_NAMES


def test_an_icon_is_a_picture_of_its_size() -> None:
    drawn = icon(32)

    assert drawn[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", drawn[16:24]) == (32, 32)
    assert drawn != icon(32, maskable=True)
