"""Cursor paging on a (sort key, id) pair: opaque, stable, without offsets."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

from shared.errors import InvalidInput

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One page of a list; `cursors` stand beside `items`, one each."""

    items: list[T]
    cursors: list[str]
    has_next: bool


def encode_cursor(*key: str | int) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def decode_cursor(cursor: str, parts: int) -> list[str | int]:
    """The key inside a cursor of `parts` values; raises `InvalidInput` on a foreign string."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=list[str | int])
    except (binascii.Error, UnicodeError, ValueError, msgspec.DecodeError) as error:
        raise InvalidInput("INVALID_CURSOR") from error
    if len(key) != parts or not all(_storable(value) for value in key):
        raise InvalidInput("INVALID_CURSOR")
    return key


def _storable(value: str | int) -> bool:
    """What a database can compare with: no NUL, no more than eight bytes."""
    if isinstance(value, str):
        return "\0" not in value
    return -(2**63) <= value < 2**63


def decode_moment(cursor: str) -> tuple[datetime, UUID]:
    """The key inside a cursor of an instant, in ISO 8601, and an id."""
    at, id_ = decode_cursor(cursor, 2)
    try:
        return datetime.fromisoformat(str(at)), UUID(str(id_))
    except ValueError as error:
        raise InvalidInput("INVALID_CURSOR") from error


def page_of(rows: Sequence[T], first: int, key: Callable[[T], tuple[str | int, ...]]) -> Page[T]:
    """A page from `rows`, which were read with a limit of ``first + 1``."""
    items = list(rows[:first])
    return Page(
        items=items,
        cursors=[encode_cursor(*key(item)) for item in items],
        has_next=len(rows) > first,
    )
