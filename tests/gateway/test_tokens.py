"""Access tokens: only ours, only while they last, and only as they were made."""

import base64
import json
import time
from uuid import uuid4

import jwt
import pytest

from gateway.tokens import InvalidToken, Tokens
from shared.contracts.directory import Identity
from shared.seal import Caller, Role, ScopeKind

KEY = "a key that is long enough for HS256"
CALLER = Caller(
    kind="staff", id=uuid4(), roles=frozenset({Role.ASSOCIATE}),
    scope_kind=ScopeKind.STORE, scope_id=uuid4(), device_id=uuid4(),
)  # fmt: skip


@pytest.fixture
def tokens() -> Tokens:
    return Tokens(KEY, minutes=15)


def test_what_goes_in_comes_out(tokens: Tokens) -> None:
    session = tokens.read(tokens.mint(Identity(caller=CALLER, name="x", store_id=CALLER.scope_id)))
    assert session.caller == CALLER
    assert session.store_id == CALLER.scope_id
    assert 890 < session.expires_at - time.time() <= 900


def test_an_expired_token_is_refused_even_if_it_was_read_before() -> None:
    short = Tokens(KEY, minutes=0)
    with pytest.raises(InvalidToken, match="expired"):
        short.read(short.mint(Identity(caller=CALLER, name="x")))


def test_another_key_is_refused(tokens: Tokens) -> None:
    forged = Tokens("another key that is long enough too", minutes=15)
    with pytest.raises(InvalidToken):
        tokens.read(forged.mint(Identity(caller=CALLER, name="x")))


def test_a_changed_claim_is_refused(tokens: Tokens) -> None:
    header, body, signature = tokens.mint(Identity(caller=CALLER, name="x")).split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["caller"]["roles"] = ["hq_administrator"]
    changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    with pytest.raises(InvalidToken):
        tokens.read(f"{header}.{changed}.{signature}")


@pytest.mark.parametrize("algorithm", ["none", "HS512"])
def test_another_algorithm_is_refused(tokens: Tokens, algorithm: str) -> None:
    claims = {"iss": "chainstitch", "aud": "chainstitch", "sub": "x", "exp": time.time() + 60,
              "caller": {}}  # fmt: skip
    key = None if algorithm == "none" else KEY * 2
    with pytest.raises(InvalidToken):
        tokens.read(jwt.encode(claims, key, algorithm=algorithm))


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "🙂.🙂.🙂"])
def test_nonsense_is_refused(tokens: Tokens, text: str) -> None:
    with pytest.raises(InvalidToken):
        tokens.read(text)
