"""The ASGI application: /graphql over HTTP and WebSocket, files, /health, /metrics, the app behind
it."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import structlog
from graphql import ExecutionResult, GraphQLError, OperationType, execute
from graphql_server.asgi import GraphQL
from graphql_server.exceptions import ConnectionRejectionError
from graphql_server.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from prometheus_client import CONTENT_TYPE_LATEST, Histogram, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from gateway.attachments import Attachments
from gateway.codes import Codes
from gateway.context import Context
from gateway.disclosures import Disclosures
from gateway.documents import Documents, operation_type
from gateway.limits import Buckets
from gateway.live import Live
from gateway.notice import notice_page
from gateway.proxy import proxy_to
from gateway.refusals import fault
from gateway.rpc import Rpc
from gateway.schema import schema
from gateway.settings import GatewaySettings, settings
from gateway.tokens import InvalidToken, Session, Tokens
from gateway.transfers import Transfers
from shared.errors import Forbidden, Refusal

log = structlog.get_logger()
REQUESTS = Histogram(
    "chainstitch_graphql_seconds",
    "Time of one GraphQL request",
    ["operation", "outcome"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
_SIGN_IN = ("signIn", "refresh", "activateDevice")


class _Problem(Exception):
    """A request that does not reach the schema: an HTTP status, a code, a sentence."""

    def __init__(self, status: int, code: str, text: str) -> None:
        self.status = status
        self.error = GraphQLError(text, extensions={"code": code})


class _Request(msgspec.Struct, frozen=True):
    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815  (the name GraphQL over HTTP gives it)


class Gateway:
    """One gateway process: its connection to the broker, its limits and its endpoints."""

    def __init__(self, values: GatewaySettings) -> None:
        self.values = values
        self.rpc = Rpc(values.amqp_uri.get_secret_value(), values.rpc_timeout_seconds)
        self.live = Live(self.rpc)
        self.tokens = Tokens(values.token_key.get_secret_value(), values.access_token_minutes)
        self.documents = Documents(schema.graphql_schema, values.depth_limit, values.cost_limit)
        self.buckets = Buckets(values.rate_per_second, values.rate_burst)
        self.sign_in_buckets = Buckets(values.sign_in_rate_per_second, values.sign_in_burst)
        self.transfers = Transfers(self.context_of, values.upload_limit_bytes)
        self.attachments = Attachments(self.context_of)
        self.disclosures = Disclosures(self.context_of)
        self.codes = Codes(self.context_of)

    def context(self, session: Session | None, language: str) -> Context:
        key = self.values.seal_key.get_secret_value()
        return Context(self.rpc, self.tokens, self.live, key, session, language)

    def context_of(self, request: Request) -> Context:
        """The context of a request that is no GraphQL; raises `Forbidden` without a good token."""
        language = request.headers.get("accept-language", "zh-CN")
        try:
            session = self._session(request.headers.get("authorization"), language)
        except _Problem as problem:
            raise Forbidden("UNSEALED") from problem
        if session is None:
            raise Forbidden("UNSEALED")
        if not self.buckets.take(str(session.caller.id)):
            raise Refusal("RATE_LIMITED")
        return self.context(session, language)

    async def post(self, request: Request) -> Response:
        """GraphQL over HTTP: POST with a JSON body."""
        started = time.perf_counter()
        name, outcome = "unknown", "answered"
        language = request.headers.get("accept-language", "zh-CN")
        try:
            session = self._session(request.headers.get("authorization"), language)
            asked = await self._read(request)
            self._limit(request, session, asked.query)
            document = self.documents.get(asked.query, asked.variables or {})
            kind = operation_type(document, asked.operationName)
            if kind not in (OperationType.QUERY, OperationType.MUTATION):
                raise _Problem(400, "BAD_REQUEST", "One query or mutation is expected")
            name = kind.value
            outcome_or_result = execute(
                schema.graphql_schema,
                document,
                context_value=self.context(session, language),
                variable_values=asked.variables,
                operation_name=asked.operationName,
            )
            if isinstance(outcome_or_result, ExecutionResult):
                result = outcome_or_result
            else:
                result = await outcome_or_result
            status = 200
        except _Problem as problem:
            result, status = ExecutionResult(None, [problem.error]), problem.status
        except GraphQLError as error:
            result, status = ExecutionResult(None, [error]), 400
        if result.errors:
            outcome = "failed"
        REQUESTS.labels(name, outcome).observe(time.perf_counter() - started)
        return Response(_encode(result, language), status, media_type="application/json")

    def _session(self, header: str | None, language: str) -> Session | None:
        if not header:
            return None
        scheme, _, token = header.partition(" ")
        try:
            if scheme.lower() != "bearer" or len(token) > 4_000:
                raise InvalidToken("not a bearer token")
            return self.tokens.read(token)
        except InvalidToken as error:
            problem = _Problem(401, "UNAUTHENTICATED", "")
            problem.error = fault(Forbidden("UNSEALED"), language)
            raise problem from error

    async def _read(self, request: Request) -> _Request:
        limit = self.values.body_limit_bytes
        too_large = _Problem(413, "TOO_LARGE", f"A request has at most {limit} bytes")
        if int(request.headers.get("content-length") or 0) > limit:
            raise too_large
        if "json" not in request.headers.get("content-type", ""):
            raise _Problem(415, "BAD_REQUEST", "The body has to be application/json")
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise too_large
        try:
            return msgspec.json.decode(body, type=_Request)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _Problem(400, "BAD_REQUEST", "The body is no GraphQL request") from error

    def _limit(self, request: Request, session: Session | None, query: str) -> None:
        address = request.client.host if request.client else "?"
        key = str(session.caller.id) if session else address
        allowed = self.buckets.take(key)
        if session is None and any(word in query for word in _SIGN_IN):
            allowed = self.sign_in_buckets.take(address) and allowed
        if not allowed:
            raise _Problem(429, "RATE_LIMITED", "Too many requests; wait a moment")

    async def notice(self, request: Request) -> Response:
        """The notice in force, for whoever scans the QR at the counter."""
        address = request.client.host if request.client else "?"
        if not self.buckets.take(address):
            return Response("Too many requests", 429, media_type="text/plain")
        return await notice_page(request, self.context(None, "zh-CN"))

    async def health(self, _request: Request) -> Response:
        ready = self.rpc.connected
        return Response(
            msgspec.json.encode({"ready": ready, "service": "gateway"}),
            200 if ready else 503,
            media_type="application/json",
        )

    async def metrics(self, _request: Request) -> Response:
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


class Subscriptions(GraphQL[Any, Any]):
    """The WebSocket end: graphql-transport-ws, with the access token in `connection_init`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        super().__init__(
            schema.graphql_schema,
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
        )

    async def get_context(self, request: Any, response: Any) -> Any:
        return self._gateway.context(None, request.headers.get("accept-language", "zh-CN"))

    async def setup_connection_params(
        self, connection_params: Any, websocket: Any, context: Any, root_value: Any
    ) -> None:
        """Read the token; the query limits hold here as well."""
        token = (connection_params or {}).get("accessToken")
        try:
            context.session = self._gateway.tokens.read(token if isinstance(token, str) else "")
        except InvalidToken:
            context.session = None

    async def on_ws_connect(self, context: Any) -> Any:
        if context.session is None:
            raise ConnectionRejectionError
        return await super().on_ws_connect(context)

    async def get_graphql_request_data(self, *arguments: Any) -> Any:
        asked = await super().get_graphql_request_data(*arguments)
        asked.document = self._gateway.documents.get(asked.query or "", asked.variables or {})
        return asked


