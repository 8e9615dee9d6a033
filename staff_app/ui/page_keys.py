"""Keys that no field takes: of a scanner that types, and of a keyboard beside our own keypad."""

import inspect
from collections.abc import Callable
from typing import Any

import flet as ft

_NAME = "listening"


def listen(page: ft.Page) -> None:
    """The page always listens: to switch that on and off would have all of it drawn again."""
    listening: list[Callable[[ft.KeyboardEvent], Any]] = []
    page.session.store.set(_NAME, listening)

    async def heard(event: ft.KeyboardEvent) -> None:
        if listening:
            done = listening[-1](event)
            if inspect.isawaitable(done):
                await done

    page.on_keyboard_event = heard


def use_page_keys(heard: Callable[[ft.KeyboardEvent], Any]) -> None:
    """The page's keys go to `heard` while this component is there. What listened before, a screen
    below this one, listens again afterwards."""
    listening = ft.context.page.session.store.get(_NAME)
    first, _ = ft.use_state(lambda: heard)
    ft.use_effect(lambda: listening.append(first), [], lambda: listening.remove(first))
