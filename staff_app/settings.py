"""Settings of the app's server: the environment and nothing else."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings


class AppSettings(BaseSettings):
    """`gateway_url` is the origin of the API. A session is kept `session_minutes` after its
    connection is gone; what matters is on the device and outlives it. `till_folder` holds the till
    for the browser, if it was built (`infra.till_bundle`)."""

    flet_secret_key: SecretStr
    gateway_url: str
    app_host: str = "127.0.0.1"
    app_port: int = 8001
    log_level: str = "INFO"
    session_minutes: int = 10
    answer_seconds: float = 12.0
    till_folder: Path | None = None
