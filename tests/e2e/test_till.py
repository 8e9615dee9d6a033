"""The till on the device: it opens, signs in and sells; without the server it opens still, and what
it owes is sent once when the server is back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from infra.wire import Wire
from tests.e2e import steps
from tests.e2e.browser import TABLET_EN, VARIANTS, Phone, Variant
from tests.e2e.chain import PIN, Chain
from tests.e2e.conftest import PICTURES

TILL = "/till/"


@pytest.fixture
def wire(served: tuple[str, str], tmp_path: Path) -> Iterator[Wire]:
    made = Wire(served[0], tmp_path)
    made.up()
    yield made
    made.down()


@pytest.fixture
def till(browser: Browser, wire: Wire, variant: Variant) -> Iterator[Phone]:
    made = Phone(browser, wire.origin, PICTURES, variant, service_workers="allow")
    yield made
    made.close()


def sign_in_again(till: Phone, chain: Chain) -> None:
    """A colleague who is known here: one tap, and the PIN."""
    till.tells_one_of("sign_in_title", "hand_over_to")
    till.press(f"colleague-{chain.number}")
    till.keys(PIN)
    till.press("sign-in")


def test_a_sale_without_server_outlives_restart_and_reload_and_is_booked_once(
    till: Phone, wire: Wire, chain: Chain
) -> None:
    """It is sold on a phone; the window that is opened anew is a tablet's, in English."""
    steps.activate(till, chain, TILL)
    steps.sign_in(till, chain)
    till.scan(chain.dress.ean)
    till.tells("take_payment", amount="¥268.20")
    steps.until_kept_for_later(till)
    ready_to_sell_alone(till)
    till.press("to-payment")
    till.tells("to_pay")
    before = len(chain.orders())

    wire.down()
    till.press("pay")
    till.tells("receipt_on_its_way")
    till.restart(TILL)
    till.become(TABLET_EN)
    sign_in_again(till, chain)
    till.tells("unsent_count", count=1)
    till.reload()
    till.tells("pin_again")
    sign_in_again(till, chain)
    till.tells("unsent_count", count=1)
    till.picture("40-till-without-server")
    assert len(chain.orders()) == before

    wire.up()
    till.is_gone("unsent")
    assert len(chain.orders()) == before + 1
    assert till.strayed == []


SALES_ALONE = 20
UPLOAD_MILLISECONDS = 90_000
"""They go one after the other, beginning when the till has noticed."""


def ready_to_sell_alone(till: Phone) -> None:
    """Settings say that the device has what it takes."""
    till.press("tab-more")
    till.press("settings")
    till.tells("alone_kept")
    till.press("back")
    till.press("tab-sale")


def sell(till: Phone, ean: str, card: str = "", given: str = "") -> None:
    """A piece, from the scan to the receipt; `given` is typed as cash, in minor units."""
    till.scan(ean)
    till.shows("to-payment")
    if card:
        till.scan(card)
        till.sees("****")
    take_payment(till, given)


def take_payment(till: Phone, given: str = "") -> None:
    till.press("to-payment")
    till.tells("to_pay")
    if given:
        till.keys(given)
        till.tells("change")
    till.press("pay")
    till.tells("alone_receipt")
    steps.next_sale(till)


def test_twenty_sales_alone_with_two_reloads_and_a_sign_out_are_there_once(
    till: Phone, wire: Wire, chain: Chain
) -> None:
    """Scarves with 10% off, five of them for a member, two for cash with change; and a coat that
    another till sells in the same minutes. With each reload and the sign-out the window gets
    another size, or another language is chosen: each of the four sells."""
    phone_zh, phone_en, tablet_zh, tablet_en = VARIANTS
    assert till.variant == phone_zh
    number = chain.new_phone()
    card = chain.register(number, "顾客壬")
    steps.activate(till, chain, TILL)
    steps.sign_in(till, chain)
    steps.until_kept_for_later(till)
    ready_to_sell_alone(till)
    before, scarves = chain.orders(), chain.on_hand(chain.scarf)

    wire.down()
    till.scan(chain.scarf.ean)
    till.tells("take_payment", amount="¥89.10")
    take_payment(till, given="10000")
    chain.empty_shelf(chain.coat)
    sell(till, chain.coat.ean)
    for _ in range(4):
        sell(till, chain.scarf.ean, card)
    till.scan(chain.scarf.ean)
    till.tells("take_payment", amount="¥89.10")
    till.reload()
    till.become(tablet_en)
    till.tells("take_payment", amount="¥89.10")
    till.tells("unsent_count", count=6)
    take_payment(till, given="10000")
    for _ in range(4):
        sell(till, chain.scarf.ean)
    till.press("hand-over")
    till.become(tablet_zh)
    sign_in_again(till, chain)
    till.press("start-sale")
    till.tells("unsent_count", count=11)
    sell(till, chain.scarf.ean, card)
    for _ in range(4):
        sell(till, chain.scarf.ean)
    till.reload()
    till.tells("pin_again")
    till.become(phone_en)
    sign_in_again(till, chain)
    till.press("start-sale")
    for _ in range(4):
        sell(till, chain.scarf.ean)
    till.tells("unsent_count", count=20)
    till.press("unsent")
    till.tells("unsent_sum")
    till.picture("41-twenty-sales-alone")
    assert chain.orders() == before

    wire.up()
    till.named("unsent-sum").wait_for(state="detached", timeout=UPLOAD_MILLISECONDS)
    made = {order["id"]: order for order in chain.orders() if order not in before}
    assert len(made) == SALES_ALONE
    assert {order["status"] for order in made.values()} == {"PLACED"}
    assert sorted(order["totalMinor"] for order in made.values()) == ["116910", *["8910"] * 19]
    assert len({order["receiptNumber"] for order in made.values()}) == SALES_ALONE
    member = chain.member_by_phone(number)["id"]
    chain.until(lambda: chain.points(member) == 5 * 89, "points of five scarves")
    chain.until(lambda: chain.on_hand(chain.scarf) == scarves - 19, "nineteen scarves")
    chain.until(lambda: chain.on_hand(chain.coat) == -1, "a coat too many")
    chain.until(lambda: chain.task(chain.coat) is not None, "a task for the coat")
    for piece in (chain.coat, chain.scarf):
        chain.receive(piece)  # for whoever sells here next
    assert till.strayed == []


