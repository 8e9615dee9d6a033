"""Ids: UUIDv7 (RFC 9562), unique without asking anybody and ordered by the time they were made."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    return uuid7()
