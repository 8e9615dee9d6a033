"""How each screen of the app is come to, with something on it and with nothing.

A scene goes on from where the one before it ended, on a phone and on a tablet, in either language:
so it waits for names, never for words. A route that no scene shows is opened by its address.
"""

from collections.abc import Callable
from dataclasses import dataclass

from staff_app.ways import ROUTES
from tests.e2e import steps
from tests.e2e.browser import Phone
from tests.e2e.chain import PIN
from tests.e2e.shop import LONG_NAME, Shop

KEEPING_MILLISECONDS = 8_000
"""So long a till takes to fetch what it sells with alone, and more."""
_PREFER = """
async kept => {
  const asked = request => new Promise((done, fail) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });
  const database = await asked(indexedDB.open('chainstitch-till'));
  const store = database.transaction('open', 'readwrite').objectStore('open');
  await asked(store.put(JSON.stringify(kept), 'preferences'));
  database.close();
}
"""


@dataclass
class Walk:
    """One way through the app: who walks, in which shop, and what was found on the way."""

    phone: Phone
    chain: Shop
    wide: bool
    language: str
    card: str = ""
    receipt: str = ""
    gift: str = ""
    cut: Callable[[], None] = lambda: None
    """Takes the network away, where the way is one with a till that can do without."""


@dataclass(frozen=True)
class Scene:
    """`path` is the route that is shown, "" before the routes begin."""

    name: str
    path: str
    come: Callable[[Walk], None]


def by_address(path: str) -> Scene:
    def come(walk: Walk) -> None:
        walk.phone.open(path)
        walk.phone.shows(f"at{path}")
        walk.phone.page.wait_for_timeout(1_500)

    return Scene(f"by-address{path.replace('/', '-')}", path, come)


def all_scenes() -> list[Scene]:
    """Those of this file, and one for every route that is in none of them. Scenes of the till that
    runs on the device have a walk of their own (`TILL_SCENES`)."""
    shown = {scene.path for scene in SCENES}
    return [*SCENES, *(by_address(path) for path in ROUTES if path not in shown)]


def _activate(walk: Walk) -> None:
    walk.phone.open()
    walk.phone.shows("activate")


def _sign_in(walk: Walk) -> None:
    walk.phone.keys(walk.chain.activation_code())
    walk.phone.press("activate")
    walk.phone.shows("sign-in")


def _wrong_pin(walk: Walk) -> None:
    walk.phone.keys(walk.chain.number)
    walk.phone.press("sign-in")
    walk.phone.keys("9999")
    walk.phone.press("sign-in")
    walk.phone.shows("trouble")


def _home(walk: Walk) -> None:
    walk.phone.keys(PIN)
    walk.phone.press("sign-in")
    walk.phone.shows("to-do")


def _press(*names: str, shows: str = "") -> Callable[[Walk], None]:
    def come(walk: Walk) -> None:
        for name in names:
            walk.phone.press(name)
        if shows:
            walk.phone.shows(shows)

    return come


def _customers(walk: Walk) -> None:
    """Besides, the one who is looked for later gets an account with money on it."""
    chain = walk.chain
    chain.register(chain.phone(70), LONG_NAME)
    chain.register(chain.other_phone(70), LONG_NAME)
    member = chain.member_by_phone(chain.phone(70))
    walk.card = str(member["cardCode"])
    chain.top_up(member["id"], 123_456)
    walk.gift = chain.gifts()
    chain.give_points(member["id"], 1_000)
    chain.ask_at_registration()
    walk.phone.press("tab-members")
    walk.phone.shows("member-query")


def _new_card(walk: Walk) -> None:
    walk.phone.keys(walk.chain.phone(71))
    walk.phone.shows("register")


def _found_member(walk: Walk) -> None:
    walk.phone.press("clear")
    walk.phone.keys(walk.chain.phone(70))
    walk.phone.shows(f"member-{walk.card}")


def _member(walk: Walk) -> None:
    walk.phone.press(f"member-{walk.card}")
    walk.phone.shows("tier-card")


def _section(name: str, shows: str) -> Callable[[Walk], None]:
    return _press(f"section-{name}", shows=shows)


def _mall(walk: Walk) -> None:
    walk.phone.press("to-mall")
    walk.phone.shows(f"gift-{walk.gift}")