SEALED = """
async (url) => {
  const { Vault } = await import(url);
  const session = btoa('s'.repeat(32)), key = btoa('k'.repeat(32));
  const vault = await Vault.open(['device'], session);
  await vault.unlock('1001', '2580', key);
  await vault.put([['device', '"till 1"'], ['unsent', '"coat for somebody"']]);
  await vault.lock();

  const raw = await new Promise((done) => {
    const opening = indexedDB.open('chainstitch-till');
    opening.onsuccess = () => {
      const asked = opening.result.transaction('sealed').objectStore('sealed').get('unsent');
      asked.onsuccess = () => done(new TextDecoder().decode(asked.result.data));
    };
  });
  const outcome = { raw, open: await vault.get(['device']) };
  outcome.locked = await vault.get(['unsent']).catch((error) => error.message);
  outcome.unwritten = await vault.put([['unsent', '1']]).catch((error) => error.message);
  const colleague = await Vault.open(['device'], session);
  outcome.stranger = await colleague.unlockAlone('2002', '1111');
  await colleague.unlock('2002', '1111', key);
  outcome.colleague = await colleague.get(['unsent']);
  const another = btoa('x'.repeat(32));
  outcome.other = await colleague.unlock('1001', '2580', another).catch(() => 'refused');
  await colleague.lock();
  outcome.resumed = (await Vault.open(['device'], session)).isOpen;
  outcome.tries = [];
  for (const pin of ['0000', '1111', '0001', '0010', '258']) {
    outcome.tries.push((await vault.unlockAlone('1001', pin)).left);
  }
  outcome.spent = await vault.unlockAlone('1001', '2580');
  outcome.alone = await vault.unlockAlone('2002', '1111');
  await vault.limitAlone(2, 7);
  outcome.fewer = (await vault.unlockAlone('2002', '0000')).left;
  await vault.limitAlone(9, 7);
  outcome.notMore = (await vault.unlockAlone('2002', '0001')).left;
  await colleague.unlock('2002', '1111', key);
  outcome.more = (await vault.unlockAlone('2002', '0001')).left;
  await vault.limitAlone(9, -1);
  outcome.late = await vault.unlockAlone('2002', '1111');
  outcome.afterwards = await vault.get(['unsent', 'none']);
  return outcome;
}
"""


def test_what_is_kept_is_encrypted_and_opens_by_sign_in_only(till: Phone) -> None:
    till.page.goto(f"{till.origin}/till/manifest.json")
    page = till.page.request.get(f"{till.origin}{TILL}").text()
    version = page.split('till-version" content="')[1].split('"')[0]

    outcome = till.page.evaluate(SEALED, f"/till/v/{version}/vault.js")

    assert "coat" not in outcome["raw"]
    assert outcome["open"] == ['"till 1"']
    assert (outcome["locked"], outcome["unwritten"]) == ("locked", "locked")
    assert outcome["stranger"] == {"unknown": True}
    assert outcome["colleague"] == ['"coat for somebody"']
    assert outcome["other"] == "refused"
    assert not outcome["resumed"]
    assert outcome["tries"] == [4, 3, 2, 1, 0]
    assert outcome["spent"] == outcome["late"] == {"unknown": True}
    assert outcome["alone"] == {"opened": True}
    assert (outcome["fewer"], outcome["notMore"], outcome["more"]) == (1, 0, 8)
    assert outcome["afterwards"] == ['"coat for somebody"', None]


def test_a_second_window_asks_before_it_takes_over(till: Phone) -> None:
    till.open(TILL)
    till.sees("激活这台设备")
    second = till.context.new_page()
    second.goto(f"{till.origin}{TILL}")
    expect(second.locator("#trouble")).to_contain_text("另一个窗口")
    second.locator("#here").click()
    second.locator("flt-semantics-host flt-semantics").first.wait_for(state="attached")
    expect(till.page.locator("#trouble")).to_contain_text("另一个窗口")
