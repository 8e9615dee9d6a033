"""Access tokens: short-lived JWTs that carry who the caller is (RFC 8725: one fixed algorithm)."""

import functools
import time
from uuid import UUID

import jwt
import msgspec

from shared.contracts.directory import Identity
from shared.seal import Caller

_ISSUER = "chainstitch"
_ALGORITHM = "HS256"


class InvalidToken(Exception):
    """Missing, forged, expired, or not one of ours."""


class Session(msgspec.Struct, frozen=True):
    """What an access token says."""

    caller: Caller
    expires_at: int
    store_id: UUID | None = None


class Tokens:
    """Mints and reads access tokens with one key."""

    def __init__(self, key: str, minutes: int) -> None:
        self._key = key
        self.seconds = minutes * 60
        self._read = functools.lru_cache(maxsize=4096)(self._verify)

    def mint(self, identity: Identity) -> str:
        now = int(time.time())
        claims = {
            "iss": _ISSUER,
            "aud": _ISSUER,
            "sub": str(identity.caller.id),
            "iat": now,
            "exp": now + self.seconds,
            "caller": msgspec.to_builtins(identity.caller),
            "store_id": str(identity.store_id) if identity.store_id else None,
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def read(self, token: str) -> Session:
        """The session of a token; raises `InvalidToken`."""
        session = self._read(token)
        if session.expires_at <= time.time():
            raise InvalidToken("expired")
        return session

    def _verify(self, token: str) -> Session:
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                audience=_ISSUER,
                issuer=_ISSUER,
                options={"require": ["exp", "sub", "caller"], "verify_exp": False},
            )
            return msgspec.convert(
                {
                    "caller": claims["caller"],
                    "expires_at": claims["exp"],
                    "store_id": claims.get("store_id"),
                },
                Session,
            )
        except (jwt.InvalidTokenError, msgspec.ValidationError) as error:
            raise InvalidToken(str(error)) from error