def _gift(walk: Walk) -> None:
    walk.phone.press(f"gift-{walk.gift}")
    walk.phone.shows("redeem")


def _for_points(walk: Walk) -> None:
    walk.phone.press("back")
    walk.phone.press("way-points")
    walk.phone.shows("member-query")


def _hq(walk: Walk) -> None:
    """Somebody from HQ takes the device over, who may look into every store."""
    phone = walk.phone
    phone.press("hand-over")
    phone.shows("sign-in")
    phone.keys(walk.chain.hq_number)
    phone.press("sign-in")
    phone.keys(PIN)
    phone.press("sign-in")
    phone.press("way-performance")
    phone.shows("store")


def _set_tier(walk: Walk) -> None:
    walk.phone.press("back")
    walk.phone.press("tab-members")
    walk.phone.keys(walk.chain.phone(70))
    walk.phone.press(f"member-{walk.card}")
    walk.phone.press("set-tier")
    walk.phone.press("tier-gold")
    walk.phone.shows("set-tier-now")


def _offline_rule(walk: Walk) -> None:
    walk.phone.press("back")
    if not walk.wide:
        walk.phone.press("back")
    walk.phone.press("tab-more")
    walk.phone.press("offline-rule")
    walk.phone.shows("rule-in-force")


def _wrong_rule(walk: Walk) -> None:
    walk.phone.press("rule-allowed")
    walk.phone.type("rule-hours", "9999")
    walk.phone.press("publish-rule")
    walk.phone.shows("trouble")


def _duplicates(walk: Walk) -> None:
    walk.phone.press("back")
    walk.phone.press("duplicates")
    walk.phone.shows(f"pair-{walk.chain.pair()}")


def _pair(walk: Walk) -> None:
    walk.phone.press(f"pair-{walk.chain.pair()}")
    walk.phone.shows("sides")


def _merge(walk: Walk) -> None:
    walk.phone.press("same-person")
    walk.phone.press("decide")
    walk.phone.shows("merged")


def _merged_member(walk: Walk) -> None:
    """Whoever was looked for is found under either number, and says of whom they were made."""
    _press("to-duplicates", "tab-members")(walk)
    walk.phone.keys(walk.chain.phone(70))
    _press(f"member-{walk.card}", "section-profile", shows="merges")(walk)


def _members(walk: Walk) -> None:
    walk.phone.press("back")
    if not walk.wide:
        walk.phone.press("back")
    walk.phone.press("tab-sale")
    walk.phone.press("find-member")
    walk.phone.shows("member-query")


def _search(walk: Walk) -> None:
    walk.phone.press("back")
    walk.phone.type("scan", "真丝")
    walk.phone.shows(f"sku-{walk.chain.dress.code}-1")


def _basket(walk: Walk) -> None:
    phone, chain = walk.phone, walk.chain
    phone.press(f"sku-{chain.dress.code}-1")
    phone.scan(walk.card)
    phone.shows("member-strip")
    for piece in (chain.coat, chain.scarf, chain.jewel):
        phone.scan(piece.ean)
    phone.shows("why-4")


def _receipt(walk: Walk) -> None:
    walk.phone.press("pay")
    walk.phone.shows("paid")
    walk.phone.page.wait_for_timeout(2_500)
    walk.receipt = walk.chain.orders()[0]["receiptNumber"]


def _orders(walk: Walk) -> None:
    walk.phone.press("next-sale")
    to_orders(walk)
    walk.phone.shows(f"order-{walk.receipt}")


def to_orders(walk: Walk) -> None:
    if walk.wide:
        walk.phone.press("tab-orders")
    else:
        walk.phone.press("tab-home")
        walk.phone.press("way-return")


def _order(walk: Walk) -> None:
    walk.phone.press(f"order-{walk.receipt}")
    walk.phone.shows("order-head")


def _give_back(walk: Walk) -> None:
    walk.phone.press("back-more-1")
    walk.phone.press("to-return")
    walk.phone.press("reason-size")
    walk.phone.shows("give-back")


def _given_back(walk: Walk) -> None:
    walk.phone.press("give-back")
    walk.phone.shows("given-back")


