"""Which screen is shown."""

from dataclasses import dataclass

import flet as ft


@ft.observable
@dataclass
class Whereabouts:
    """`route` is one of the addresses in `ways`."""

    route: str = "/"
