"""Counts the steps of what a clerk does, from what the browser shows.

A *step* is one screen or sheet on which the person must act, counted from the home screen, signed
in. A screen is the path in the address bar, the sheet that is open over it, and the one filled
button at its foot: by the rule of the app each screen has one, so a path that shows another filled
button is another screen. Where two panes stand beside each other, it is the button of the pane in
which the person acts. The tap that leaves the home screen is no step of its own; whatever else is
done there is.
"""

import ast
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import TimeoutError as PlaywrightTimeout

import staff_app
from tests.e2e.browser import Phone, Variant

APP = Path(staff_app.__file__).parent
HOME = "/home"
WAYS_HOME = ("tab-home", "next-sale", "to-member", "to-orders", "to-stock", "back")
DEEPEST = 5
"""So many taps lead home from anywhere, and one more is none."""
OTHER_CONTROLS = ("named", "secondary", "quiet", "icon_button")
LEAVES_WITHIN_SECONDS = 5
MOST_STEPS = 3
_SHOWN = """
([buttons, acted]) => {
  const all = [...document.querySelectorAll('[flt-semantics-identifier]')];
  const name = element => element.getAttribute('flt-semantics-identifier');
  const shown = names => all.filter(element => names(name(element)));
  const box = shown(each => each === acted).pop()?.getBoundingClientRect();
  const isAbove = element => {
    const foot = element.getBoundingClientRect();
    const middle = box && (box.left + box.right) / 2;
    return !box || (foot.left <= middle && middle <= foot.right);
  };
  return [
    shown(each => each.endsWith('-sheet') || each.endsWith('-dialog')).map(name),
    shown(each => buttons.includes(each)).filter(isAbove).map(name),
  ].map(names => names.pop() || '');
}
"""
"""The sheet, and the filled button at the foot of what the control named `acted` is in."""
_AT = """
() => {
  const headings = [...document.querySelectorAll('[flt-semantics-identifier^="at/"]')];
  const shown = headings.pop();
  return shown ? shown.getAttribute('flt-semantics-identifier').slice(2) : location.pathname;
}
"""
"""The route of the screen that is shown; the browser's address comes after it."""


def filled_buttons() -> set[str]:
    """The names that `primary` draws, and nothing else does."""
    filled, others = set(), set()
    for path in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                if node.func.id == "primary":
                    filled.add(name.value)
                elif node.func.id in OTHER_CONTROLS:
                    others.add(name.value)
    return filled - others


class Place(NamedTuple):
    """Where the person is: a path, the sheet over it, the filled button."""

    path: str
    sheet: str = ""
    button: str = ""

    def is_as(self, other: "Place") -> bool:
        """The same screen; while it has no filled button yet, it is what it becomes."""
        same = (self.path, self.sheet) == (other.path, other.sheet)
        return same and (not self.button or not other.button or self.button == other.button)


@dataclass
class Operation:
    """What one operation took."""

    name: str
    variant: Variant
    places: list[Place] = field(default_factory=list)
    taps: int = 0
    seconds: float = 0.0

    def act(self, place: Place, taps: int) -> None:
        self.taps += taps
        if self.places and self.places[-1].is_as(place):
            self.places[-1] = max(self.places[-1], place, key=lambda each: bool(each.button))
        else:
            self.places.append(place)

    @property
    def steps(self) -> int:
        return len(self.places)

    def row(self) -> str:
        way = " → ".join(f"{place.path}{' ' + place.sheet if place.sheet else ''}"
                         f"{' [' + place.button + ']' if place.button else ''}"
                         for place in self.places)  # fmt: skip
        done = f"{self.name:24} {self.variant!s:10}"
        return f"{done} {self.steps:5} {self.taps:5} {self.seconds:8.1f}  {way}"


class MeteredPhone(Phone):
    """A phone that counts while `operation` runs: every tap, every screen that was acted on."""

    _buttons = sorted(filled_buttons())
    _running: Operation | None = None

    @contextmanager
    def operation(self, name: str, done: list[Operation]) -> Iterator[None]:
        """From the home screen until what was done is shown; appended to `done`."""
        self.go_home()
        running = self._running = Operation(name, self.variant)
        began = time.monotonic()
        try:
            yield
        finally:
            running.seconds = time.monotonic() - began
            self._running = None
        done.append(running)

    def go_home(self) -> None:
        """The taps that lead home are not counted; where there are none, the page is opened
        anew."""
        for _ in range(DEEPEST):
            here = self.place()
            if here.path == HOME:
                return
            way = next((each for each in WAYS_HOME if self.named(each).count()), None)
            if way is None:
                break
            super().press(way)
            self._leaves(here)
        # What a browser was asked to show before would lead it back.
        self.page.wait_for_function(f"() => ({_AT.strip()})() === location.pathname")
        self.open(HOME)

    def press(self, identifier: str) -> None:
        if self._running is None:
            super().press(identifier)
            return
        self.shows(identifier)
        place, first = self.place(identifier), not self._running.places
        super().press(identifier)
        if first and place.path == HOME and self._leaves(place):
            self._running.taps += 1
        else:
            self._running.act(place, 1)

    def type(self, identifier: str, text: str, enter: bool = False) -> None:
        self.shows(identifier)
        self._act(identifier, 1 + len(text) + enter)
        super().type(identifier, text, enter)

    def scan(self, code: str, into: str = "scan") -> None:
        self.shows(into)
        self._act(into, 1)
        super().scan(code, into)

    def place(self, acted: str = "") -> Place:
        """Of whoever acts on this control."""
        sheet, button = self.page.evaluate(_SHOWN, [self._buttons, acted])
        return Place(self.page.evaluate(_AT), sheet, button)

    def _act(self, on: str, taps: int) -> None:
        if self._running is not None:
            self._running.act(self.place(on), taps)

    def _leaves(self, before: Place) -> bool:
        """Whether a tap led away from where it was made."""
        try:
            self.page.wait_for_function(
                f"before => ({_AT.strip()})() !== before",
                arg=before.path,
                timeout=LEAVES_WITHIN_SECONDS * 1_000,
            )
        except PlaywrightTimeout:
            return False
        return True


def table(done: list[Operation]) -> str:
    head = (
        f"{'operation':24} {'variant':10} {'steps':>5} {'taps':>5} {'seconds':>8}  screens acted on"
    )
    return "\n".join([head, *(operation.row() for operation in done)])