def _exchange(walk: Walk) -> None:
    """The scarf comes back, and a coat goes out instead."""
    given_back = ("back-more-3", "to-return", "reason-taste", "exchange")
    for name in ("to-orders", f"order-{walk.receipt}", *given_back):
        walk.phone.press(name)
    walk.phone.shows("exchange-strip")


def _difference(walk: Walk) -> None:
    walk.phone.scan(walk.chain.coat.ean)
    walk.phone.shows("to-payment")
    walk.phone.page.wait_for_timeout(1_500)


def _found_styles(walk: Walk) -> None:
    walk.phone.type("stock-query", "丝", enter=True)
    walk.phone.page.wait_for_timeout(2_000)


def _style(walk: Walk) -> None:
    """A style alone is shown at once, in the colour and size that was scanned."""
    walk.phone.scan(walk.chain.dress.ean, into="stock-query")
    walk.phone.shows("elsewhere")


def _receive(walk: Walk) -> None:
    if not walk.wide:
        walk.phone.press("back")
    walk.phone.press("receive")
    walk.phone.scan(walk.chain.scarf.ean, into="stock-scan")
    walk.phone.shows(f"count-{walk.chain.scarf.code}-1")


def _counted(walk: Walk) -> None:
    for piece in (walk.chain.scarf, walk.chain.dress):
        walk.phone.scan(piece.ean, into="stock-scan")
        walk.phone.shows(f"count-{piece.code}-1")
    walk.phone.press("compare")
    walk.phone.shows(f"difference-{walk.chain.scarf.code}-1")


def _tasks(walk: Walk) -> None:
    walk.phone.press("back")
    walk.phone.press("tab-home")
    walk.phone.press("all-tasks")
    walk.phone.shows("new-task")


def _raised(walk: Walk) -> None:
    walk.phone.type("task-words", "补货")
    walk.phone.press("raise-task")
    walk.phone.shows("new-task")


def _task(walk: Walk) -> None:
    walk.phone.press(f"task-{walk.chain.tasks()[0]['id']}")
    walk.phone.shows("task-head")


def _home_again(walk: Walk) -> None:
    if not walk.wide:
        walk.phone.press("back")
    walk.phone.press("back")
    walk.phone.shows("to-do")


def _till(walk: Walk) -> None:
    """It keeps in a place of its own which language and look it has."""
    walk.phone.open("/till/")
    walk.phone.shows("activate")
    kept = {"language": walk.language, "look": "system", "recent_staff": []}
    walk.phone.page.evaluate(_PREFER, kept)
    walk.phone.reload()
    _sign_in(walk)


def _home_of_till(walk: Walk) -> None:
    """The till has what it needs to sell alone when its settings say so, and opens without the
    server when its own worker has taken over."""
    walk.phone.keys(walk.chain.number)
    walk.phone.press("sign-in")
    _home(walk)
    steps.until_kept_for_later(walk.phone)
    walk.phone.page.wait_for_timeout(KEEPING_MILLISECONDS)


def _alone(walk: Walk) -> None:
    walk.phone.press("back")
    walk.phone.press("tab-sale")
    walk.phone.shows("scan")
    walk.cut()
    for piece in (walk.chain.scarf, walk.chain.dress):
        walk.phone.scan(piece.ean)
    walk.phone.shows("why-2")


def _too_dear(walk: Walk) -> None:
    walk.phone.press("back")
    walk.phone.scan(walk.chain.jewel.ean)
    walk.phone.shows("refusal")


