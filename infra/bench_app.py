"""`./chainstitch bench --app`: how fast the app is to whoever holds it, in a real browser.

First usable screen (the app served from the server, and the till that lies on the device), change
of screen, answer of a search; and what 40 signed-in sessions cost one server process. Times are
taken in the page, from the press to the frame that shows what was asked for, with the tree for
screen readers switched on, by whose names things are found: without it it is somewhat faster.
"""

import asyncio
import itertools
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from infra import bench_till, crowd, own_stack, trial
from infra.api import Api
from infra.app_sessions import AppSession
from infra.browser import Phone, launched
from infra.demo import words
from infra.failure import Failure
from infra.stack import Stack
from infra.trial import Plan, Trial, at_once, batched, id_of
from shared.ids import new_id
from staff_app import queries

NAME = "bench-app"
PIN = "736193"
SIZE = (390, 844)
PREFERENCES = "flutter.chainstitch.preferences"
USABLE = ("activate", "sign-in", "to-do", "scan")
"""What the first screen is known by that one can do something on."""
SCREENS = (
    ("tab-sale", "scan"), ("tab-members", "member-query"), ("tab-stock", "stock-query"),
    ("tab-more", "sign-out"), ("tab-home", "to-do"),
)  # fmt: skip
ROUTES = ("/", "/customers", "/stock", "/more", "/home")
STYLES_OF_A_REQUEST = 50
COLOURS, SIZES_OF_CLOTHES = ("黑", "白", "酒红", "雾蓝", "驼"), ("S", "M", "L", "XL")
SETTLED_SECONDS = 3
EMPTYINGS = 5
PAUSE_SECONDS = 1.0
"""Each of many sessions changes its screen about so often."""
_FIRST_USE = """
(() => {
  const wanted = SELECTOR;
  const look = () => document.querySelector(wanted)
    ? window.firstUse = performance.now() : requestAnimationFrame(look);
  requestAnimationFrame(look);
})()
"""
_HEAR = """
(() => {
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', () => {
        if (window.answered === null) window.answered = performance.now();
      });
    }
  };
})()
"""
_WATCH = """
([event, key, selector]) => {
  let began = null;
  addEventListener(event, happened => {
    if (key && happened.key !== key) return;
    window.began = began = performance.now();
    window.answered = null;
  }, {capture: true});
  window.took = new Promise(done => {
    const look = () => began !== null && document.querySelector(selector)
      ? done(performance.now() - began) : requestAnimationFrame(look);
    look();
  });
}
"""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured: loads, rounds through the screens, searches, sessions, and the seconds
    in which these change screens."""

    loads: int = 5
    rounds: int = 4
    searches: int = 12
    sessions: int = 40
    seconds: float = 20.0


@dataclass
class Shop:
    """A store: the code of a new device and the number of its manager, devices on which that one
    has signed in, words and phones to search by, how many SKUs there are in all."""

    code: str
    number: str
    kept: list[dict[str, Any]]
    words: Sequence[str]
    phones: Sequence[str]
    skus: int


def run(skus: int | None, keep: Path | None, tell: Tell, sizes: Sizes = Sizes()) -> dict[str, Any]:
    """Measure the stack that is up; with `skus` one of its own, which has so many."""
    if skus is not None:
        with own_stack.running(keep, tell) as stack:
            return measure(stack, skus, tell, sizes)
    stack = Stack()
    if not stack.status()["ready"]:
        raise Failure("the stack is not ready: ./chainstitch up")
    return measure(stack, 0, tell, sizes)


def measure(stack: Stack, skus: int, tell: Tell, sizes: Sizes = Sizes()) -> dict[str, Any]:
    shop = asyncio.run(_set_up(stack, skus, sizes, tell))
    urls = stack.status()["urls"]
    result: dict[str, Any] = {"skus": shop.skus}
    with tempfile.TemporaryDirectory() as pictures, launched() as browser:
        tell("the app on the server")
        phone = _phone(browser, urls["app"], Path(pictures))
        result["app"] = _measure_app(phone, shop, sizes)
        phone.close()
    tell(f"{sizes.sessions} sessions")
    result["sessions"] = asyncio.run(_measure_sessions(stack, shop, sizes))
    result |= bench_till.run(stack, tell)
    return result | {"load_average": [round(load, 1) for load in os.getloadavg()]}


def _measure_app(phone: Phone, shop: Shop, sizes: Sizes) -> dict[str, Any]:
    """In milliseconds; `search_typed` is from the last letter, so it has the pause in it."""
    shown: dict[str, Any] = {"first_load_ms": round(_loaded(phone, "/"))}
    phone.keys(shop.code)
    phone.press("activate")
    phone.shows("sign-in")
    phone.keys(shop.number)
    phone.press("sign-in")
    phone.keys(PIN)
    phone.press("sign-in")
    phone.shows("to-do")
    shown["warm_load"] = told([_loaded(phone, "/home") for _ in range(sizes.loads)])
    for tab, there in SCREENS:  # nothing is timed that has never been drawn
        _change(phone, tab, there)
    changes = [_change(phone, tab, there) for _ in range(sizes.rounds) for tab, there in SCREENS]
    shown["change_of_screen"] = told([drawn for drawn, _ in changes])
    shown["change_of_screen_answered"] = told([answered for _, answered in changes])
    phone.press("tab-sale")
    asked = _some(shop.words, sizes.searches)
    searched = [_search(phone, "scan", word, "sku-", enters=True) for word in asked]
    shown["search_pieces"] = told(searched)
    searched = [_search(phone, "scan", word, "sku-") for word in asked]
    shown["search_pieces_typed"] = told(searched)
    phone.press("tab-members")
    asked = _some(shop.phones, sizes.searches)
    searched = [_search(phone, "member-query", number, "member-M") for number in asked]
    shown["search_members_typed"] = told(searched)
    return shown


async def _measure_sessions(stack: Stack, shop: Shop, sizes: Sizes) -> dict[str, Any]:
    """What they take of the server's memory, and how soon each sees the screen it asks for."""
    url = stack.environment()["APP_URL"]
    before = _memory(stack)
    async with AsyncExitStack() as closing:
        sessions = [await closing.enter_async_context(AppSession(url, kept)) for kept in shop.kept]
        for route in ROUTES:
            await asyncio.gather(*(session.go(route) for session in sessions))
        await asyncio.sleep(SETTLED_SECONDS)
        after = _memory(stack)
        reactions = await asyncio.gather(*(_use(each, sizes.seconds) for each in sessions))
        at_once = await asyncio.gather(*(session.go("/orders") for session in sessions))
    return {
        "sessions": len(sessions),
        "memory_before_mb": round(before),
        "memory_mb": round(after),
        "mb_per_session": round((after - before) / len(sessions), 2),
        "change_of_screen": told([1000 * took for some in reactions for took in some]),
        "all_at_once": told([1000 * took for took in at_once]),
    }


