"""A device without a browser: Flet's own session and page behind a connection that is made up.

Everything up to the wire is real: components, state, patches and their encoding. It uses parts of
Flet that are not its public interface, which is one reason why its version is pinned.
"""

import asyncio
import dataclasses
import functools
import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import flet as ft
import msgpack
from flet.controls.base_control import BaseControl
from flet.controls.context import _context_page, context
from flet.messaging.connection import Connection
from flet.messaging.protocol import (
    Message,
    MessageAction,
    RegisterClientResponseBody,
    configure_encode_object_for_msgpack,
)
from flet.messaging.session import Session
from flet.pubsub.pubsub_hub import PubSubHub

from staff_app import mended
from staff_app.main import app
from staff_app.till import Till

_NOT_DRAWN = {"_parent", "args", "kwargs", "fn", "_state", "_contexts", "_parent_component", "data"}


class Wire(Connection):
    """Takes messages as a browser would, and answers calls to the device's own services."""

    def __init__(self, kept: dict[str, str]) -> None:
        super().__init__()
        self.loop = asyncio.get_running_loop()
        self.executor = ThreadPoolExecutor(1)
        self.pubsubhub = PubSubHub(loop=self.loop, executor=self.executor)
        self.page_url, self.page_name = "http://device", ""
        self.kept = kept
        self.keeps = True
        self.slow = 0.0
        self.crashes: list[str] = []
        self.services: dict[str, Any] = {}
        """What the device's own services answer, by the method that is called."""
        self.called: list[tuple[str, Any]] = []
        self.late: dict[str, list[Any]] = {}
        """Calls of these methods wait here until `answer_late`."""
        self.pushed: list[str] = []
        """The addresses the browser was asked to show."""
        self.session: Session | None = None

    def send_message(self, message: Message) -> None:
        encode = configure_encode_object_for_msgpack(BaseControl)
        msgpack.packb([message.action, message.body], default=encode)
        if message.action == MessageAction.SESSION_CRASHED:
            self.crashes.append(message.body.message)
        if message.action == MessageAction.INVOKE_METHOD:
            if message.body.name == "push_route":
                self.pushed.append(message.body.args["route"])
            if message.body.name in self.late:
                self.late[message.body.name].append(message.body)
            else:
                self.loop.call_later(self.slow, self._answer, message.body)

    def _answer(self, call: Any) -> None:
        result, error = None, None
        arguments = call.args or {}
        if call.name in ("set", "remove") and not self.keeps:
            error = "storage is full"
        elif call.name == "set":
            self.kept[arguments["key"]] = arguments["value"]
        elif call.name == "get":
            result = self.kept.get(arguments["key"])
        elif call.name == "remove":
            self.kept.pop(arguments["key"], None)
        elif call.name == "push_route" and self.session:
            self.go(arguments["route"])
        elif call.name in self.services:
            result = self.services[call.name]
            self.called.append((call.name, arguments))
        elif call.name == "get_current_position":
            error = "the device does not say"
        assert self.session
        try:
            self.session.handle_invoke_method_results(call.control_id, call.call_id, result, error)
        except RuntimeError as ended:  # Flet's own connections end with it
            self.crashes.append(str(ended))

    def answer_late(self, method: str) -> int:
        """How many calls have waited."""
        waiting = self.late.pop(method)
        for call in waiting:
            self._answer(call)
        return len(waiting)

    def go(self, route: str) -> None:
        """The browser is at another address."""
        assert self.session
        self.session.apply_page_patch({"route": route})
        page = self.session.page
        self.loop.create_task(
            self.session.dispatch_event(page._i, "route_change", {"route": route})
        )


