"""The browser's address: it follows the screen, and the screen follows it when one goes back."""

import asyncio
from urllib.parse import urlsplit

import flet as ft

from staff_app.ways import ABOVE
from staff_app.whereabouts import Whereabouts

FOLLOWS_SECONDS = 0.15
"""At every change of its address the client builds the whole page again. So the screen, which is
waited for, goes first."""


class Address:
    def __init__(self, page: ft.Page, whereabouts: Whereabouts) -> None:
        self._page, self._whereabouts = page, whereabouts
        self._following: asyncio.Task[None] | None = None
        self._told = whereabouts.route = _path(page.route)
        """Where the browser is, as far as it is known. That it says so itself is no news."""
        page.on_route_change = self._heard
        page.on_view_pop = self._back

    def go(self, route: str) -> None:
        """Show a screen, at once."""
        self._whereabouts.route = route
        self.follow()

    def follow(self) -> None:
        if self._following is None or self._following.done():
            self._following = asyncio.get_running_loop().create_task(self._follow())

    async def _follow(self) -> None:
        await asyncio.sleep(FOLLOWS_SECONDS)
        while self._told != self._whereabouts.route and self._page.session.connection is not None:
            self._told = self._whereabouts.route
            await self._page.push_route(self._told)

    def _heard(self, event: ft.RouteChangeEvent) -> None:
        route = _path(event.route)
        if route != self._told:
            self._told = self._whereabouts.route = route

    def _back(self, _event: ft.ViewPopEvent) -> None:
        """The upper one of two screens was wiped away."""
        self.go(ABOVE.get(self._whereabouts.route, ("/", None))[0])


def _path(route: str | None) -> str:
    return urlsplit(route or "/").path.rstrip("/") or "/"