SCENES: list[Scene] = [
    Scene("activate", "", _activate),
    Scene("sign-in", "", _sign_in),
    Scene("wrong-pin", "", _wrong_pin),
    Scene("home-empty", "/home", _home),
    Scene("sale-empty", "/", _press("start-sale", shows="scan")),
    Scene("customers-empty", "/customers", _customers),
    Scene("new-card", "/customers", _new_card),
    Scene("customers-found", "/customers", _found_member),
    Scene("member", "/customers/member", _member),
    Scene("member-tier-why", "/customers/member", _press("why-tier", shows="tier-why")),
    Scene("member-balances", "/customers/member", _section("balances", "balance")),
    Scene("mall", "/customers/mall", _mall),
    Scene("gift", "/customers/gift", _gift),
    Scene("gift-done", "/customers/gift", _press("more", "redeem", shows="points-now")),
    Scene("member-redemptions", "/customers/member", _press("to-member", shows="balance")),
    Scene("top-up", "/customers/top-up", _press("member-action", shows="pay-top-up")),
    Scene("member-purchases", "/customers/member", _press("back", "section-purchases")),
    Scene("member-contacts", "/customers/member", _press("section-contacts")),
    Scene("note", "/customers/note", _press("member-action", shows="save-note")),
    Scene("member-profile", "/customers/member", _press("back", "section-profile", shows="family")),
    Scene("data-out", "/customers/data-out",
          _press("data-out", "out-asked-by-member", shows="take-data")),
    Scene("erase", "/customers/erase", _press("back", "erase", shows="ask-erasure")),
    Scene("erase-asked", "/customers/erase",
          _press("erase-asked-by-member", "ask-erasure", shows="withdraw-erasure")),
    Scene("erase-withdrawn", "/customers/erase", _press("withdraw-erasure", shows="ask-erasure")),
    Scene("relative", "/customers/relative", _press("back", "add-relative", shows="save-relative")),
    Scene("edit-member", "/customers/edit", _press("back", "member-action", shows="save-member")),
    Scene("members-empty", "/members", _members),
    Scene("sale-search", "/", _search),
    Scene("sale", "/", _basket),
    Scene("why", "/", _press("why-1", shows="why-sheet")),
    Scene("pay", "/pay", _press("close-why", "to-payment", shows="due")),
    Scene("receipt", "/receipt", _receipt),
    Scene("orders", "/orders", _orders),
    Scene("order", "/orders/order", _order),
    Scene("return", "/orders/return", _give_back),
    Scene("returned", "/orders/return", _given_back),
    Scene("exchange", "/", _exchange),
    Scene("exchange-difference", "/", _difference),
    Scene("exchange-pay", "/pay", _press("to-payment", shows="due")),
    Scene("exchanged", "/receipt", _press("pay", shows="paid")),
    Scene("stock-empty", "/stock", _press("next-sale", "tab-stock", shows="stock-query")),
    Scene("stock-found", "/stock", _found_styles),
    Scene("style", "/stock/style", _style),
    Scene("receive", "/stock/draft", _receive),
    Scene("adjust-empty", "/stock/draft", _press("back", "adjust", shows="stock-scan")),
    Scene("count-empty", "/stock/draft", _press("back", "count", shows="stock-scan")),
    Scene("count", "/stock/draft", _counted),
    Scene("tasks-empty", "/tasks", _tasks),
    Scene("new-task", "/tasks/new", _press("new-task", shows="raise-task")),
    Scene("tasks", "/tasks", _raised),
    Scene("task", "/tasks/task", _task),
    Scene("home", "/home", _home_again),
    Scene("performance", "/performance", _press("way-performance", shows="period-days")),
    Scene("for-points", "/customers/for-points", _for_points),
    Scene("more", "/more", _press("back", "tab-more", shows="sign-out")),
    Scene("performance-hq", "/performance", _hq),
    Scene("set-tier", "/customers/tier", _set_tier),
    Scene("offline-rule", "/offline-rule", _offline_rule),
    Scene("offline-rule-wrong", "/offline-rule", _wrong_rule),
    Scene("duplicates", "/duplicates", _duplicates),
    Scene("pair", "/duplicates/pair", _pair),
    Scene("merged", "/duplicates/pair", _merge),
    Scene("member-merged", "/customers/member", _merged_member),
]  # fmt: skip
TILL_SCENES: list[Scene] = [
    Scene("till-sign-in", "", _till),
    Scene("till-home", "/home", _home_of_till),
    Scene("till-kept", "/settings", _press("tab-more", "settings", shows="alone-kept")),
    Scene("till-alone", "/", _alone),
    Scene("till-alone-pay", "/pay", _press("to-payment", shows="due")),
    Scene("till-alone-receipt", "/receipt", _press("pay", shows="alone-receipt")),
    Scene("till-alone-sale", "/", _press("next-sale", shows="unsent")),
    Scene("unsent", "/unsent", _press("unsent", shows="unsent-sum")),
    Scene("till-alone-too-dear", "/", _too_dear),
    Scene("till-alone-home", "/home", _press("tab-home", shows="at/home")),
    Scene("till-alone-sign-in", "", _press("hand-over", shows="sign-in")),
]  # fmt: skip
