"""Runs one service: ``python -m shared.runner order``.

``--declare`` with any number of services only declares their queues and bindings, so that the first
event ever published finds its listeners; it is done before any service starts.
"""

from shared import green  # isort: skip

green.patch()  # before anything else is imported

import importlib
import json
import signal
import sys
from collections.abc import Callable, Iterable
from typing import Any

import kombu.pools
import structlog
from kombu import Connection
from nameko.containers import ServiceContainer
from prometheus_client import make_wsgi_app

from shared import outbox, profiling, telemetry
from shared.database import Database, ping
from shared.inbox import EventQueue
from shared.settings import Settings, settings

log = structlog.get_logger()
WATCH_SECONDS = 5
PRUNE_SECONDS = 3600


def main(arguments: list[str]) -> int:
    if not arguments:
        print("usage: python -m shared.runner [--declare] SERVICE...", file=sys.stderr)
        return 2
    if arguments[0] == "--declare":
        declare(arguments[1:])
        return 0
    serve(arguments[0])
    return 0


def service_class(name: str) -> Any:
    """The nameko class of a service: `services.order.service.OrderService`."""
    module = importlib.import_module(f"services.{name}.service")
    return getattr(module, f"{name.capitalize()}Service")


def configuration(name: str, values: Settings) -> dict[str, Any]:
    """nameko's configuration, with what our own extensions read from it."""
    database = Database(values.database(name), name, connections=values.max_workers + 4)
    return {
        "AMQP_URI": values.amqp_uri.get_secret_value(),
        "HEARTBEAT": 20,
        "serializer": "chainstitch",
        "SERIALIZERS": {
            "chainstitch": {
                "encoder": "msgspec.json.encode",
                "decoder": "msgspec.json.decode",
                "content_type": "application/json",
                "content_encoding": "utf-8",
            }
        },
        "ACCEPT": ["chainstitch", "json"],
        "TRANSPORT_OPTIONS": {
            "max_retries": 5,
            "interval_start": 0.1,
            "interval_step": 0.3,
            "interval_max": 2,
        },
        "max_workers": values.max_workers,
        "database": database,
        "seal_key": values.seal_key.get_secret_value(),
        "event_queue_type": values.event_queue_type,
        "rpc_timeout_seconds": values.rpc_timeout_seconds,
    }


def declare(names: Iterable[str]) -> None:
    """Declare the event queues of services and their bindings."""
    values = settings()
    with Connection(values.amqp_uri.get_secret_value(), connect_timeout=3) as connection:
        channel = connection.channel()
        for name in names:
            container = ServiceContainer(service_class(name), configuration(name, values))
            for extension in container.subextensions:
                if isinstance(extension, EventQueue):
                    extension.declare(channel)


def serve(name: str) -> None:
    """Run a service until it is told to stop, or dies; the supervisor starts it again."""
    values = settings()
    telemetry.configure_logging(name, values.log_level)
    profiling.install(name, values.profile_folder)
    kombu.pools.set_limit(values.max_workers * 2)
    container = ServiceContainer(service_class(name), configuration(name, values))

    def stop() -> None:
        container.config["database"].stopping.set()
        container.stop()

    signal.signal(signal.SIGTERM, lambda *_: green.spawn(stop))
    signal.signal(signal.SIGINT, lambda *_: green.spawn(stop))
    ready = {"ready": False}
    green.spawn(
        green.serve,
        _endpoints(container, ready),
        values.metrics_host,
        values.metrics_port,
    )
    container.start()
    ready["ready"] = True
    green.settle_memory()
    log.info("service ready")
    green.spawn(_watch, container)
    container.wait()


def _endpoints(container: Any, ready: dict[str, bool]) -> Callable[..., Iterable[bytes]]:
    """/metrics for Prometheus; /health: 200 when started and its database answers."""
    metrics = make_wsgi_app()

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/metrics":
            result: Iterable[bytes] = metrics(environ, start_response)
            return result
        healthy = ready["ready"] and _database_answers(container.config["database"])
        status = "200 OK" if healthy else "503 Service Unavailable"
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps({"ready": healthy, "service": container.service_name}).encode()]

    return application


def _database_answers(database: Database) -> bool:
    try:
        ping(database.engine)
    except Exception as error:  # whatever it is, the answer is no
        log.warning("database away", error=repr(error))
        return False
    return True


def _watch(container: Any) -> None:
    """Keep the gauges up to date; prune outbox and inbox now and then."""
    database: Database = container.config["database"]
    name, since_prune = container.service_name, 0
    while True:
        green.sleep(WATCH_SECONDS)
        telemetry.WORKERS_FREE.labels(name).set(container._worker_pool.free())
        since_prune += WATCH_SECONDS
        try:
            with database.transaction() as session:
                depth, age = outbox.backlog(session)
                if since_prune >= PRUNE_SECONDS:
                    outbox.prune(session)
                    since_prune = 0
            telemetry.OUTBOX_DEPTH.labels(name).set(depth)
            telemetry.OUTBOX_AGE.labels(name).set(age)
        except Exception as error:  # the database is away: the gauges keep their last value
            log.warning("cannot watch the outbox", error=repr(error))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
