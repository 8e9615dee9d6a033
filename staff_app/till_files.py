"""Sends the till for the browser, as `infra.till_bundle` has built it: compressed already, the
files of a version kept for good, page and service worker asked for again each time.
"""

import mimetypes
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

FOR_GOOD = "public, max-age=31536000, immutable"
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
"""Nothing comes from, or goes to, another host. Python in the browser makes code at run time."""
_TYPES = {
    ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm",
    ".woff2": "font/woff2", ".otf": "font/otf", ".html": "text/html", ".json": "application/json",
}  # fmt: skip


class TillFiles:
    """An ASGI application for the folder of a bundle; mounted at `/till`."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder.resolve() if folder else None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        response = self._answer(Request(scope, receive))
        await response(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        if request.method not in ("GET", "HEAD"):
            return PlainTextResponse("Only read.", 405)
        if self._folder is None or not (self._folder / "bundle.json").exists():
            return PlainTextResponse("The till has not been built here.", 503)
        file = (self._folder / (path.lstrip("/") or "index.html")).resolve()
        if not file.is_relative_to(self._folder) or not file.is_file():
            return PlainTextResponse("There is no such file.", 404)
        return self._file(file, request.headers.get("accept-encoding", ""))

    def _file(self, file: Path, accepted: str) -> Response:
        kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0]
        versioned = "v" in file.parts[len(self._folder.parts if self._folder else ()) :]
        headers = {
            "Cache-Control": FOR_GOOD if versioned else "no-cache",
            "Content-Security-Policy": POLICY,
            "Vary": "Accept-Encoding",
        }
        compressed = file.with_name(file.name + ".gz")
        if "gzip" in accepted and compressed.exists():
            headers["Content-Encoding"] = "gzip"
            file = compressed
        else:
            headers["Content-Encoding"] = "identity"
        return FileResponse(file, media_type=kind, headers=headers)