def _encode(result: ExecutionResult, language: str) -> bytes:
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [_formatted(error, language) for error in result.errors]
    return msgspec.json.encode(body)


def _formatted(error: GraphQLError, language: str) -> dict[str, Any]:
    """What a client may see of an error; what it may not goes into the log."""
    extensions = error.extensions or {}
    if "code" not in extensions and (error.path is None or error.original_error is None):
        # Variables that do not fit, and the like: it never came to a resolver.
        error.extensions = {"code": "GRAPHQL_VALIDATION_FAILED"}
    elif "code" not in extensions or extensions["code"] == "INTERNAL":
        cause = error.original_error
        log.error("request failed", path=error.path, exc_info=cause)
        masked = fault(cause or error, language)
        return {**masked.formatted, "path": error.path}
    return dict(error.formatted)


def create(values: GatewaySettings | None = None) -> Starlette:
    """The application, connected to the broker while it runs."""
    gateway = Gateway(values or settings())

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await gateway.rpc.connect()
        await gateway.live.start()
        yield
        await gateway.rpc.close()

    subscriptions = Subscriptions(gateway)
    limit = gateway.values.body_limit_bytes

    async def websocket(socket: WebSocket) -> None:
        async def receive() -> Any:
            """What comes, unless it is longer than a request may be: then the socket ends."""
            message = await socket.receive()
            if len(message.get("text") or message.get("bytes") or "") > limit:
                return {"type": "websocket.disconnect", "code": 1009}
            return message

        await subscriptions(socket.scope, receive, socket.send)

    routes: list[Any] = [
        Route("/graphql", gateway.post, methods=["POST"]),
        WebSocketRoute("/graphql", websocket),
        Route("/notice/{purpose}", gateway.notice),
        Route("/health", gateway.health),
        Route("/metrics", gateway.metrics),
        *gateway.transfers.routes(),
        *gateway.attachments.routes(),
        *gateway.disclosures.routes(),
        *gateway.codes.routes(),
    ]
    if gateway.values.app_url:
        routes.append(Mount("/", proxy_to(gateway.values.app_url)))
    return Starlette(routes=routes, lifespan=lifespan)
