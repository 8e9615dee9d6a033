"""What Flet 1.0.5 gets wrong in a session, mended: late answers, texts that go back, and parts of a
screen that are drawn before what they stand in."""

import logging
from collections.abc import Iterator
from typing import Any

import flet as ft
from flet.components.component import Component
from flet.controls.base_control import BaseControl

log = logging.getLogger(__name__)

_UNHEARD = "_unheard"
"""On a field: the device has told a text that the app has not been told of yet."""


def mend(page: ft.Page) -> None:
    """To be called once, before anything is drawn."""
    _take_late_answers(page)
    _leave_what_is_typed(page)
    _draw_outside_in(page)


def _take_late_answers(page: ft.Page) -> None:
    """A control that answers a call after it has left the screen, as a field does that was to take
    the focus, ends the connection; on the device nothing is heard any more. The page is always
    there, and whose answer it is stands in `call_id`."""
    take = page.session.handle_invoke_method_results

    def took(_control_id: int, call_id: str, result: Any, error: str | None) -> None:
        take(page._i, call_id, result, error)

    page.session.handle_invoke_method_results = took  # type: ignore[method-assign]


def _leave_what_is_typed(page: ft.Page) -> None:
    """The text of a field is told first, then that it has changed. What is drawn in between still
    has the text before, and would put it into the field: a scanner types faster than that, and
    would lose a part of its code."""
    apply, dispatch = page.session.apply_patch, page.session.dispatch_event

    def told(control_id: int, patch: dict[str, Any]) -> None:
        apply(control_id, patch)
        field = page.session.index.get(control_id)
        if isinstance(field, ft.TextField) and "value" in patch and field.on_change:
            object.__setattr__(field, _UNHEARD, True)

    async def heard(control_id: int, event_name: str, event_data: Any) -> None:
        field = page.session.index.get(control_id)
        if event_name == "change" and isinstance(field, ft.TextField):
            object.__setattr__(field, _UNHEARD, False)
        await dispatch(control_id, event_name, event_data)

    page.session.apply_patch = told  # type: ignore[method-assign]
    page.session.dispatch_event = heard  # type: ignore[method-assign]


class _OutsideIn(set[BaseControl]):
    """What is to be drawn anew, the outermost first."""

    def __iter__(self) -> Iterator[BaseControl]:
        return iter(sorted(super().__iter__(), key=_depth))


def _depth(control: BaseControl) -> int:
    depth, parent = 0, control.parent
    while parent is not None:
        depth, parent = depth + 1, parent.parent
    return depth


def _draw_outside_in(page: ft.Page) -> None:
    """Flet draws what has changed in any order. A part that its parent is about to take off the
    screen would be drawn once more, from what is not there any more, as of a member who is left for
    another."""
    session: Any = page.session
    session._Session__pending_updates = _OutsideIn(session._Session__pending_updates)


def _draw(self: Component) -> None:
    """A part that cannot be drawn stays as it was. In Flet nothing would be drawn any more, of any
    screen, until the page is loaded anew."""
    try:
        _drawn_anew(self)
    except Exception:
        log.exception("could not be drawn: %s", self.fn.__name__)


_drawn_anew = Component.update
Component.update = _draw  # type: ignore[method-assign]


def _take_over(self: ft.TextField, other: Any) -> None:
    _as_it_was(self, other)
    if getattr(other, _UNHEARD, False):
        object.__setattr__(self, _UNHEARD, True)
        self.value = other.value


_as_it_was = ft.TextField._migrate_state
ft.TextField._migrate_state = _take_over  # type: ignore[assignment, method-assign]