async def _use(session: AppSession, seconds: float) -> list[float]:
    """Change screens as somebody does who works with it; the seconds of each change."""
    took, end = [], time.monotonic() + seconds
    ways = itertools.cycle(ROUTES)
    while time.monotonic() < end:
        await asyncio.sleep(random.uniform(0.5, 1.5) * PAUSE_SECONDS)
        took.append(await session.go(next(ways)))
    return took


def _memory(stack: Stack) -> float:
    """Megabytes that the app's server holds."""
    return float(stack.status()["processes"]["app"]["rss_mb"])


def _phone(browser: Browser, origin: str, pictures: Path) -> Phone:
    phone = Phone(browser, origin, pictures, SIZE)
    wanted = ",".join(_named(name) for name in USABLE)
    phone.context.add_init_script(_HEAR)
    phone.context.add_init_script(_FIRST_USE.replace("SELECTOR", repr(wanted)))
    return phone


def _loaded(phone: Phone, path: str) -> float:
    """Open the page; the milliseconds until the first usable screen."""
    phone.open(path)
    phone.page.wait_for_function("() => window.firstUse !== undefined", timeout=90_000)
    return float(phone.page.evaluate("() => window.firstUse"))


def _change(phone: Phone, tab: str, there: str) -> tuple[float, float]:
    """Milliseconds until the screen is there, and until the server has answered: the rest is the
    browser's."""
    phone.page.evaluate(_WATCH, ["pointerup", "", _named(there)])
    phone.press(tab)
    took = float(phone.page.evaluate("() => window.took"))
    return took, float(phone.page.evaluate("() => window.answered - window.began"))


def _search(phone: Phone, into: str, text: str, finds: str, enters: bool = False) -> float:
    """Milliseconds from the last key, or from Enter, to the first row of the answer."""
    results = f'[flt-semantics-identifier^="{finds}"]'
    field_ = _emptied(phone, into, results)
    event = ["keydown", "Enter"] if enters else ["input", ""]
    phone.page.evaluate(_WATCH, [*event, results])
    field_.press_sequentially(text)
    if enters:
        phone.page.keyboard.press("Enter")
    return float(phone.page.evaluate("() => window.took"))


def _emptied(phone: Phone, into: str, results: str) -> Locator:
    """A field without text, and no answer below it; keys that a moving focus loses are repeated."""
    for _ in range(EMPTYINGS):
        field_ = phone.focus(into)
        field_.press("Control+a")
        field_.press("Delete")
        try:
            phone.page.wait_for_function(
                "wanted => !document.querySelector(wanted)", arg=results, timeout=2_000
            )
        except PlaywrightTimeout:
            continue
        return field_
    raise Failure(f"{into} could not be emptied")


