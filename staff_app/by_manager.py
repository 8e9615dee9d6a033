"""What managers and HQ do for the member that is looked at, as the screens show it."""

from dataclasses import dataclass, field
from typing import Any

import flet as ft


@ft.observable
@dataclass
class Privacy:
    """`erasure` is the newest one of `member_id`; `known` once it was asked for. `asking_id` is the
    id of the one that is asked for next."""

    member_id: str = ""
    known: bool = False
    erasure: dict[str, Any] | None = None
    asking_id: str = ""
    refusal: dict[str, str] | None = None


@ft.observable
@dataclass
class TierByHand:
    """The `tiers` of the ladder in force, lowest first, and what HQ has set, newest first."""

    tiers: list[dict[str, Any]] = field(default_factory=list)
    settings: list[dict[str, Any]] | None = None
    setting_id: str = ""
    refusal: dict[str, str] | None = None
