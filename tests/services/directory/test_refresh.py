"""Refresh tokens rotate; a copied one ends its family, a lost answer does not."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.directory import devices, organisation, refresh, sign_in, staff
from shared.contracts import Done
from shared.contracts import directory as contract
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Role, ScopeKind
from shared.service import Transaction
from tests.services.directory.conftest import (
    ADMINISTRATOR,
    NOW,
    PIN,
    Chain,
    associate,
    events,
    hire,
    register,
    rows,
    store,
)

LATER = timedelta(minutes=15)


@pytest.fixture
def device(transaction: Transaction, chain: Chain) -> contract.DeviceActivated:
    return register(transaction, chain.own_store)


@pytest.fixture
def ann(transaction: Transaction, chain: Chain) -> UUID:
    return hire(transaction, associate(chain.own_store))


@pytest.fixture
def signed_in(
    transaction: Transaction, device: contract.DeviceActivated, ann: UUID
) -> contract.SignedIn:
    command = contract.SignInWithPin(
        device_id=device.device_id,
        device_secret=device.device_secret,
        staff_number="1001",
        pin=PIN,
    )
    return sign_in.with_pin(transaction, command, NOW)


def use(transaction: Transaction, token: str | None, after: timedelta = LATER) -> contract.SignedIn:
    return refresh.refresh(transaction, contract.Refresh(refresh_token=token or ""), NOW + after)


def is_rejected(transaction: Transaction, token: str | None, after: timedelta = LATER) -> bool:
    try:
        use(transaction, token, after)
    except Refusal as refusal:
        return refusal.code == "REFRESH_REJECTED"
    return False


def ended(transaction: Transaction) -> list[str | None]:
    return [family["ended_because"] for family in rows(transaction, "refresh_families")]


def test_each_use_gives_the_next_token(
    transaction: Transaction, signed_in: contract.SignedIn
) -> None:
    tokens = [signed_in.refresh_token]
    for turn in range(1, 4):
        answer = use(transaction, tokens[-1], turn * LATER)
        assert answer.identity == signed_in.identity
        tokens.append(answer.refresh_token)

    assert len(set(tokens)) == 4
    (family,) = rows(transaction, "refresh_families")
    assert (family["generation"], family["policy_version"], family["ended_at"]) == (4, 1, None)


def test_only_digests_are_stored(transaction: Transaction, signed_in: contract.SignedIn) -> None:
    (row,) = rows(transaction, "refresh_tokens")

    assert len(row["digest"]) == 32
    assert (signed_in.refresh_token or "").encode() not in bytes(row["digest"])


def test_a_token_used_again_ends_the_family(
    transaction: Transaction, ann: UUID, signed_in: contract.SignedIn
) -> None:
    second = use(transaction, signed_in.refresh_token).refresh_token

    assert is_rejected(transaction, signed_in.refresh_token, LATER + timedelta(seconds=31))
    assert is_rejected(transaction, second, LATER + timedelta(seconds=32))
    assert ended(transaction) == ["reused"]
    last = events(transaction, "sign_in_observed")[-1]
    assert (last["subject"], last["data"]["outcome"]) == (str(ann), "reused")


def test_a_lost_answer_is_asked_for_again(
    transaction: Transaction, signed_in: contract.SignedIn
) -> None:
    use(transaction, signed_in.refresh_token)

    again = use(transaction, signed_in.refresh_token, LATER + timedelta(seconds=30))

    use(transaction, again.refresh_token, 2 * LATER)
    assert ended(transaction) == [None]


def test_of_two_answers_to_one_token_only_one_lives_on(
    transaction: Transaction, signed_in: contract.SignedIn
) -> None:
    client = use(transaction, signed_in.refresh_token).refresh_token
    thief = use(transaction, signed_in.refresh_token, LATER + timedelta(seconds=9)).refresh_token
    newest = use(transaction, thief, 2 * LATER).refresh_token

    assert is_rejected(transaction, client, 2 * LATER + timedelta(seconds=31))
    assert is_rejected(transaction, newest, 3 * LATER)


def test_the_grace_is_for_the_token_just_before_only(
    transaction: Transaction, signed_in: contract.SignedIn
) -> None:
    second = use(transaction, signed_in.refresh_token).refresh_token
    use(transaction, second, LATER + timedelta(seconds=1))

    assert is_rejected(transaction, signed_in.refresh_token, LATER + timedelta(seconds=2))
    assert ended(transaction) == ["reused"]


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "令牌"])
def test_an_unknown_token_is_rejected(
    transaction: Transaction, signed_in: contract.SignedIn, token: str
) -> None:
    before = rows(transaction, "refresh_families")

    assert is_rejected(transaction, token)
    assert rows(transaction, "refresh_families") == before


def test_a_family_ends_by_its_day(transaction: Transaction, signed_in: contract.SignedIn) -> None:
    last = use(transaction, signed_in.refresh_token, timedelta(days=14) - LATER).refresh_token

    assert is_rejected(transaction, last, timedelta(days=14))
    with transaction() as session:
        refresh.forget_old(session, NOW + timedelta(days=14, seconds=1))
    assert rows(transaction, "refresh_families") == rows(transaction, "refresh_tokens") == []


@pytest.mark.parametrize(
    "change",
    [
        {"active": False},
        {"pin": "7302"},
        {"roles": frozenset({Role.STORE_MANAGER})},
        {"scope_kind": ScopeKind.CHAIN, "scope_id": None},
    ],
)
def test_a_change_of_what_one_may_ends_every_sign_in(
    transaction: Transaction,
    chain: Chain,
    ann: UUID,
    signed_in: contract.SignedIn,
    change: dict[str, object],
) -> None:
    staff.save_staff(
        transaction, ADMINISTRATOR, associate(chain.own_store, id=ann, **{"pin": None} | change)
    )

    assert is_rejected(transaction, signed_in.refresh_token)
    assert ended(transaction) == ["staff_changed"]


def test_a_new_name_ends_nothing(
    transaction: Transaction, chain: Chain, ann: UUID, signed_in: contract.SignedIn
) -> None:
    staff.save_staff(transaction, ADMINISTRATOR, associate(chain.own_store, id=ann, name="Anna"))

    assert use(transaction, signed_in.refresh_token).identity.name == "Anna"


def test_a_lost_device_ends_what_was_signed_in_on_it(
    transaction: Transaction,
    chain: Chain,
    device: contract.DeviceActivated,
    signed_in: contract.SignedIn,
) -> None:
    again = contract.CreateDevice(id=device.device_id, store_id=chain.own_store, name="Till")
    with transaction() as session:
        devices.create_device(session, ADMINISTRATOR, again, NOW)

    assert is_rejected(transaction, signed_in.refresh_token)
    assert ended(transaction) == ["device_changed"]


@pytest.mark.parametrize("change", ["closed", "moved"])
def test_a_store_that_is_closed_or_moved_away_ends_it_at_the_next_refresh(
    transaction: Transaction, chain: Chain, device: contract.DeviceActivated, change: str
) -> None:
    hire(transaction, associate(chain.north, scope_kind=ScopeKind.REGION))
    command = contract.SignInWithPin(
        device_id=device.device_id,
        device_secret=device.device_secret,
        staff_number="1001",
        pin=PIN,
    )
    token = sign_in.with_pin(transaction, command, NOW).refresh_token
    with transaction() as session:
        changed = (
            store(chain.own_store, chain.north, "S1", active=False)
            if change == "closed"
            else store(chain.own_store, chain.south, "S1")
        )
        organisation.save_store(session, ADMINISTRATOR, changed)

    assert is_rejected(transaction, token)
    assert ended(transaction) == ["not_allowed_any_more"]


def test_signing_out_ends_it_and_says_so_once(
    transaction: Transaction, ann: UUID, signed_in: contract.SignedIn
) -> None:
    newest = use(transaction, signed_in.refresh_token).refresh_token
    command = contract.SignOut(refresh_token=signed_in.refresh_token or "")

    for _ in range(2):
        with transaction() as session:
            assert refresh.sign_out(session, command, NOW) == Done()

    assert is_rejected(transaction, newest)
    told = [event["data"]["outcome"] for event in events(transaction, "sign_in_observed")]
    assert told == ["successful", "signed_out"]


def test_signing_out_with_any_string_tells_nothing(transaction: Transaction) -> None:
    with transaction() as session:
        assert refresh.sign_out(session, contract.SignOut(refresh_token=str(new_id())), NOW) == (
            Done()
        )
