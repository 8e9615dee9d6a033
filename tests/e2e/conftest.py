"""A running stack, a chain in it, a browser, and a phone for each test."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e import steps
from tests.e2e.browser import Phone, launched
from tests.e2e.chain import Chain

PHONE = (390, 844)
PICTURES = Path(os.environ.get("TEST_PICTURES", ".state/pictures"))
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


@pytest.fixture
def phone(
    browser: Browser, served: tuple[str, str], request: pytest.FixtureRequest
) -> Iterator[Phone]:
    made = Phone(browser, served[0], PICTURES, PHONE)
    yield made
    if request.session.testsfailed:
        made.picture(f"last-of-{request.node.name}")
    made.close()


@pytest.fixture
def clerk(phone: Phone, chain: Chain) -> Callable[[], Phone]:
    """A phone on which the clerk of the store has signed in."""

    def sign_in() -> Phone:
        steps.activate(phone, chain)
        steps.sign_in(phone, chain)
        return phone

    return sign_in
