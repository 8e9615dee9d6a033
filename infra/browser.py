"""A phone in a real browser: finds controls by the names the app gives them, types like a thumb.

For the browser tests, the pictures of all screens and `bench --app`.

Flutter draws on a canvas; what a test (or a screen reader) sees is its semantics tree. It has to
be switched on before the first frame, and a field takes keys only once Flutter listens to it.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page, Route, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from infra import install

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
FIRST_FRAME_MILLISECONDS = 90_000
PATIENCE_SECONDS = 20
ATTEMPTS = 4
SWITCH_SEMANTICS_ON = """
new MutationObserver((_changes, observer) => {
  const button = document.querySelector('flt-semantics-placeholder');
  if (button) { button.click(); observer.disconnect(); }
}).observe(document, {childList: true, subtree: true});
"""
_LISTENS = """
field => document.activeElement === field && field.getAttribute('autocorrect') === 'on'
"""
_SAID = """
identifier => {
  const named = `[flt-semantics-identifier="${identifier}"]`;
  const places = [...document.querySelectorAll(identifier ? named : 'flt-semantics-host')];
  const place = places.pop();
  if (!place) return '';
  const labels = [place, ...place.querySelectorAll('[aria-label]')]
    .map(element => element.getAttribute('aria-label') || '');
  return [place.innerText, ...labels].join('\\n');
}
"""


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser without a window. Raises `Missing` where there is none."""
    with sync_playwright() as playwright:
        path = install.chromium()
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Phone:
    """One device with a storage of its own. `strayed` are requests to any other host."""

    def __init__(
        self,
        browser: Browser,
        origin: str,
        pictures: Path | None,
        size: tuple[int, int],
        service_workers: Literal["allow", "block"] = "block",
        dense: int = 1,
    ) -> None:
        """Without a folder for `pictures` none are kept; `dense` is how many dots a pixel has."""
        width, height = size
        self.size = size
        self.origin = origin.rstrip("/")
        self.pictures = pictures
        self.strayed: list[str] = []
        self.context = browser.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=dense,
            locale="zh-CN",
            service_workers=service_workers,
        )
        self.context.add_init_script(SWITCH_SEMANTICS_ON)
        self.context.route("**/*", self._stay)
        self.said: list[str] = []
        self.page = self._new_page()

    def _new_page(self) -> Page:
        page = self.context.new_page()
        self._fit(page)
        page.set_default_timeout(PATIENCE_SECONDS * 1000)
        page.on("console", lambda message: self.said.append(message.text))
        return page

    def resize(self, size: tuple[int, int]) -> None:
        """This window, and those that follow it."""
        self.size = size
        self._fit(self.page)

    def _fit(self, page: Page) -> None:
        width, height = self.size
        page.set_viewport_size({"width": width, "height": height})

    def restart(self, path: str) -> None:
        """The window is closed and opened anew: what it had for itself has gone."""
        self.shut()
        self.open(path)

    def shut(self) -> None:
        """The window is closed; another one is there, with nothing in it yet."""
        self.page.close()
        self.page = self._new_page()

    def open(self, path: str = "/") -> None:
        self.page.goto(self.origin + path, timeout=FIRST_FRAME_MILLISECONDS)
        self.drawn()

    def reload(self) -> None:
        self.page.reload(timeout=FIRST_FRAME_MILLISECONDS)
        self.drawn()

    def drawn(self) -> None:
        first = self.page.locator("flt-semantics-host flt-semantics").first
        first.wait_for(state="attached", timeout=FIRST_FRAME_MILLISECONDS)
        cover = self.page.locator("#loading")
        cover.wait_for(state="detached", timeout=FIRST_FRAME_MILLISECONDS)

    def close(self) -> None:
        self.context.close()

    def named(self, identifier: str) -> Locator:
        return self.page.locator(f'[flt-semantics-identifier="{identifier}"]').last

    def press(self, identifier: str) -> None:
        found = self.named(identifier)
        found.wait_for(state="attached")
        button = found.get_by_role("button")
        (button.first if button.count() else found).click()

    def draw(self, identifier: str, *points: tuple[int, int]) -> None:
        """Draw a line with the mouse, from point to point of a named part of the screen."""
        found = self.named(identifier)
        found.wait_for(state="attached")
        box = found.bounding_box()
        if box is None:
            raise AssertionError(f"{identifier} is not on the screen")
        (x, y), *rest = points
        self.page.mouse.move(box["x"] + x, box["y"] + y)
        self.page.mouse.down()
        for x, y in rest:
            self.page.mouse.move(box["x"] + x, box["y"] + y, steps=8)
        self.page.mouse.up()

    def choose_file(self, identifier: str, name: str, content: bytes) -> None:
        """Press, and choose a file where the browser asks for one."""
        with self.page.expect_file_chooser() as asked:
            self.press(identifier)
        file = {"name": name, "mimeType": "image/png", "buffer": content}
        asked.value.set_files(files=[file])

    def keys(self, digits: str) -> None:
        for digit in digits:
            self.press(f"key-{digit}")

    def type(self, identifier: str, text: str, enter: bool = False) -> None:
        self._fill(identifier, text, 20)
        if enter:
            self.page.keyboard.press("Enter")

    def scan(self, code: str, into: str = "scan") -> None:
        """As a keyboard-wedge scanner does: fast, then Enter."""
        self._fill(into, code, 4)
        self.page.keyboard.press("Enter")

    def _fill(self, identifier: str, text: str, pause: int) -> None:
        """Key by key; all of it once more where the screen took something away meanwhile."""
        for _ in range(ATTEMPTS):
            field = self.focus(identifier)
            field.press_sequentially(text, delay=pause)
            try:
                expect(field).to_have_value(text, timeout=1_000)
            except AssertionError:
                field.press("Control+a")
                field.press("Delete")
                continue
            return
        raise AssertionError(f"{text} could not be typed")

    def focus(self, identifier: str) -> Locator:
        """Click until Flutter has opened its connection to the field."""
        field = self.named(identifier).locator("input,textarea")
        for _ in range(30):
            field.click()
            try:
                self.page.wait_for_function(
                    _LISTENS,
                    arg=field.element_handle(),
                    timeout=400,
                )
            except PlaywrightTimeout:
                continue  # it listens later: clicked again
            return field
        raise AssertionError(f"{identifier} takes no keys")

    def listens(self, identifier: str) -> None:
        """Wait until a field takes keys, without a touch."""
        field = self.named(identifier).locator("input,textarea")
        self.page.wait_for_function(_LISTENS, arg=field.element_handle())

    def sees(self, text: str, within: str | None = None) -> None:
        """Wait until it is said on the screen, or within a named part of it."""
        self._until_said([re.compile(re.escape(text))], within)

    def sees_one_of(self, *texts: str) -> str:
        """Wait until one of them is said; which."""
        return texts[self._until_said([re.compile(re.escape(text)) for text in texts])]

    def _until_said(self, patterns: list[re.Pattern[str]], within: str | None = None) -> int:
        """The place of the one that is said."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            said = self.text(within)
            for place, pattern in enumerate(patterns):
                if pattern.search(said):
                    return place
            if time.monotonic() > end:
                wanted = ", ".join(pattern.pattern for pattern in patterns)
                raise AssertionError(f"{wanted} is not in: {said}")
            self.page.wait_for_timeout(100)

    def shows(self, identifier: str) -> None:
        """Wait until there is something of this name."""
        self.named(identifier).wait_for(state="attached")

    def is_gone(self, identifier: str) -> None:
        self.named(identifier).wait_for(state="detached")

    def text(self, within: str | None = None) -> str:
        """All that is said: what is drawn as text, and what stands in labels only."""
        return str(self.page.evaluate(_SAID, within))

    def picture(self, name: str) -> None:
        """Keep what is on the screen, for eyes; it is let come to rest first."""
        if self.pictures is not None:
            self.page.wait_for_timeout(400)
            self.photograph(self.pictures, name)

    def photograph(self, folder: Path, name: str) -> None:
        """What is on the screen at this moment."""
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{name}.png")

    def _stay(self, route: Route) -> None:
        if urlsplit(route.request.url).netloc == urlsplit(self.origin).netloc:
            route.continue_()
        else:
            self.strayed.append(route.request.url)
            route.abort()
