"""Logs and figures of a process: structlog JSON on standard error, prometheus metrics.

The counters of SQL statements and messages are what `bench` and the cost test read: idle polls are
not counted, BEGIN and COMMIT neither.
"""

import logging
import sys
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import Engine, event

OPERATIONS = Histogram(
    "chainstitch_operation_seconds",
    "Time from taking a command to having its answer",
    ["service", "operation", "outcome"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
HANDLED = Histogram(
    "chainstitch_event_batch_seconds",
    "Time of one transaction of an event handler",
    ["service", "handler"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
EVENTS = Counter("chainstitch_events_total", "Events handled", ["service", "handler", "outcome"])
STATEMENTS = Counter("chainstitch_sql_statements_total", "SQL statements sent", ["service"])
IN_BACKGROUND = Counter(
    "chainstitch_sql_background_total", "SQL statements that nobody waits for", ["service"]
)
MESSAGES = Counter("chainstitch_messages_total", "Messages published", ["service", "kind"])
PARKED = Counter("chainstitch_events_parked_total", "Events put aside after repeated errors",
                 ["service", "handler"])  # fmt: skip
OUTBOX_DEPTH = Gauge("chainstitch_outbox_depth", "Events waiting to be published", ["service"])
OUTBOX_AGE = Gauge("chainstitch_outbox_age_seconds", "Age of the oldest of them", ["service"])
WORKERS_FREE = Gauge("chainstitch_workers_free", "Workers without work", ["service"])

UNCOUNTED = {"uncounted": True}
"""Execution options of a statement that polls."""
BACKGROUND = {"background": True}
"""Execution options of what timers do in batches: it is counted by itself."""


def configure_logging(process: str, level: str) -> None:
    """JSON lines with time, level and process; library loggers go the same way."""
    shape: list[Any] = [
        structlog.contextvars.merge_contextvars,
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
    # nameko logs every refusal with a traceback: a refusal is an answer, not an error.
    logging.getLogger("nameko.containers").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shape,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)


def count_statements(engine: Engine, service: str) -> None:
    """Count every statement of `engine` but those that carry the `UNCOUNTED` option; those of
    the `BACKGROUND` apart."""
    counter, apart = STATEMENTS.labels(service), IN_BACKGROUND.labels(service)

    def on_execute(
        _conn: Any, _cursor: Any, _sql: Any, _params: Any, context: Any, _m: Any
    ) -> None:
        options = {} if context is None else context.execution_options
        if not options.get("uncounted"):
            (apart if options.get("background") else counter).inc()

    event.listen(engine, "after_cursor_execute", on_execute)
