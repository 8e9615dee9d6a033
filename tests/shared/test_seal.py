"""The sealed caller: nobody without the key can make one, and it does not last."""

import base64
import json
import time
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Forbidden
from shared.seal import (
    FLOOR,
    HQ,
    MANAGERS,
    READERS,
    SEAL_SECONDS,
    SELLERS,
    Caller,
    Role,
    ScopeKind,
    seal,
    unseal,
)

KEY = "a long random string"
ASSOCIATE = Caller(
    kind="staff",
    id=UUID(int=1),
    roles=frozenset({Role.ASSOCIATE}),
    scope_kind=ScopeKind.STORE,
    scope_id=UUID(int=2),
    device_id=UUID(int=3),
)
CALLERS = st.builds(
    Caller,
    kind=st.sampled_from(["staff", "client"]),
    id=st.uuids(),
    roles=st.frozensets(st.sampled_from(Role)),
    scope_kind=st.sampled_from(ScopeKind),
    scope_id=st.none() | st.uuids(),
    device_id=st.none() | st.uuids(),
)


@given(caller=CALLERS)
def test_a_seal_gives_its_caller_back(caller: Caller) -> None:
    assert unseal(seal(caller, KEY), KEY) == caller


def promoted(header: str) -> str:
    """A seal whose role was changed by somebody without the key."""
    body, signature = header.split(".")
    content = json.loads(base64.urlsafe_b64decode(body))
    content["caller"]["roles"] = ["hq_administrator"]
    return f"{base64.urlsafe_b64encode(json.dumps(content).encode()).decode()}.{signature}"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        ".",
        "no seal at all",
        "a.b.c",
        "e30=.",
        "e30=.签名",
        "王.00",
        seal(ASSOCIATE, "another key"),
        seal(ASSOCIATE, KEY)[:-1],
        seal(ASSOCIATE, KEY).split(".")[0] + ".",
        promoted(seal(ASSOCIATE, KEY)),
    ],
)
def test_missing_and_forged_seals_are_refused(header: str | None) -> None:
    with pytest.raises(Forbidden) as refused:
        unseal(header, KEY)

    assert refused.value.code == "UNSEALED"


def test_a_seal_is_good_for_five_minutes_and_a_record_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    header = seal(ASSOCIATE, KEY)
    sealed_at = time.time()

    monkeypatch.setattr(time, "time", lambda: sealed_at + SEAL_SECONDS - 1)
    assert unseal(header, KEY) == ASSOCIATE
    monkeypatch.setattr(time, "time", lambda: sealed_at + SEAL_SECONDS + 1)
    with pytest.raises(Forbidden) as refused:
        unseal(header, KEY)
    assert refused.value.code == "UNSEALED"
    assert unseal(header, KEY, within_seconds=None) == ASSOCIATE


def test_a_caller_needs_one_of_the_roles() -> None:
    ASSOCIATE.require(FLOOR)
    with pytest.raises(Forbidden) as refused:
        ASSOCIATE.require(HQ)

    assert refused.value.code == "FORBIDDEN_ROLE"


@pytest.mark.parametrize("kind", [kind for kind in ScopeKind if kind is not ScopeKind.CHAIN])
def test_only_the_chain_is_the_chain(kind: ScopeKind) -> None:
    limited = Caller(kind="staff", id=UUID(int=1), roles=HQ, scope_kind=kind, scope_id=UUID(int=2))
    whole = Caller(kind="staff", id=UUID(int=1), roles=HQ, scope_kind=ScopeKind.CHAIN)

    whole.require_chain()
    with pytest.raises(Forbidden) as refused:
        limited.require_chain()

    assert refused.value.code == "FORBIDDEN_SCOPE"


def test_an_auditor_only_reads_and_a_client_never_manages() -> None:
    assert Role.AUDITOR in READERS
    assert not {Role.AUDITOR} & (SELLERS | MANAGERS)
    assert not {Role.INTEGRATION} & (MANAGERS | FLOOR)
