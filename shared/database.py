"""One service's database: engine, model base, transactions.

A transaction belongs to one entrypoint and never spans a call to another service. Whoever emits an
event inside it wakes the outbox relay once it has been committed.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Engine, MetaData, create_engine, event
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from shared import telemetry

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def new_metadata() -> MetaData:
    """Metadata of one service, with constraint names that migrations can rely on."""
    return MetaData(naming_convention=NAMING)


class Database:
    """Connections and transactions of one service."""

    def __init__(self, url: str, service: str, connections: int = 16) -> None:
        self.service = service
        self.engine = create_engine(
            url,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=5,
            # An error's text goes into the log, and values may be a member's name.
            hide_parameters=True,
            # The connection used last has its statements prepared and its caches warm.
            pool_use_lifo=True,
            # A pooled connection that died is noticed by the statement that meets it; that
            # operation is answered with UNAVAILABLE and repeated by its sender.
            connect_args={
                "connect_timeout": 3,
                "prepare_threshold": 2,
                "application_name": f"chainstitch-{service}",
                "options": "-c statement_timeout=15000 -c lock_timeout=5000"
                " -c idle_in_transaction_session_timeout=20000 -c jit=off",
            },
        )
        telemetry.count_statements(self.engine, service)
        self._single = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        event.listen(self._single, "before_cursor_execute", _at_most_one_change)
        self.on_emitted: Callable[[], None] = lambda: None
        self.stopping = threading.Event()
        """Set when the service is told to stop: whoever works in the background ends with the piece
        in hand."""

    @contextlib.contextmanager
    def transaction(self, caller: str | None = None) -> Iterator[Session]:
        """A session whose work is committed at the end of the block, or not at all.

        `caller` is the sealed caller that events emitted in it will carry.
        """
        with Session(self.engine, expire_on_commit=False) as session:
            session.info["caller"] = caller
            session.info["source"] = self.service
            with session.begin():
                yield session
            if session.info.get("emitted"):
                self.on_emitted()

    @contextlib.contextmanager
    def background(self) -> Iterator[Session]:
        """A transaction of a timer's: what it sends is counted apart from what people wait for."""
        with self.transaction() as session:
            session.connection(execution_options=telemetry.BACKGROUND)
            yield session

    @contextlib.contextmanager
    def statement(self, caller: str | None = None) -> Iterator[Session]:
        """A session for reads, or for one change that is a single statement.

        Such a statement is a transaction by itself: this saves the round trips of BEGIN and
        COMMIT. A second change in it raises `RuntimeError` before it is sent.
        """
        with Session(self._single, expire_on_commit=False) as session:
            session.info["caller"] = caller
            session.info["source"] = self.service
            session.connection().info["changes"] = 0
            yield session
            if session.info.get("emitted"):
                self.on_emitted()


def _at_most_one_change(
    connection: Any, _cursor: Any, statement: str, _values: Any, _context: Any, many: bool
) -> None:
    if many or not statement.lstrip().upper().startswith("SELECT"):
        changes = connection.info["changes"] = connection.info.get("changes", 0) + 1
        if many or changes > 1:
            raise RuntimeError("more than one change belongs into a transaction")


def memory_key(session: Session) -> int:
    """What a process may keep in memory of a database belongs to this key: one per database."""
    return id(session.get_bind().engine.pool)


def is_outage(error: BaseException) -> bool:
    """Whether an error tells of the database being away rather than of a wrong statement."""
    if isinstance(error, PoolTimeoutError | InterfaceError):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _is_operational(error)
    return False


def _is_operational(error: DBAPIError) -> bool:
    """Lost or refused connections, shutdown, timeouts: class 08, 53 and 57 of SQLSTATE, or none."""
    if not isinstance(error, OperationalError):
        return False
    state: Any = getattr(error.orig, "sqlstate", None)
    return state is None or state[:2] in {"08", "53", "57", "55", "40"}


def ping(engine: Engine) -> None:
    """Raise unless the database answers."""
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1", execution_options=telemetry.UNCOUNTED)
