"""Phones: what counts as one, what is stored of it, what is shown."""

import base64
import hashlib
from uuid import UUID

import phonenumbers
import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.member import phones
from services.member.phones import Keyring, UnknownPhoneKey
from shared.errors import Refusal
from shared.settings import PhoneSettings

MEMBER = UUID("01970000-0000-7000-8000-000000000001")
OTHER = UUID("01970000-0000-7000-8000-000000000002")
TYPED = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
OLD, NEW = b"o" * 32, b"n" * 32
MOBILES = st.integers(0, 10**8 - 1).map(lambda digits: f"+86138{digits:08}")


@pytest.mark.parametrize(
    "written",
    [
        "13812341234",
        "+8613812341234",
        "+86 138 1234 1234",
        "0086 138-1234-1234",
        " 138 1234 1234 ",
        "１３８１２３４１２３４",
        "＋８６ １３８１２３４１２３４",
        "(+86) 138.1234.1234",
    ],
)
def test_one_phone_however_it_is_written(written: str) -> None:
    assert phones.parse(written, "CN") == "+8613812341234"


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "12345",
        "1381234123",
        "138123412345",
        "138ABCDEFGH",
        "13812341234 ext 5",
        "+999 13812341234",
        "13812341234\x00",
        "1381234\u202e1234",
        "a phone",
        "📞13812341234",
        "1381234123٤",
        "17912341234",
        "+",
        "1" * 40,
    ],
)
def test_what_is_no_phone_is_refused(written: str) -> None:
    with pytest.raises(Refusal) as refused:
        phones.parse(written, "CN")

    assert (refused.value.code, refused.value.parameters) == ("INVALID_PHONE", {"phone": written})


@pytest.mark.parametrize(
    ("time_zone", "country"),
    [
        ("Asia/Shanghai", "CN"),
        ("Asia/Hong_Kong", "HK"),
        ("Europe/Berlin", "DE"),
        ("UTC", "CN"),
        ("Nowhere/Else", "CN"),
    ],
)
def test_national_numbers_are_those_of_the_stores_country(time_zone: str, country: str) -> None:
    assert phones.country_of(time_zone) == country


def test_a_national_number_of_another_country() -> None:
    assert phones.parse("9123 4567", "HK") == "+85291234567"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+8613812341234", "+86 138****1234"),
        ("+85291234567", "+852 ****4567"),
        ("+12015550123", "+1 20****0123"),
    ],
)
def test_a_masked_phone_hides_at_least_four_digits(number: str, shown: str) -> None:
    assert phones.masked(number) == shown


@given(number=MOBILES)
def test_a_ciphertext_gives_the_number_back_and_shows_nothing_of_it(number: str) -> None:
    keys = Keyring({"k1": OLD}, "hash key")

    first, second = keys.encrypt(number, MEMBER), keys.encrypt(number, MEMBER)

    assert keys.decrypt(first, MEMBER) == number
    assert first != second
    assert first.startswith(b"k1:")
    assert number[-8:].encode() not in first


def test_after_rotation_the_first_key_encrypts_and_any_decrypts() -> None:
    before = Keyring({"k1": OLD}, "hash key").encrypt("+8613812341234", MEMBER)
    rotated = Keyring({"k2": NEW, "k1": OLD}, "hash key")

    assert rotated.decrypt(before, MEMBER) == "+8613812341234"
    assert rotated.encrypt("+8613812341234", MEMBER).startswith(b"k2:")


def test_without_its_key_a_phone_cannot_be_read() -> None:
    before = Keyring({"k1": OLD}, "hash key").encrypt("+8613812341234", MEMBER)

    with pytest.raises(UnknownPhoneKey):
        Keyring({"k2": NEW}, "hash key").decrypt(before, MEMBER)
    with pytest.raises(InvalidTag):
        Keyring({"k1": NEW}, "hash key").decrypt(before, MEMBER)


def test_a_ciphertext_cannot_be_moved_to_another_member() -> None:
    keys = Keyring({"k1": OLD}, "hash key")

    with pytest.raises(InvalidTag):
        keys.decrypt(keys.encrypt("+8613812341234", MEMBER), OTHER)


def test_the_hash_depends_on_the_number_and_on_the_key() -> None:
    number = "+8613812341234"
    keys = Keyring({"k1": OLD}, "hash key")
    rotated = Keyring({"k2": NEW, "k1": OLD}, "hash key")

    assert keys.hash_of(number) == rotated.hash_of(number)
    assert keys.hash_of(number) != keys.hash_of("+8613812341235")
    assert keys.hash_of(number) != Keyring({"k1": OLD}, "another").hash_of(number)
    assert keys.hash_of(number) != hashlib.sha256(number.encode()).digest()


def test_keys_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    new, old = base64.b64encode(NEW).decode(), base64.b64encode(OLD).decode()
    monkeypatch.setenv("PHONE_KEYS", f"k2:{new},k1:{old}")
    monkeypatch.setenv("PHONE_HASH_KEY", "hash key")

    keys = Keyring.of(PhoneSettings())

    assert keys.encrypt("+8613812341234", MEMBER).startswith(b"k2:")


@pytest.mark.parametrize("given_keys", [None, "", "k1", "k1:short", "k1:!!!!"])
def test_without_proper_keys_nothing_starts(
    given_keys: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHONE_HASH_KEY", "hash key")
    monkeypatch.delenv("PHONE_KEYS", raising=False)
    if given_keys is not None:
        monkeypatch.setenv("PHONE_KEYS", given_keys)

    with pytest.raises(ValidationError):
        PhoneSettings()


@given(TYPED)
def test_a_mobile_number_is_recognised_as_the_library_does(typed: str) -> None:
    """Most numbers take a short way: it leads where the long one does."""
    parsed = phonenumbers.parse(typed, "CN")
    formatted = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)

    expected = formatted if phonenumbers.is_valid_number(parsed) else None
    assert phones.recognise(typed, "CN") == expected
