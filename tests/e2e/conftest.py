"""A running stack, a chain in it, a browser, the phone of the clerk, and new phones."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import PHONE_ZH, TABLET_EN, VARIANTS, Phone, Variant, launched
from tests.e2e.chain import Chain
from tests.e2e.counter import Counter
from tests.e2e.meter import MeteredPhone

LEFT = Path(".state/pictures")
"""What the tests leave for eyes: the table of steps, and the last screen of a test that failed."""
PICTURES = Path(os.environ["TEST_PICTURES"]) if "TEST_PICTURES" in os.environ else None
"""Where the screens that the tests go through are kept, if they are to be."""
PHONE_AND_TABLET = [PHONE_ZH, TABLET_EN]
SHOWN = VARIANTS if "TEST_EVERY_VARIANT" in os.environ else PHONE_AND_TABLET
"""Both sizes and both languages; or each size in each language, which takes two minutes more."""
on_phone_and_tablet = pytest.mark.parametrize("variant", PHONE_AND_TABLET, ids=str)
# The printer of these tests is a socket of this machine; the stack inherits it.
os.environ.setdefault("PRINTER_NETWORKS", "127.0.0.0/8")


@pytest.fixture(scope="session")
def served(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The app's address and HQ's password (TEST_APP_URL: of a stack that runs already)."""
    given = os.environ.get("TEST_APP_URL")
    if given:
        return given.rstrip("/"), os.environ["TEST_ADMIN_PASSWORD"]
    stack = request.getfixturevalue("stack")
    return stack.urls["app"].rstrip("/"), stack.environment["BOOTSTRAP_ADMIN_PASSWORD"]


@pytest.fixture(scope="session")
def chain(served: tuple[str, str]) -> Chain:
    origin, password = served
    return Chain(f"{origin}/graphql", password).build()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched() as started:
        yield started


@pytest.fixture(scope="session")
def counter(browser: Browser, served: tuple[str, str], chain: Chain) -> Iterator[Counter]:
    made = Counter(partial(MeteredPhone, browser, served[0], PICTURES), chain)
    yield made
    made.close()


@pytest.fixture
def variant() -> Variant:
    """How the app is shown where a test does not say."""
    return PHONE_ZH


@pytest.fixture
def clerk(
    counter: Counter, variant: Variant, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Phone]]:
    """A device on which the clerk of the store has signed in; it can be told how to be shown."""
    with on_failure(request, counter.failed):
        yield lambda shown=variant: counter.anew(shown)


@pytest.fixture
def phone(
    browser: Browser, served: tuple[str, str], variant: Variant, request: pytest.FixtureRequest
) -> Iterator[Phone]:
    """A device that is used for the first time."""
    made = Phone(browser, served[0], PICTURES, variant)
    with on_failure(request, made.photograph):
        yield made
    made.close()


@contextmanager
def on_failure(request: pytest.FixtureRequest, keep: Callable[[Path, str], None]) -> Iterator[None]:
    """Keep what a test that failed, or what it was made ready with, has left on the screen."""
    failed, ready = request.session.testsfailed, False
    try:
        yield
        ready = True
    finally:
        if not ready or request.session.testsfailed > failed:
            keep(LEFT, f"last-of-{request.node.name}")
