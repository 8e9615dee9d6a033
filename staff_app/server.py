"""The app's server: a session for each device, files of the web client, health and figures.

It stands behind the gateway's proxy, on the same origin as the API. Run as
`python -m staff_app.server`.
"""

import logging
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import flet as ft
import flet_web.fastapi as flet_fastapi
import structlog
import uvicorn
from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from starlette.middleware.gzip import GZipMiddleware

from staff_app.main import app
from staff_app.settings import AppSettings
from staff_app.till_files import TillFiles
from staff_app.transport import HttpTransport

ASSETS = Path(__file__).parent / "assets"
UPLOAD_LIMIT = 1_000_000
"""Files come through the session; nothing is uploaded here, but a limit has to be there."""
COMPRESS_FROM_BYTES = 1_000
SESSIONS = Counter("chainstitch_app_sessions_total", "Sessions begun")
FILES = Histogram(
    "chainstitch_app_request_seconds",
    "Time until an answer of the app's server begins",
    ["kind"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.5, 1, 5),
)
_LASTING = (".woff2", ".otf", ".ttf", ".wasm", ".png")


def create(settings: AppSettings) -> FastAPI:
    transport = HttpTransport(settings.gateway_url, settings.answer_seconds)
    entry = app(transport)

    def counted(page: ft.Page) -> None:
        SESSIONS.inc()
        entry(page)

    @asynccontextmanager
    async def lifespan(_server: FastAPI) -> AsyncIterator[None]:
        await flet_fastapi.app_manager.start()
        yield
        await flet_fastapi.app_manager.shutdown()
        await transport.close()

    server = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    server.middleware("http")(_send_well)
    server.add_middleware(GZipMiddleware, minimum_size=COMPRESS_FROM_BYTES, compresslevel=6)

    # /alive is the same under another name: behind the gateway /health is the gateway's.
    @server.get("/health")
    @server.get("/alive")
    async def health() -> dict[str, Any]:
        return {"ready": True, "service": "app"}

    @server.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @server.get("/till")
    async def to_till() -> Response:
        # Relative: what lies in front may have a name and a prefix of its own.
        return Response(status_code=307, headers={"Location": "till/"})

    server.mount("/till", TillFiles(settings.till_folder))
    server.mount(
        "/",
        flet_fastapi.app(
            counted,
            assets_dir=str(ASSETS),
            app_name="Chainstitch",
            app_short_name="Chainstitch",
            app_description="Chainstitch",
            no_cdn=True,
            web_renderer=ft.WebRenderer.CANVAS_KIT,
            secret_key=settings.flet_secret_key.get_secret_value(),
            max_upload_size=UPLOAD_LIMIT,
            session_timeout_seconds=settings.session_minutes * 60,
        ),
    )
    return server


async def _send_well(
    request: Request, answer: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Files that change only with a release may be kept; the rest is asked for again."""
    started = time.perf_counter()
    response = await answer(request)
    path = request.url.path
    lasting = path.endswith(_LASTING)
    FILES.labels("file" if "." in path else "page").observe(time.perf_counter() - started)
    if response.status_code < 400:
        kept = "public, max-age=86400" if lasting else "no-cache"
        response.headers.setdefault("Cache-Control", kept)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def log_as_json(level: str) -> None:
    """One JSON object a line, as every process of the stack logs."""
    shape: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            foreign_pre_chain=shape,
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for talkative in ("httpx", "flet", "flet_web.fastapi", "flet_components"):
        logging.getLogger(talkative).setLevel(logging.WARNING)


KEEP_ALIVE_SECONDS = 75
"""Longer than the gateway keeps an idle connection to it."""


def main() -> None:
    settings = AppSettings()
    log_as_json(settings.log_level)
    uvicorn.run(
        create(settings),
        host=settings.app_host,
        port=settings.app_port,
        log_config=None,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )


if __name__ == "__main__":
    main()
