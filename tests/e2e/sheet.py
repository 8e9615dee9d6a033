"""Pictures of every screen on one sheet: phone and tablet, light and dark, both languages.

`./chainstitch sheet` runs it against the stack that is up, in stores made for it. What a machine
can see on the way is looked for too: words without translation, words of the other language, what
lies outside the screen, targets too small for a thumb, what a screen reader has no name for.
"""

import argparse
import json
import os
import re
import string
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageDraw
from playwright.sync_api import Browser
from playwright.sync_api import Error as PlaywrightError

from infra.wire import Wire
from staff_app.i18n import CATALOGUE, LANGUAGES
from tests.e2e.browser import SIZES, Phone, Variant, launched, sentence
from tests.e2e.scenes import TILL_SCENES, Scene, Walk, all_scenes
from tests.e2e.shop import Shop

LOOKS = ("light", "dark")
TARGET = 48
HEIGHT, GAP, NAME_WIDTH = 300, 8, 150
"""Of a picture on the sheet, in pixels."""
TALLEST = 60_000
DRAWN_MILLISECONDS = 350
CHINESE = re.compile(r"[\u4e00-\u9fff]")
_BEGIN_WITH = """
kept => {
  const name = 'flutter.chainstitch.preferences';
  if (!localStorage.getItem(name)) localStorage.setItem(name, JSON.stringify(JSON.stringify(kept)));
}
"""
_LOOK = """
() => {
  const nodes = [...document.querySelectorAll('flt-semantics')];
  const name = element => element.closest('[flt-semantics-identifier]')
    ?.getAttribute('flt-semantics-identifier') || '';
  const said = element => [element.getAttribute('aria-label') || '', element.innerText || '',
    ...[...element.querySelectorAll('[aria-label]')].map(e => e.getAttribute('aria-label'))]
    .join('\\n').trim();
  const scrolled = element => {
    let area = element.parentElement;
    while (area && !['scroll', 'auto'].includes(getComputedStyle(area).overflowY))
      area = area.parentElement;
    return area;
  };
  const isCut = (element, box) => {
    const area = scrolled(element)?.getBoundingClientRect();
    return !!area && (box.bottom >= area.bottom - 1 || box.top <= area.top + 1);
  };
  const described = element => {
    const box = element.getBoundingClientRect();
    const acts = element.hasAttribute('flt-tappable') || element.getAttribute('role') === 'button';
    return {name: name(element), said: said(element), acts, left: box.left, right: box.right,
      width: box.width, height: box.height, cut: isCut(element, box),
      disabled: element.getAttribute('aria-disabled') === 'true',
      own: element.getAttribute('aria-label') ||
        [...element.childNodes].filter(n => n.nodeName === 'SPAN' || n.nodeType === 3)
          .map(n => n.textContent).join('')};
  };
  return nodes.map(described).filter(each => each.width > 0 && each.height > 0);
}
"""


@dataclass
class Sheet:
    """What was taken, by scene and variant, and what is wrong with it."""

    folder: Path
    taken: dict[str, dict[str, Path]] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)

    def take(self, phone: Phone, scene: Scene, size: str, language: str) -> None:
        for look in LOOKS:
            phone.page.emulate_media(color_scheme=look)
            phone.page.wait_for_timeout(DRAWN_MILLISECONDS)
            variant = f"{size}-{look}-{language}"
            path = self.folder / f"{scene.name}-{variant}.png"
            phone.page.screenshot(path=path)
            self.taken.setdefault(scene.name, {})[variant] = path
        for fault in look_for_faults(phone, size, language):
            self.add(fault, f"{scene.name} {size} {language}")

    def add(self, fault: str, where: str) -> None:
        places = self.faults.setdefault(fault, [])
        if where not in places:
            places.append(where)

    def draw(self, scenes: list[Scene], sizes: list[str], languages: list[str]) -> Path:
        """All of them on one picture: a row a scene, a column a variant."""
        columns = [f"{size}-{look}-{language}" for size in sizes for look in LOOKS
                   for language in languages]  # fmt: skip
        widths = [round(HEIGHT * SIZES[c.split("-")[0]][0] / SIZES[c.split("-")[0]][1])
                  for c in columns]  # fmt: skip
        across = NAME_WIDTH + sum(width + GAP for width in widths)
        down = min((HEIGHT + GAP) * len(scenes), TALLEST)
        sheet = Image.new("RGB", (across, down), "#777777")
        pen = ImageDraw.Draw(sheet)
        for row, scene in enumerate(scenes):
            top, left = row * (HEIGHT + GAP), NAME_WIDTH
            pen.text((8, top + 8), f"{scene.name}\n{scene.path}", fill="white")
            for variant, width in zip(columns, widths, strict=True):
                path = self.taken.get(scene.name, {}).get(variant)
                if path is not None:
                    with Image.open(path) as picture:
                        sheet.paste(picture.convert("RGB").resize((width, HEIGHT)), (left, top))
                left += width + GAP
        path = self.folder / "contact-sheet.png"
        sheet.save(path)
        return path


