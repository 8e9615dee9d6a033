"""Phones: E.164, encrypted at rest, found by a keyed hash, shown masked.

A ciphertext is ``<key id>:`` + nonce + AES-GCM, bound to its member so that it cannot be moved to
another one. Of several keys the first encrypts and any decrypts: a new key is put in front, and the
old one stays for as long as something is encrypted with it.
"""

import functools
import hashlib
import hmac
import importlib.resources
import re
import secrets
import unicodedata
from collections.abc import Mapping
from typing import Any, Self
from uuid import UUID

import phonenumbers
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import Refusal
from shared.settings import PhoneSettings

DEFAULT_COUNTRY = "CN"
NONCE_BYTES = 12
HIDDEN_DIGITS = 4
# Letters would be read as the keys of a telephone: 138ABCDEFGH is a typing mistake here.
_DIALLED = re.compile(r"[0-9+()./ \-\u2010-\u2015]+")
# What nearly all numbers of a file are: looked at by its pattern alone, as the library's steps cost
# more than the rest of the row. None of them begins as a prefix of carriers does (179).
_NUMBERS: Any = phonenumbers.PhoneMetadata.metadata_for_region(DEFAULT_COUNTRY)
_MOBILE = re.compile(_NUMBERS.mobile.national_number_pattern, re.ASCII)


class UnknownPhoneKey(Exception):
    """A phone was encrypted with a key that PHONE_KEYS no longer holds."""


class Keyring:
    """The keys of phones; `keys` by id, the first encrypts."""

    def __init__(self, keys: Mapping[str, bytes], hash_key: str) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._first = next(iter(keys))
        self._hash_key = hash_key.encode()

    @classmethod
    def of(cls, settings: PhoneSettings) -> Self:
        return cls(settings.keys(), settings.phone_hash_key.get_secret_value())

    def encrypt(self, number: str, member_id: UUID) -> bytes:
        return self.lock(number.encode(), member_id)

    def lock(self, content: bytes, owner_id: UUID) -> bytes:
        """Any content, bound to what it belongs to."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._ciphers[self._first].encrypt(nonce, content, owner_id.bytes)
        return self._first.encode() + b":" + nonce + sealed

    def decrypt(self, ciphertext: bytes, member_id: UUID) -> str:
        """The number; raises `UnknownPhoneKey`, or `InvalidTag` when it is not this member's."""
        return self.unlock(ciphertext, member_id).decode()

    def unlock(self, ciphertext: bytes, owner_id: UUID) -> bytes:
        """What was locked; raises as `decrypt` does."""
        key_id, _, rest = ciphertext.partition(b":")
        cipher = self._ciphers.get(key_id.decode())
        if cipher is None:
            raise UnknownPhoneKey(key_id.decode())
        return cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], owner_id.bytes)

    def hash_of(self, number: str) -> bytes:
        """What a number is found by; of no use without the key."""
        return self._keyed(b"phone:" + number.encode())

    def digest_of(self, content: bytes) -> bytes:
        """What a command is recognised by when it comes again."""
        return self._keyed(b"command:" + content)

    def term_of(self, field: str, term: str) -> str:
        """What a value of a custom field is found by: 32 hexadecimal digits."""
        return self._keyed(b"field:" + f"{field}={term}".encode())[:16].hex()

    def identifier_hash(self, kind: str, shop: str | None, value: str) -> bytes:
        """What an identifier that is no phone is found by, in one shop or (None) in any."""
        return self._keyed(b"identifier:" + "\n".join((kind, shop or "", value)).encode())

    def block_of(self, text: str) -> int:
        """What members who may be one are looked up by: eight bytes; two texts may share one."""
        return int.from_bytes(self._keyed(b"duplicate:" + text.encode())[:8], signed=True)

    def _keyed(self, message: bytes) -> bytes:
        return hmac.new(self._hash_key, message, hashlib.sha256).digest()


def parse(text: str, country: str) -> str:
    """The E.164 form of a number as people write it; raises `Refusal("INVALID_PHONE")`."""
    number = recognise(text, country)
    if number is None:
        raise Refusal("INVALID_PHONE", {"phone": text})
    return number


def recognise(text: str, country: str) -> str | None:
    """The E.164 form, or None for what is no valid number of any country."""
    dialled = unicodedata.normalize("NFKC", text).strip()
    if country == DEFAULT_COUNTRY and _MOBILE.fullmatch(dialled):
        return f"+86{dialled}"
    if not _DIALLED.fullmatch(dialled):
        return None
    try:
        number = phonenumbers.parse(dialled, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def masked(number: str) -> str:
    """``+86 138****1234``; of short numbers fewer leading digits, so that four stay hidden."""
    parsed = phonenumbers.parse(number)
    national = phonenumbers.national_significant_number(parsed)
    shown = max(0, min(3, len(national) - 4 - HIDDEN_DIGITS))
    return f"+{parsed.country_code} {national[:shown]}****{national[-4:]}"


def country_of(time_zone: str) -> str:
    """The country whose national numbers are meant in a store: that of its time zone."""
    return _countries().get(time_zone, DEFAULT_COUNTRY)


@functools.cache
def _countries() -> dict[str, str]:
    """IANA's table of time zones: country, coordinates, zone."""
    table = importlib.resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return {row[2]: row[0] for row in rows}
