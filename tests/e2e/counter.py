"""The phone of the store's clerk, kept from test to test: opened, activated and signed in once."""

from collections.abc import Callable
from pathlib import Path

from tests.e2e import steps
from tests.e2e.browser import PHONE_ZH, SIZES, Variant
from tests.e2e.chain import PIN, Chain
from tests.e2e.meter import MeteredPhone

_KEPT = "() => ({...localStorage})"
_FORGET = """
before => {
  const own = name => ['device', 'tokens', 'staff'].includes(name.split('.').pop());
  for (const name of Object.keys(localStorage)) if (!own(name)) localStorage.removeItem(name);
  for (const name of Object.keys(before)) if (!own(name)) localStorage[name] = before[name];
  return Object.keys(localStorage).some(name => name.endsWith('.tokens'));
}
"""


class Counter:
    """`anew` is as after signing in: what another test has left on the device is gone, the window
    is another one. `as_left` goes on where the test before ended. The same device is a phone for
    one test and a tablet for the next, and speaks either language."""

    def __init__(self, make: Callable[[Variant], MeteredPhone], chain: Chain) -> None:
        self._make = make
        self._chain = chain
        self._phone: MeteredPhone | None = None
        self._kept: dict[str, str] = {}

    def anew(self, variant: Variant = PHONE_ZH) -> MeteredPhone:
        if self._phone is None:
            self._phone = self._make(variant)
            steps.activate(self._phone, self._chain)
            steps.sign_in(self._phone, self._chain)
            self._kept = self._phone.page.evaluate(_KEPT)
        else:
            self._forget(self._phone, variant)
        return self._phone

    def as_left(self, variant: Variant) -> MeteredPhone:
        """At home, where it has become another one."""
        if self._phone is None:
            return self.anew(variant)
        if self._phone.variant != variant:
            self._phone.go_home()
            self._phone.become(variant)
        return self._phone

    def failed(self, folder: Path, name: str) -> None:
        """Keep how it ended; the next test gets another phone."""
        if self._phone is not None:
            self._phone.photograph(folder, name)
        self.close()

    def close(self) -> None:
        if self._phone is not None:
            self._phone.close()
            self._phone = None

    def _forget(self, phone: MeteredPhone, variant: Variant) -> None:
        """Empty the device but for who works on it. The tokens stay: an older one would be taken
        for a stolen one."""
        phone.shut()
        phone.resize(SIZES[variant.size])
        phone.page.goto(f"{phone.origin}/alive")
        signed_in = phone.page.evaluate(_FORGET, self._kept)
        phone.open()
        if not signed_in:
            phone.keys(PIN)
            phone.press("sign-in")
            phone.press("start-sale")
        phone.become(variant)
        phone.tells("empty_basket")