class _NotDrawn(logging.Handler):
    """What could not be drawn counts as a crash, whoever happens to look at it."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    def emit(self, record: logging.LogRecord) -> None:
        self._wire.crashes.append(self.format(record))


class Device:
    """One phone. `kept` survives `reload`; nothing else does."""

    def __init__(
        self, transport: Any, kept: dict[str, str] | None = None, storage: Any = None
    ) -> None:
        """`storage` makes what a page keeps things in; without it, Flet's own."""
        self.transport = transport
        self.storage = storage or (lambda: None)
        self.kept = {} if kept is None else kept

    async def open(self, route: str = "/") -> "Device":
        self.wire = Wire(self.kept)
        self._not_drawn = _NotDrawn(self.wire)
        mended.log.addHandler(self._not_drawn)
        self.session = Session(self.wire)
        self.wire.session = self.session
        self.page = self.session.page
        self.session.apply_page_patch({"route": route, "width": 390, "height": 844, "web": True})
        answer = RegisterClientResponseBody(
            session_id=self.session.id, page_patch=self.session.get_page_patch(), error=""
        )
        self.wire.send_message(Message(MessageAction.REGISTER_CLIENT, answer))
        _context_page.set(self.page)
        context.reset_auto_update()
        app(self.transport, self.storage())(self.page)
        await self.session.after_event(self.page)
        await self.until(lambda: self.till.desk.ready)
        return self

    async def reload(self) -> "Device":
        """The page is loaded anew in another session; only what the device keeps is there."""
        self.close()
        return await self.open(self.route)

    async def cut(self) -> None:
        """The connection ends; what the page was asked and has not answered, it never will."""
        await self.session.disconnect(60)
        self.wire.late.clear()

    async def come_back(self, route: str) -> None:
        """The page has a connection again, and is at this address."""
        await self.session.connect(self.wire)
        if route != self.page.route:
            self.wire.go(route)

    def close(self) -> None:
        """The end of a page; nothing may have gone wrong behind it."""
        mended.log.removeHandler(self._not_drawn)
        assert self.wire.crashes == []
        self.till.stop()
        self.wire.executor.shutdown(wait=False)

    @property
    def till(self) -> Till:
        till: Till = self.page.session.store.get("till")
        return till

    @property
    def route(self) -> str:
        """Of the screen that is shown."""
        return self.till.whereabouts.route

    def stored(self, name: str) -> Any:
        text = self.kept.get(f"chainstitch.{name}")
        return json.loads(text) if text else None

    # Looking.

    def drawn(self) -> Iterator[BaseControl]:
        yield from _walk(self.page.views[-1] if isinstance(self.page.views, list) else
                         self.page.views, set())  # fmt: skip
        yield from _walk(self.page._dialogs, set())

    def texts(self) -> list[str]:
        """All words on the screen; an amount's sign and digits are one."""
        said = []
        for control in self.drawn():
            if isinstance(control, ft.Text):
                said.append(
                    control.value or "".join(span.text or "" for span in control.spans or [])
                )
            elif isinstance(control, ft.TextField):
                said.append(control.value)
            else:
                said += [
                    value
                    for name in ("content", "label", "title")
                    if isinstance(value := getattr(control, name, None), str)
                ]
        return [text for text in said if text]

    def says(self, text: str) -> bool:
        return any(text in said for said in self.texts())

    def named(self, identifier: str) -> ft.Semantics | None:
        found = [
            control
            for control in self.drawn()
            if isinstance(control, ft.Semantics) and control.identifier == identifier
        ]
        return found[-1] if found else None

    def lit(self, identifier: str) -> bool:
        """Whether a row of a list stands out: what it opens is shown beside the list."""
        row = self.named(identifier)
        assert row is not None, identifier
        assert isinstance(row.content, ft.Container)
        assert (row.content.bgcolor is not None) == bool(row.selected)
        return bool(row.selected)

    # Acting.

    async def press(self, identifier: str) -> None:
        """Press what can be pressed under this name, unless it is disabled."""
        await self.until(lambda: self.named(identifier) is not None, identifier)
        control = _pressable(self.named(identifier))
        if not getattr(control, "disabled", False):
            chosen = isinstance(control, ft.Chip) and control.on_select
            await self.session.dispatch_event(control._i, "select" if chosen else "click", None)
        await self.settle()

    async def press_undo(self) -> None:
        action = next(c for c in self.drawn() if isinstance(c, ft.SnackBarAction))
        await self.session.dispatch_event(action._i, "click", None)
        await self.settle()

    async def keys(self, digits: str) -> None:
        for digit in digits:
            await self.press(f"key-{digit}")

    async def type(self, identifier: str, text: str, enter: bool = False) -> None:
        await self.until(lambda: self.named(identifier) is not None, identifier)
        field = next(c for c in _walk(self.named(identifier), set()) if isinstance(c, ft.TextField))
        self.session.apply_patch(field._i, {"value": text})
        await self.session.dispatch_event(field._i, "change", text)
        await self.settle()
        if enter:
            field = next(
                c for c in _walk(self.named(identifier), set()) if isinstance(c, ft.TextField)
            )
            await self.session.dispatch_event(field._i, "submit", text)
            await self.settle()

    async def draw(self, identifier: str, *strokes: list[tuple[int, int]]) -> None:
        """Draw with a finger, point by point."""
        for stroke in strokes:
            for number, (x, y) in enumerate(stroke):
                pad = next(
                    c
                    for c in _walk(self.named(identifier), set())
                    if isinstance(c, ft.GestureDetector)
                )
                at = {"x": x, "y": y}
                told = {"k": "touch", "l": at, "g": at}
                name = "pan_update" if number else "pan_start"
                await self.session.dispatch_event(pad._i, name, told)
                await self.settle()

    async def blur(self, identifier: str) -> None:
        field = next(c for c in _walk(self.named(identifier), set()) if isinstance(c, ft.TextField))
        await self.session.dispatch_event(field._i, "blur", None)
        await self.settle()

    async def type_on_the_page(self, text: str) -> None:
        """Keys, and Enter, while no field has the focus."""
        for key in (*text, "Enter"):
            pressed = {"key": key, "shift": False, "ctrl": False, "alt": False, "meta": False}
            await self.session.dispatch_event(self.page._i, "keyboard_event", pressed)
        await self.settle()

    async def tick(self, identifier: str) -> None:
        box = next(c for c in _walk(self.named(identifier), set()) if isinstance(c, ft.Checkbox))
        self.session.apply_patch(box._i, {"value": not box.value})
        await self.session.dispatch_event(box._i, "change", None)
        await self.settle()

    async def delete(self, identifier: str) -> None:
        """The small cross of a chip."""
        chip = next(c for c in _walk(self.named(identifier), set()) if isinstance(c, ft.Chip))
        await self.session.dispatch_event(chip._i, "delete", None)
        await self.settle()

    async def switch(self, identifier: str) -> None:
        await self.until(lambda: self.named(identifier) is not None, identifier)
        switch = next(c for c in _walk(self.named(identifier), set()) if isinstance(c, ft.Switch))
        self.session.apply_patch(switch._i, {"value": not switch.value})
        await self.session.dispatch_event(switch._i, "change", None)
        await self.settle()

    async def choose(self, identifier: str, value: str) -> None:
        segments = next(
            c for c in _walk(self.named(identifier), set()) if isinstance(c, ft.SegmentedButton)
        )
        self.session.apply_patch(segments._i, {"selected": [value]})
        await self.session.dispatch_event(segments._i, "change", None)
        await self.settle()

    async def until(self, holds: Callable[[], bool], what: str = "", seconds: float = 5) -> None:
        end = self.wire.loop.time() + seconds
        while not holds():
            assert self.wire.loop.time() < end, f"{what} did not come: {self.texts()}"
            await asyncio.sleep(0.01)

    async def sees(self, text: str, seconds: float = 5) -> None:
        await self.until(lambda: self.says(text), text, seconds)

    async def settle(self) -> None:
        for _ in range(4):
            await asyncio.sleep(0.005)


def _pressable(control: Any) -> Any:
    for inner in _walk(control, set()):
        if isinstance(inner, ft.Chip):
            return inner
        if getattr(inner, "on_click", None):
            return inner
    return control


def _walk(node: Any, seen: set[int]) -> Iterator[BaseControl]:
    if id(node) in seen:
        return
    if isinstance(node, list | tuple):
        for item in node:
            yield from _walk(item, seen)
    elif isinstance(node, BaseControl):
        seen.add(id(node))
        yield node
        known, others = node._values, node.__dict__  # only what is not as it always is
        for name in _drawn_fields(type(node)):
            value = known[name] if name in known else others.get(name)
            if isinstance(value, BaseControl | list | tuple):
                yield from _walk(value, seen)


@functools.cache
def _drawn_fields(kind: type[BaseControl]) -> tuple[str, ...]:
    return tuple(each.name for each in dataclasses.fields(kind) if each.name not in _NOT_DRAWN)
