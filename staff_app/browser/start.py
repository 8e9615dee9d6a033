"""The till in a browser: run by `web/worker.js` once Python is there."""

import importlib.machinery
import importlib.util
import random
import sys
from typing import Any

import flet as ft
import msgpack

from staff_app.browser.storage import VaultStorage
from staff_app.browser.transport import BrowserTransport
from staff_app.main import app

ANSWER_SECONDS = 12.0
_EXTENSION = "/extension/_cmsgpack.so"


def start() -> None:
    import till_device  # type: ignore[import-not-found]

    random.seed()  # what memory held has been here before
    _pack_fast()
    storage = VaultStorage(asker(till_device.vault), bool(till_device.vault.isOpen))
    ft.run(app(BrowserTransport(str(till_device.graphql), ANSWER_SECONDS), storage))


def asker(vault: Any) -> Any:
    """What `VaultStorage` asks: the store's promises as coroutines, its errors as `OSError`."""
    from pyodide.ffi import JsException, to_js  # type: ignore[import-not-found]

    async def ask(call: str, *given: Any) -> Any:
        try:
            answer = await getattr(vault, call)(*(to_js(value) for value in given))
        except JsException as error:
            raise OSError(str(error)) from error
        return answer.to_py() if hasattr(answer, "to_py") else answer

    return ask


def _pack_fast() -> None:
    """Flet's messages by the compiled packer: in place of the one that memory was kept with."""
    loader = importlib.machinery.ExtensionFileLoader("msgpack._cmsgpack", _EXTENSION)
    specification = importlib.util.spec_from_file_location(
        "msgpack._cmsgpack", _EXTENSION, loader=loader
    )
    if specification is None:
        raise ImportError(_EXTENSION)
    module = importlib.util.module_from_spec(specification)
    sys.modules["msgpack._cmsgpack"] = module
    loader.exec_module(module)
    msgpack.Packer, msgpack.Unpacker = module.Packer, module.Unpacker
    msgpack.unpackb = msgpack.loads = module.unpackb
