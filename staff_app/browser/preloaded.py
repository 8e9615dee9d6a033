"""Everything the till needs in memory before its first screen, imported in one go: what memory
holds then is kept on the device (`web/worker.js`). Nothing here may touch the browser or anybody's
data.
"""

import importlib
import os

# A memory with compiled extensions in it cannot be kept; the compiled packer comes in `start`.
os.environ["MSGPACK_PUREPYTHON"] = "1"

import flet

import staff_app.main
import staff_app.words

LAZY = (
    "flet.app", "flet.messaging.session", "flet.messaging.protocol", "flet.pubsub.pubsub_hub",
    "flet.messaging.connection", "msgpack", "tzdata", "zoneinfo", "pyodide.http", "pyodide.ffi",
    "staff_app.browser.storage", "staff_app.browser.transport", "qrcode",
)  # fmt: skip
for _name in LAZY:
    importlib.import_module(_name)

__all__ = ["flet", "staff_app"]
