"""The app as `flet build` packs it for Android and iOS (`pyproject.toml`). Untried.

Unlike the till in the browser it keeps things with Flet's preferences, unencrypted, so the phone's
own encryption has to be on.
"""

import flet as ft

from staff_app.main import app
from staff_app.transport import HttpTransport

GATEWAY_URL = "https://chainstitch.example"
"""Of the chain it is built for: set before building."""
ANSWER_SECONDS = 12.0

if __name__ == "__main__":
    ft.run(app(HttpTransport(GATEWAY_URL, ANSWER_SECONDS)))
