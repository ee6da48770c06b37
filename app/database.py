"""One engine a worker: a bounded pool, autocommitting reads, and a plain answer when the database is away.

A read costs one round trip. The pool's connections are in autocommit mode, so neither BEGIN nor ROLLBACK
surrounds it, and no ping goes before it. A connection that died in the pool (the database was restarted) shows
when it is used: SQLAlchemy then drops every pooled connection of its age, and the work runs once more on a new
one. So does work that lost a deadlock. Work that timed out does not, for the visitor has waited. Only work that
has not been committed is repeated.

A connection of the pool is read-only until `write` asks for more, so a handler that only reads cannot write by mistake.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.pool import NullPool

from app.errors import Unavailable
from app.gate import Gate

if TYPE_CHECKING:
    from app.config import DatabaseConfig

Result = TypeVar("Result")
Work = Callable[[Connection], Result]

log = logging.getLogger(__name__)

CONNECT_SECONDS: Final = 3  # a database in the next rack answers in milliseconds
ANSWER_SECONDS: Final = 5  # the slowest query here takes milliseconds
POOL_SECONDS: Final = 3  # a visitor waits this long for a free connection, then gets 503
RECYCLE_SECONDS: Final = 3600  # well under MySQL's wait_timeout of 8 hours
MYSQL_DEADLOCK: Final = 1213  # ER_LOCK_DEADLOCK: "try restarting transaction"
MYSQL_READ_ONLY: Final = 1792  # ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
# What begins a transaction that may write. These are statements because what SQLAlchemy does to a connection by itself
# fails with the driver's own error if the connection is dead, and then nobody knows that the work can be repeated.
BEGIN: Final = {
    "mysql": ("START TRANSACTION READ WRITE",),
    "sqlite": ("PRAGMA query_only = OFF", "BEGIN IMMEDIATE"),  # waits for other writers now, not half-way
}


class Database:
    """Runs work on pooled connections.

    `read` and `write` take a function of a connection, not a block, because a block cannot be run again.
    """

    def __init__(self, config: DatabaseConfig) -> None:
        self.engine = create_engine(
            config.url,
            pool_size=config.pool,
            max_overflow=0,  # pool * workers * replicas is what MySQL must allow; overflow would hide it
            pool_recycle=RECYCLE_SECONDS,
            pool_use_lifo=True,  # the warmest connection first
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
            connect_args=_connect_args(config.url, ANSWER_SECONDS),
        )
        _prepare(self.engine)
        _make_read_only(self.engine)
        self._gate = Gate(config.pool)  # so nobody waits for the pool, which knows no order

    def read(self, work: Work[Result]) -> Result:
        """Run `work` outside a transaction; raises Unavailable when the database does not answer.

        Raises DBAPIError when the work tries to write.
        """
        return self._in_turn(work)

    def write(self, work: Work[Result]) -> Result:
        """Run `work` in a transaction, committed when it returns, rolled back when it raises.

        Raises Unavailable when the database does not answer.
        """
        return self._in_turn(_in_transaction(work))

    def _in_turn(self, work: Work[Result]) -> Result:
        try:
            with self._gate.turn(POOL_SECONDS):
                return _attempt(self.engine.connect, work)
        except (OperationalError, InterfaceError, TimeoutError, _CommitError) as error:
            if _wrote_while_reading(error):
                raise
            log.warning("database unavailable: %s", _reason(error))
            raise Unavailable from error

    def close(self) -> None:
        """Close the connections that are in the pool."""
        self.engine.dispose()


def maintenance_engine(url: URL) -> Engine:
    """Return an engine for migrations: a connection at a time, no limit on how long a statement runs."""
    engine = create_engine(url, poolclass=NullPool, connect_args=_connect_args(url, None))
    _prepare(engine)
    return engine


class _CommitError(Exception):
    """The commit itself failed: whether it took effect is unknown, so the work must not run again."""


def _in_transaction(work: Work[Result]) -> Work[Result]:
    def run(connection: Connection) -> Result:
        try:
            connection.info["may_write"] = True
            for statement in BEGIN[connection.dialect.name]:
                connection.exec_driver_sql(statement)
            result = work(connection)
        except BaseException:
            _roll_back(connection)
            raise
        try:
            connection.exec_driver_sql("COMMIT")
        except DBAPIError as error:
            connection.invalidate()
            raise _CommitError from error
        return result

    return run


def _roll_back(connection: Connection) -> None:
    """Undo what was done; a connection that cannot is thrown away, and its server does the same."""
    if connection.invalidated:
        return
    try:
        connection.exec_driver_sql("ROLLBACK")
    except DBAPIError:
        connection.invalidate()


def _attempt(connect: Callable[[], Connection], work: Work[Result]) -> Result:
    """Run `work` on a connection, once more if the first one was lost or chosen as deadlock victim."""
    try:
        with connect() as connection:
            return work(connection)
    except DBAPIError as error:
        if not _worth_repeating(error):
            raise
    with connect() as connection:
        return work(connection)


def _worth_repeating(error: DBAPIError) -> bool:
    timed_out = isinstance(error.orig and error.orig.__context__, TimeoutError)
    return (error.connection_invalidated and not timed_out) or _error_number(error) == MYSQL_DEADLOCK


def _wrote_while_reading(error: Exception) -> bool:
    if not isinstance(error, DBAPIError):
        return False
    return _error_number(error) == MYSQL_READ_ONLY or getattr(error.orig, "sqlite_errorname", "") == "SQLITE_READONLY"


def _error_number(error: DBAPIError) -> int | None:
    arguments = error.orig.args if error.orig is not None else ()
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def _reason(error: Exception) -> object:
    """Return the driver's own words: SQLAlchemy's carry the statement and its parameters, a visitor's note too."""
    if isinstance(error, TimeoutError):
        return f"all connections were in use for {POOL_SECONDS:g} s"
    cause = error.__cause__ if isinstance(error, _CommitError) else error
    return cause.orig if isinstance(cause, DBAPIError) else cause


def _connect_args(url: URL, answer_seconds: int | None) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        # The pool hands a connection to one thread at a time, which is all that SQLite asks for.
        return {"timeout": CONNECT_SECONDS, "check_same_thread": False}
    return {
        "charset": "utf8mb4",
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": answer_seconds,
        "write_timeout": answer_seconds,
    }


def _prepare(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    # Journal mode stays with the file, foreign keys must be asked for on each connection.
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _make_read_only(engine: Engine) -> None:
    """Let no connection of the pool write without `BEGIN`; a read pays nothing for it."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _forbid_sqlite)
        event.listen(engine, "checkin", _forbid_sqlite_again)
    else:
        event.listen(engine, "connect", _forbid_mysql)


def _forbid_mysql(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    # READ COMMITTED takes fewer gap locks than the default.
    cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY")
    cursor.close()


def _forbid_sqlite(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA query_only = ON").close()


def _forbid_sqlite_again(connection: Any, record: Any) -> None:
    if record.info.pop("may_write", False) and connection is not None:
        _forbid_sqlite(connection, record)
