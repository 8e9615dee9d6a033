"""What a device can do without network, as the screens show it."""

from dataclasses import dataclass
from typing import Any

import flet as ft


@ft.observable
@dataclass
class Alone:
    """`ready`: the device has all it needs to sell alone, as of `contact_at`. `spell` is the time
    without network that goes on: see `work.offline`."""

    ready: bool = False
    contact_at: str = ""
    styles: int = 0
    spell: dict[str, Any] | None = None
