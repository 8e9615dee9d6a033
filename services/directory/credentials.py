"""Secrets: Argon2id for what people choose and remember, random bytes for what machines keep.

Of a PIN or password only its Argon2id hash is stored, of a random secret only its SHA-256 (there is
nothing to guess in 32 random bytes). Hashing burns processor time and memory on purpose: callers
pass it to `Run`, which the service binds to a real thread, and hold no transaction meanwhile.
"""

import hashlib
import hmac
import itertools
import secrets
from collections.abc import Callable
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

Run = Callable[..., Any]
"""Calls a function with its arguments, here or in another thread, and returns what it returns."""

# OWASP's parameters for Argon2id: 19 MiB and 2 passes. Twenty sign-ins at once take 380 MiB.
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)

# The hash of a random value nobody has, in the parameters above: what is verified for a number
# that does not exist, so that the answer takes as long as for one that does.
NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1$fKZLnl1c1LaVANCDOu6Clw"
    "$i/wf8nQCc0/s0jQkhxncGNUSadXIadRug+z9RFtD3CU"
)

ACTIVATION_DIGITS = 10


def directly(function: Callable[..., Any], *args: Any) -> Any:
    """The `Run` of tests and start-up: here and now."""
    return function(*args)


def hash_secret(secret: str) -> str:
    """The Argon2id hash of a PIN or password, with its salt and parameters."""
    return HASHER.hash(secret)


def verify(stored: str | None, secret: str) -> bool:
    """Whether `secret` is the one in `stored`; without a stored one no, after the same time."""
    try:
        genuine = HASHER.verify(stored or NOBODY, secret)
    except (VerificationError, InvalidHashError):
        return False
    return genuine and stored is not None


def new_secret() -> str:
    """32 random bytes as base64url."""
    return secrets.token_urlsafe(32)


def new_activation_code() -> str:
    """Ten random digits, short enough to be typed into a phone."""
    return str(secrets.randbelow(10**ACTIVATION_DIGITS)).zfill(ACTIVATION_DIGITS)


def digest(secret: str) -> bytes:
    """The SHA-256 of a random secret, as it is stored and looked up."""
    return hashlib.sha256(secret.encode()).digest()


def matches(stored: bytes | None, secret: str) -> bool:
    """Whether `secret` has the stored digest, compared in constant time; no for none."""
    return hmac.compare_digest(stored or bytes(32), digest(secret)) and stored is not None


def is_weak_pin(pin: str, number: str) -> bool:
    """Whether a PIN is one of those that are tried first: 0000, 1234, 9876, 1212, the number."""
    steps = {(int(after) - int(before)) % 10 for before, after in itertools.pairwise(pin)}
    repeated = any(pin == pin[:width] * (len(pin) // width) for width in (1, 2, 3, 4)
                   if width < len(pin))  # fmt: skip
    return steps in ({1}, {9}) or repeated or pin == number
