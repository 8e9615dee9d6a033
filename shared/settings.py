"""Settings of a process: the environment and nothing else. A missing secret refuses to start."""

import base64
import functools
import ipaddress
from typing import Literal

from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# A refusal to start must not print the secrets that are there beside the one that is not.
_QUIET = SettingsConfigDict(hide_input_in_errors=True)


class Settings(BaseSettings):
    """What every service process needs.

    `database_url` is a server; the names of the databases on it are fixed
    (``chainstitch_<service>``). Keys are long random strings; `phone_keys` is a comma-separated
    list of ``<key id>:<base64 of 32 bytes>``, the first of which encrypts.
    """

    model_config = _QUIET

    database_url: SecretStr
    amqp_uri: SecretStr
    seal_key: SecretStr
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0
    event_queue_type: Literal["classic", "quorum"] = "classic"
    log_level: str = "INFO"
    max_workers: int = 20
    rpc_timeout_seconds: float = 5.0
    profile_folder: str | None = None

    def database(self, service: str) -> str:
        """The SQLAlchemy URL of one service's database."""
        url = self.database_url.get_secret_value().rstrip("/")
        scheme, rest = url.split("://", 1)
        if not scheme.startswith("postgresql"):
            raise ValueError("DATABASE_URL names a PostgreSQL server")
        base, _, options = rest.partition("?")
        return f"postgresql+psycopg://{base}/chainstitch_{service}" + (
            f"?{options}" if options else ""
        )


class PhoneSettings(BaseSettings):
    """Keys of the member service: phones are encrypted, and found by a keyed hash."""

    model_config = _QUIET

    phone_keys: SecretStr
    phone_hash_key: SecretStr

    @field_validator("phone_keys")
    @classmethod
    def _well_formed(cls, value: SecretStr) -> SecretStr:
        for entry in value.get_secret_value().split(","):
            name, _, encoded = entry.partition(":")
            if not name or len(base64.b64decode(encoded, validate=True)) != 32:
                raise ValueError("PHONE_KEYS is a list of <key id>:<base64 of 32 bytes>")
        return value

    def keys(self) -> dict[str, bytes]:
        entries = (entry.partition(":") for entry in self.phone_keys.get_secret_value().split(","))
        return {name: base64.b64decode(encoded) for name, _, encoded in entries}


class PrinterSettings(BaseSettings):
    """Where receipt printers may be: networks with commas. Directory refuses another address, and
    the gateway connects to no other."""

    printer_networks: str = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"

    def reaches(self, address: str) -> bool:
        """Whether this is an IP address (no name: those can be pointed elsewhere) within them."""
        try:
            asked = ipaddress.ip_address(address)
            networks = [ipaddress.ip_network(each) for each in self.printer_networks.split(",")]
        except ValueError:
            return False
        return any(asked in network for network in networks)


@functools.cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()  # type: ignore[call-arg]  # they come from the environment
