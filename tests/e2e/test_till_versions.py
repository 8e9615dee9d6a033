"""A new version of the till: whole or not at all. The bundle is small and made up; the service
worker is the real one."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page
from starlette.applications import Starlette
from starlette.routing import Mount

from infra import till_bundle
from staff_app.till_files import TillFiles

SHOWN = "() => [document.querySelector('meta').content, self.part].join()"


class Bundle:
    """A folder that is served like a till; `publish` puts another version into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/till/"

    def publish(self, version: str, complete: bool = True) -> None:
        part = self.folder / "v" / version / "part.js"
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(f"self.part = '{version}';")
        script = f'<script src="v/{version}/part.js"></script>'
        head = f'<meta name="till-version" content="{version}">'
        (self.folder / "index.html").write_text(f"<!DOCTYPE html><html>{head}{script}</html>")
        files = [f"v/{version}/part.js"] + ([] if complete else [f"v/{version}/lost.js"])
        worker = (till_bundle.WEB / "flutter_service_worker.js").read_text()
        worker = worker.replace("@VERSION@", version).replace("@FILES@", json.dumps(files))
        (self.folder / "flutter_service_worker.js").write_text(worker)
        (self.folder / "bundle.json").write_text("{}")


@pytest.fixture
def bundle(tmp_path: Path) -> Iterator[Bundle]:
    made = Bundle(tmp_path)
    made.publish("one")
    application = Starlette(routes=[Mount("/till", TillFiles(tmp_path))])
    server = uvicorn.Server(uvicorn.Config(application, log_level="error"))
    running = threading.Thread(target=server.run, args=([made.socket],))
    running.start()
    yield made
    server.should_exit = True
    running.join()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(service_workers="allow")
    yield context.new_page()
    context.close()


def learn(page: Page) -> None:
    """As the page of the till does once it has drawn; until the worker has everything or failed."""
    page.evaluate(
        """async () => {
            const known = await navigator.serviceWorker.register('flutter_service_worker.js');
            await known.update();
            const next = known.installing || known.waiting || known.active;
            await new Promise((done) => {
                const look = () => ['activated', 'redundant'].includes(next.state) && done();
                next.addEventListener('statechange', look);
                look();
            });
        }"""
    )


def test_a_version_is_shown_whole_or_not_at_all(page: Page, bundle: Bundle) -> None:
    page.goto(bundle.url)
    learn(page)
    page.reload()
    assert page.evaluate(SHOWN) == "one,one"

    bundle.publish("two", complete=False)
    learn(page)
    page.reload()
    assert page.evaluate(SHOWN) == "one,one"

    bundle.publish("three")
    learn(page)
    assert page.evaluate("() => fetch('v/one/part.js').then((answer) => answer.text())") == (
        "self.part = 'one';"
    )
    page.reload()
    assert page.evaluate(SHOWN) == "three,three"

    page.context.set_offline(True)
    page.reload()
    assert page.evaluate(SHOWN) == "three,three"
