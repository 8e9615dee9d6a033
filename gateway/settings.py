"""Settings of the gateway: the environment and nothing else."""

import functools

from pydantic import SecretStr
from pydantic_settings import BaseSettings


class GatewaySettings(BaseSettings):
    """`app_url` is where the staff app's process listens; all paths that are not the gateway's own
    go there, so that app and API share an origin. Rates are per caller (or address) and second."""

    amqp_uri: SecretStr
    seal_key: SecretStr
    token_key: SecretStr
    gateway_host: str = "127.0.0.1"
    gateway_port: int = 8000
    app_url: str | None = None
    log_level: str = "INFO"
    profile_folder: str | None = None
    rpc_timeout_seconds: float = 8.0
    access_token_minutes: int = 15
    body_limit_bytes: int = 256 * 1024
    upload_limit_bytes: int = 512 * 1024**2
    depth_limit: int = 12
    cost_limit: int = 20_000
    rate_per_second: float = 50.0
    rate_burst: int = 200
    sign_in_rate_per_second: float = 2.0
    sign_in_burst: int = 30
    trusted_proxies: str = ""


@functools.cache
def settings() -> GatewaySettings:
    return GatewaySettings()  # type: ignore[call-arg]  # they come from the environment
