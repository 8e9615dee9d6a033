"""Ids made on the device: UUIDv7 (RFC 9562), by the standard library alone, as a browser has it."""

import secrets
import time
from uuid import UUID


def new_id() -> str:
    """48 bits of Unix milliseconds, the version, the variant, and 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | secrets.randbits(12) << 64
    value |= 0b10 << 62 | secrets.randbits(62)
    return str(UUID(int=value))
