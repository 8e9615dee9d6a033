"""What is sent to a browser that is to be a till, and how long it may keep it."""

import gzip
import json
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from staff_app.till_files import TillFiles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "till"
    inner = made / "v" / "1a2b"
    inner.mkdir(parents=True)
    (made / "bundle.json").write_text(json.dumps({"version": "1a2b"}))
    (made / "index.html").write_text("page")
    (made / "flutter_service_worker.js").write_text("worker")
    (inner / "main.dart.js").write_text("drawing")
    (inner / "main.dart.js.gz").write_bytes(gzip.compress(b"drawing"))
    (tmp_path / "secret").write_text("of nobody")
    return made


def client(folder: Path | None) -> TestClient:
    return TestClient(Starlette(routes=[Mount("/till", TillFiles(folder))]))


def test_a_file_of_a_version_is_kept_for_good_and_comes_compressed(folder: Path) -> None:
    browser = client(folder)
    answer = browser.get("/till/v/1a2b/main.dart.js", headers={"accept-encoding": "gzip, br"})
    plain = browser.get("/till/v/1a2b/main.dart.js", headers={"accept-encoding": "br"})

    assert (answer.text, plain.text) == ("drawing", "drawing")
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")
    assert plain.headers["content-encoding"] == "identity"


@pytest.mark.parametrize("path", ["/till/", "/till/flutter_service_worker.js"])
def test_page_and_service_worker_are_asked_for_each_time(folder: Path, path: str) -> None:
    answer = client(folder).get(path)

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "http" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["../secret", "%2e%2e/secret", "v/1a2b/none.js", "v"])
def test_nothing_but_the_bundle_is_sent(folder: Path, path: str) -> None:
    assert client(folder).get(f"/till/{path}").status_code == 404


def test_without_a_bundle_it_says_so() -> None:
    assert client(None).get("/till/").status_code == 503