def _named(identifier: str) -> str:
    return f'[flt-semantics-identifier="{identifier}"]'


def _some(known: Sequence[str], number: int) -> list[str]:
    return random.Random(4).choices(known, k=number)


def told(milliseconds: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    cuts = statistics.quantiles(milliseconds, n=20, method="inclusive")
    return {"p50_ms": round(cuts[9]), "p95_ms": round(cuts[18])}


async def _set_up(stack: Stack, skus: int, sizes: Sizes, tell: Tell) -> Shop:
    """A chain to look at, and devices on which its manager has signed in."""
    async with AsyncExitStack() as closing:
        plan = Plan(NAME, phones=19_600_000_000, stores=1, tills=1, members=200)
        chain = await trial.set_up(stack.environment(), plan, closing, tell)
        tell(f"{skus:,} SKUs")
        await _make_styles(chain.hq, skus)
        await trial.settled(stack.environment())
        number = f"88{int(time.time()) % 10**6:06}"
        store = chain.stores[0]
        await chain.hq.change(
            "saveStaff", "created { id }", id=str(new_id()), number=number, name="店长", pin=PIN,
            roles=["STORE_MANAGER"], scopeKind="STORE", scopeId=store,
        )  # fmt: skip
        code = (await _device(chain, store))[1]
        kept = [await _signed_in(chain, store, number) for _ in range(sizes.sessions)]
        phones = [str(plan.phones + at) for at in range(plan.members)]
    with crowd.connect(stack.environment()["DATABASE_URL"], "inventory") as connection:
        row = connection.execute("SELECT count(*) FROM skus").fetchone()
    return Shop(code, number, kept, [kind[1] for kind in words.CATEGORIES] if skus else
                [NAME], phones, row[0] if row else 0)  # fmt: skip


async def _make_styles(hq: Api, skus: int) -> None:
    """So many SKUs of styles whose names are put together as a shop's are; made once."""
    draw = random.Random(5)
    styles = []
    for number in range(skus // (len(COLOURS) * len(SIZES_OF_CLOTHES))):
        category, code = draw.choice(words.CATEGORIES), f"{NAME}-{number:05}"
        pieces = [
            {"id": id_of(code, colour, size), "code": f"{code}-{at}{size}", "colour": colour,
             "size": size}
            for at, colour in enumerate(COLOURS) for size in SIZES_OF_CLOTHES
        ]  # fmt: skip
        name = "".join(draw.sample(words.MANNERS, 2)) + str(category[1])
        styles.append({"id": id_of(code), "code": code, "name": name, "category": category[1],
                       "listPriceMinor": str(draw.randrange(99, 1999) * 100),
                       "skus": pieces})  # fmt: skip

    async def save(some: list[dict[str, Any]]) -> None:
        await hq.change("saveStyles", "stylesSaved { ids }", items=some)

    await at_once(save, batched(styles, STYLES_OF_A_REQUEST))


async def _device(chain: Trial, store: str) -> tuple[str, str]:
    """A new device of the store: its id, and the code that activates it."""
    id_ = str(new_id())
    made = await chain.hq.change(
        "createDevice", "deviceCreated { activationCode }", id=id_, storeId=store, name=NAME
    )
    return id_, str(made["deviceCreated"]["activationCode"])


async def _signed_in(chain: Trial, store: str, number: str) -> dict[str, Any]:
    """What a device keeps on which the manager has signed in."""
    id_, code = await _device(chain, store)
    activated = await chain.hq.change(
        "activateDevice", "deviceActivated { deviceSecret deviceCode storeName }",
        activationCode=code,
    )  # fmt: skip
    known = activated["deviceActivated"]
    payload = await chain.hq.change(
        "signInWithPin",
        "accessToken refreshToken expiresInSeconds identity { name caller { id roles } }",
        deviceId=id_, deviceSecret=known["deviceSecret"], staffNumber=number, pin=PIN,
    )  # fmt: skip
    identity = payload["identity"]
    tokens = {"access": payload["accessToken"], "refresh": payload["refreshToken"],
              "expires_at": time.time() + payload["expiresInSeconds"]}  # fmt: skip
    staff = {"id": identity["caller"]["id"], "name": identity["name"], "number": number,
             "roles": identity["caller"]["roles"]}  # fmt: skip
    stores = (await chain.hq.ask(queries.STORES))["stores"]
    return {
        "device": {"deviceId": id_, "storeId": store, **known},
        "tokens": tokens,
        "staff": staff,
        "store": next(each for each in stores if each["id"] == store),
    }
