"""The phone of the store's clerk, kept from test to test: opened, activated and signed in once."""

from collections.abc import Callable
from pathlib import Path

from tests.e2e import steps
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
    is another one. `as_left` goes on where the test before ended."""

    def __init__(self, make: Callable[[], MeteredPhone], chain: Chain) -> None:
        self._make = make
        self._chain = chain
        self._phone: MeteredPhone | None = None
        self._kept: dict[str, str] = {}

    def anew(self) -> MeteredPhone:
        if self._phone is None:
            self._phone = self._make()
            steps.activate(self._phone, self._chain)
            steps.sign_in(self._phone, self._chain)
            self._kept = self._phone.page.evaluate(_KEPT)
        else:
            self._forget(self._phone)
        return self._phone

    def as_left(self) -> MeteredPhone:
        return self._phone or self.anew()

    def failed(self, folder: Path, name: str) -> None:
        """Keep how it ended; the next test gets another phone."""
        if self._phone is not None:
            self._phone.photograph(folder, name)
        self.close()

    def close(self) -> None:
        if self._phone is not None:
            self._phone.close()
            self._phone = None

    def _forget(self, phone: MeteredPhone) -> None:
        """Empty the device but for who works on it. The tokens stay: an older one would be taken
        for a stolen one."""
        phone.shut()
        phone.page.goto(f"{phone.origin}/alive")
        signed_in = phone.page.evaluate(_FORGET, self._kept)
        phone.open()
        if not signed_in:
            phone.keys(PIN)
            phone.press("sign-in")
            phone.press("start-sale")
        phone.sees("扫第一件商品")
