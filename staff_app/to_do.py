"""What home and the tasks show: observables as those of `state` are."""

from dataclasses import dataclass, field
from typing import Any

import flet as ft


@ft.observable
@dataclass
class Home:
    """Today's figures and counts, as they were read last; `failed` if that was in vain."""

    asking: bool = False
    failed: bool = False
    today: dict[str, Any] | None = None


@ft.observable
@dataclass
class Tasks:
    """Open tasks, one's own or the store's (`whose`), and the one that is looked at (`open_id`).

    `trouble` is with the list, `refusal` with the one. A new task is about `about`: id and name
    of a member."""

    whose: str = "store"
    found: list[dict[str, Any]] | None = None
    after: str = ""
    asking: bool = False
    trouble: dict[str, str] | None = None
    open_id: str = ""
    task: dict[str, Any] | None = None
    refusal: dict[str, str] | None = None
    colleagues: list[dict[str, Any]] = field(default_factory=list)
    about: dict[str, str] | None = None
    back_to: str = "/tasks"
    """Where a new task was begun."""
