"""A process that refuses to start for a setting says which, and shows no other."""

import pytest
from pydantic import ValidationError

from shared.settings import PhoneSettings, Settings


def test_a_missing_setting_shows_no_secret_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:hunter2@host")
    for name in ("AMQP_URI", "SEAL_KEY"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(ValidationError) as refused:
        Settings()

    assert "amqp_uri" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_key_that_is_not_well_formed_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONE_KEYS", "hunter2")
    monkeypatch.setenv("PHONE_HASH_KEY", "hunter3")

    with pytest.raises(ValidationError) as refused:
        PhoneSettings()

    assert "phone_keys" in str(refused.value)
    assert "hunter" not in str(refused.value)
