"""What managers and HQ do, for the member that is looked at and for the chain, as the screens show
it."""

from dataclasses import dataclass, field, replace
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


@dataclass(frozen=True)
class OfflineForm:
    """A rule of selling without network as it is typed: no `roles` or `stores` are all of them."""

    allowed: bool = True
    roles: frozenset[str] = frozenset()
    stores: frozenset[str] = frozenset()
    texts: dict[str, str] = field(default_factory=dict)

    def with_(self, **given: Any) -> "OfflineForm":
        texts = {name: text for name, text in given.items() if name in self.texts}
        others = {name: value for name, value in given.items() if name not in self.texts}
        return replace(self, texts={**self.texts, **texts}, **others)


@ft.observable
@dataclass
class OfflineRule:
    """The rule in force (`version` 0: none was published), all there are, and the one being
    written. `now` is the server's clock when it was asked."""

    known: bool = False
    version: int = 0
    body: dict[str, Any] = field(default_factory=dict)
    now: str = ""
    versions: list[dict[str, Any]] = field(default_factory=list)
    stores: list[dict[str, Any]] = field(default_factory=list)
    form: OfflineForm = field(default_factory=OfflineForm)
    refusal: dict[str, str] | None = None


@ft.observable
@dataclass
class Duplicates:
    """Pairs who are probably one; `pair` is looked at, `merge` is what became of it."""

    which: str = "OPEN"
    found: list[dict[str, Any]] | None = None
    after: str = ""
    refusal: dict[str, str] | None = None
    pair: dict[str, Any] | None = None
    merge_id: str = ""
    merge: dict[str, Any] | None = None