def look_for_faults(phone: Phone, size: str, language: str) -> Iterator[str]:
    """Mistakes a machine can see on the screen that is open."""
    width = SIZES[size][0]
    for node in phone.page.evaluate(_LOOK):
        called = node["name"] or node["said"][:20]
        if node["acts"] and not node["said"] and not node["disabled"]:
            yield f"no label: {called}"
        high = node["height"] >= TARGET - 1 or node["cut"]  # by the edge of what is scrolled
        if node["acts"] and not (high and node["width"] >= TARGET - 1):
            yield f"target {node['width']:.0f}×{node['height']:.0f}: {called}"
        if node["left"] < -1 or node["right"] > width + 1:
            yield f"outside: {called} {node['left']:.0f}-{node['right']:.0f}"
        for line in node["own"].split("\n"):
            yield from _wrong_words(line.strip(), language)


def _wrong_words(line: str, language: str) -> Iterator[str]:
    if "_" in line and line in CATALOGUE:
        yield f"not translated: {line}"
    for key, pattern in _OTHERS[language]:
        if pattern.fullmatch(line):
            yield f"in the other language: {line} ({key})"


def _patterns(place: int) -> list[tuple[str, re.Pattern[str]]]:
    """Sentences of one language that are not the same in the other."""
    found = []
    for key, pair in CATALOGUE.items():
        text = pair[place]
        fixed = "".join(literal for literal, *_ in string.Formatter().parse(text))
        wanted = CHINESE.search(fixed) if place == 0 else re.search(r"[A-Za-z]{3}", fixed)
        if pair[0] != pair[1] and wanted and key != "other_language":
            found.append((key, sentence(text)))
    return found


_OTHERS = {language: _patterns(1 - place) for place, language in enumerate(LANGUAGES)}


def walk(browser: Browser, origin: str, shop: Shop, size: str, language: str, sheet: Sheet) -> None:
    """All scenes in one size and language; one that cannot be come to is a fault, no end."""
    phone = Phone(browser, origin, sheet.folder, Variant(size, language))
    _go(all_scenes(), Walk(phone, shop, size == "tablet", language), size, sheet)


def walk_with_till(
    browser: Browser, origin: str, shop: Shop, size: str, language: str, sheet: Sheet
) -> None:
    """The till that runs on the device, until it has no network and after."""
    with TemporaryDirectory() as folder:
        wire = Wire(origin, Path(folder))
        wire.up()
        try:
            shown = Variant(size, language)
            phone = Phone(browser, wire.origin, sheet.folder, shown, service_workers="allow")
            way = Walk(phone, shop, size == "tablet", language, cut=wire.down)
            _go(TILL_SCENES, way, size, sheet)
        finally:
            wire.down()


def _go(scenes: list[Scene], way: Walk, size: str, sheet: Sheet) -> None:
    phone, language = way.phone, way.language
    kept = json.dumps({"language": language, "look": "system", "recent_staff": []})
    phone.context.add_init_script(f"({_BEGIN_WITH})({kept})")
    for scene in scenes:
        began = time.monotonic()
        try:
            scene.come(way)
        except (PlaywrightError, AssertionError) as error:
            print(error, file=sys.stderr)
            sheet.add("could not be shown", f"{scene.name} {size} {language}")
        sheet.take(phone, scene, size, language)
        print(f"{size} {language} {scene.name} {time.monotonic() - began:.1f} s", file=sys.stderr)
    if phone.strayed:
        sheet.add(f"asked elsewhere: {phone.strayed}", f"{size} {language}")
    phone.close()


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--size", action="append", choices=list(SIZES))
    asked.add_argument("--language", action="append", choices=LANGUAGES)
    asked.add_argument("--folder", type=Path, default=Path(".state/pictures/sheet"))
    given = asked.parse_args()
    sizes, languages = given.size or list(SIZES), given.language or list(LANGUAGES)
    origin, password = os.environ["TEST_APP_URL"].rstrip("/"), os.environ["TEST_ADMIN_PASSWORD"]
    given.folder.mkdir(parents=True, exist_ok=True)
    sheet = Sheet(given.folder)
    with launched() as browser:
        for size in sizes:
            for language in languages:
                shop = Shop(f"{origin}/graphql", password)
                shop.build()
                for way in (walk, walk_with_till):
                    way(browser, origin, shop, size, language, sheet)
    drawn = sheet.draw([*all_scenes(), *TILL_SCENES], sizes, languages)
    told = {"sheet": str(drawn), "pictures": sum(map(len, sheet.taken.values())),
            "faults": sheet.faults}  # fmt: skip
    (given.folder / "faults.json").write_text(json.dumps(told, ensure_ascii=False, indent=1))
    print(json.dumps(told, ensure_ascii=False))


if __name__ == "__main__":
    main()
