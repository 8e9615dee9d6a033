"""The browser's address: it follows the screen, and the screen follows it when one goes back."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import flet as ft

from staff_app.ways import ABOVE
from staff_app.whereabouts import Whereabouts

FOLLOWS_SECONDS = 0.15
"""At every change of its address the client builds the whole page again. So the screen, which is
waited for, goes first."""
ANSWERS_SECONDS = 2.0
"""What the device was told on a connection that has ended, it never answers."""


class Address:
    """`run` goes on with something as long as the session lives."""

    def __init__(
        self,
        page: ft.Page,
        whereabouts: Whereabouts,
        run: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._page, self._whereabouts, self._run = page, whereabouts, run
        self._following = False
        self._told = whereabouts.route = _path(page.route)
        """Where the browser is, or was told to go. That it says so itself is no news."""
        self._answered = True
        """Whether it is there, for all that is known."""
        page.on_route_change = self._heard
        page.on_view_pop = self._back

    def go(self, route: str) -> None:
        """Show a screen, at once."""
        self._whereabouts.route = route
        self.follow()

    def follow(self) -> None:
        if not self._following:
            self._following = True
            self._run(self._follow())

    async def _follow(self) -> None:
        try:
            await asyncio.sleep(FOLLOWS_SECONDS)
            while self._behind:
                await self._tell(self._whereabouts.route)
        except RuntimeError:
            return  # the device is away: it is told when it is back
        finally:
            self._following = False

    async def _tell(self, route: str) -> None:
        self._told, self._answered = route, False
        with suppress(TimeoutError):  # then it is told once more
            async with asyncio.timeout(ANSWERS_SECONDS):
                await self._page.push_route(route)
            self._answered = True

    @property
    def _behind(self) -> bool:
        here = self._page.session.connection is not None
        return here and not (self._answered and self._told == self._whereabouts.route)

    def _heard(self, event: ft.RouteChangeEvent) -> None:
        route = _path(event.route)
        self._answered = True
        if route != self._told:
            self._told = self._whereabouts.route = route

    def _back(self, _event: ft.ViewPopEvent) -> None:
        """The upper one of two screens was wiped away."""
        self.go(ABOVE.get(self._whereabouts.route, ("/", None))[0])


def _path(route: str | None) -> str:
    return urlsplit(route or "/").path.rstrip("/") or "/"
