"""Runs the gateway: ``python -m gateway``."""

import uvicorn

from gateway.app import create
from gateway.proxy import MESSAGE_LIMIT
from gateway.settings import settings
from shared import profiling
from shared.telemetry import configure_logging

KEEP_ALIVE_SECONDS = 75
"""Longer than our clients keep an idle connection: else they may send into one just closed."""

if __name__ == "__main__":
    values = settings()
    configure_logging("gateway", values.log_level)
    profiling.install("gateway", values.profile_folder)
    uvicorn.run(
        create(values),
        host=values.gateway_host,
        port=values.gateway_port,
        log_config=None,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        ws_max_size=MESSAGE_LIMIT,
        proxy_headers=bool(values.trusted_proxies),
        forwarded_allow_ips=values.trusted_proxies or None,
    )
