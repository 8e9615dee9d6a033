"""What crosses a service's border: a module per owning service, or a package of such modules.

A command names its answer in its base (`class Reserve(Command[Reserved])`), its service by where
it stands (`shared.contracts.<service>`) and its method by its own name, so that a contract is the
whole interface:
``client.call(Reserve(...))`` is typed and there is no second list to keep. Events are facts, past
tense. Contracts only grow: a new field has a default.
"""

import functools
import importlib
import pkgutil
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import ModuleType
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar, get_args
from uuid import UUID, uuid5

import msgspec
from msgspec import Meta

from shared import money
from shared.errors import InvalidInput, Refusal

A = TypeVar("A")
E = TypeVar("E")
M = TypeVar("M", bound="Message")

SERVICES = ("directory", "member", "loyalty", "inventory", "order", "campaign")
LINES_LIMIT = 500
"""Lines in one basket, and ids in one `get_many`."""

# No control characters (NUL cannot be stored) and none that turn the reading direction around.
PLAIN = "^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]*$"

Name = Annotated[str, Meta(min_length=1, max_length=60, pattern=PLAIN)]
Text = Annotated[str, Meta(max_length=500, pattern=PLAIN)]
# `$` alone would also match before a line break at the end.
Code = Annotated[
    str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$(?!\n)")
]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
Minor = Annotated[int, Meta(ge=-(10**14), le=10**14)]
"""Money in minor units (fen, cents) of the currency beside it."""
BasisPoints = Annotated[int, Meta(ge=0, le=10_000)]
PageSize = Annotated[int, Meta(ge=1, le=200)]
OrderChannel = Literal["store", "mini_program", "app", "marketplace", "other_till"]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A typed, frozen value that crosses a border."""


class Command(Message, Generic[A], frozen=True, kw_only=True):
    """A request to one service; `A` is its answer."""


class Event(Message, frozen=True, kw_only=True):
    """A fact told to whoever listens. `audited` ones go into the audit log with their caller."""

    type: ClassVar[str]
    audited: ClassVar[bool] = True


class Envelope(msgspec.Struct, Generic[E], frozen=True, kw_only=True):
    """CloudEvents 1.0 attributes around an event. `sequence` counts within `subject`."""

    id: UUID
    source: str
    type: str
    subject: str
    sequence: int
    time: datetime
    data: E
    caller: str | None = None
    specversion: str = "1.0"


def one_by_one(envelopes: Iterable[Envelope[Any]]) -> list[Envelope[Any]]:
    """What was told together (an event with `items`), as if each had been told by itself; the ids
    follow from that of the envelope."""
    return [
        msgspec.structs.replace(envelope, id=uuid5(envelope.id, str(place)), data=item)
        for envelope in envelopes
        for place, item in enumerate(envelope.data.items)
    ]


def service_of(message: type[Message]) -> str:
    """The service that owns a command or event: `shared.contracts.<service>[.<capability>]`."""
    return message.__module__.split(".")[2]


@functools.cache
def modules_of(service: str) -> tuple[ModuleType, ...]:
    """The modules of a service's contract."""
    owner = importlib.import_module(f"{__name__}.{service}")
    inside = pkgutil.iter_modules(getattr(owner, "__path__", []))
    return (owner, *(importlib.import_module(f"{owner.__name__}.{each.name}") for each in inside))


def declared(service: str, kind: type[M]) -> list[type[M]]:
    """The commands, or the events, that a service's contract declares."""
    return [
        found
        for module in modules_of(service)
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, kind)
        if found.__module__ == module.__name__
    ]


def errors_of(service: str) -> "dict[str, Sentence]":
    """What a service may refuse with, in words."""
    found: dict[str, Sentence] = {}
    for module in modules_of(service):
        found.update(getattr(module, "ERRORS", {}))
    return found


def said(service: str, refusal: Refusal) -> tuple[str, str]:
    """What a service refuses with, in Chinese and in English."""
    return errors_of(service)[refusal.code].said(refusal.parameters)


def operation_of(command: type[Command[Any]]) -> str:
    """`PlaceOrder` is served by the method `place_order`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", command.__name__).lower()


def answer_of(command: type[Command[A]]) -> Any:
    """The answer type a command declares in its base."""
    for base in getattr(command, "__orig_bases__", ()):
        if getattr(base, "__origin__", None) is Command:
            return get_args(base)[0]
    raise TypeError(f"{command.__name__} does not say what its answer is")


_COUNTS = frozenset(
    {"available", "had", "left", "limit", "points", "points_found", "points_stated", "wanted"}
)


class Sentence(Message, frozen=True, kw_only=True):
    """What a refusal says to people; ``{names}`` are filled from its parameters."""

    zh: str
    en: str

    def said(self, parameters: Mapping[str, Any]) -> tuple[str, str]:
        """In Chinese and in English, with figures as people write them: sums (`…_minor`) in the
        `currency` among the parameters, points and counts in groups of three digits. What was not
        given is a question mark."""
        currency = str(parameters.get("currency") or "")
        shown = _Shown({name: _written(name, each, currency) for name, each in parameters.items()})
        return self.zh.format_map(shown), self.en.format_map(shown)


class _Shown(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "?"


def _written(name: str, value: Any, currency: str) -> str:
    """A refusal that came over the broker has texts only, numbers too."""
    text = str(value)
    if not text.lstrip("-").isdecimal():
        return text
    if name.endswith("_minor"):
        return money.written(int(text), currency)
    return f"{int(text):,}" if name in _COUNTS else text


COMMON_ERRORS = {
    "INVALID_INPUT": Sentence(
        zh="输入有误：{field}（{reason}）",
        en="The input is not right: {field} ({reason})",
    ),
    "INVALID_CURSOR": Sentence(zh="翻页位置无效，请重新查询", en="That page position is not valid"),
    "UNKNOWN_STORE": Sentence(zh="没有这家门店", en="There is no such store"),
    "STORE_CLOSED": Sentence(zh="门店“{store}”已停用", en="Store “{store}” is closed"),
    "FORBIDDEN_ROLE": Sentence(zh="您的岗位没有此权限", en="Your role does not allow this"),
    "FORBIDDEN_SCOPE": Sentence(
        zh="这不在您的管辖范围内", en="This is outside the stores you may work for"
    ),
    "RATE_LIMITED": Sentence(zh="请求过多，请稍候", en="Too many requests; wait a moment"),
    "UNAUTHENTICATED": Sentence(zh="请先登录", en="Please sign in"),
    "UNSEALED": Sentence(zh="身份验证失败，请重新登录", en="Your sign-in could not be verified"),
    "UNAVAILABLE": Sentence(
        zh="系统暂时没有回应，请稍后重试；重复提交不会重复记账",
        en="There was no answer in time. Send it again: nothing will be booked twice",
    ),
}


def decode(raw: Any, command: type[Command[Any]]) -> Command[Any]:
    """What came over a border, as a command; raises `InvalidInput` with the path of the fault."""
    try:
        ready: Command[Any] = msgspec.convert(raw, command)
        return ready
    except msgspec.ValidationError as error:
        reason, _, field = str(error).partition(" - at `")
        raise InvalidInput(
            "INVALID_INPUT", {"field": field.rstrip("`") or "$", "reason": reason}
        ) from error


class Done(Message, frozen=True, kw_only=True):
    """The answer of a command that only succeeds or is refused."""
