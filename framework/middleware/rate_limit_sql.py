"""A store for the rate limiter that all workers and machines share: a table of an SQL database."""

from __future__ import annotations

from contextlib import closing
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

SOON = 0.001  # seconds: a wait is never 0, which would mean that there was a token

CREATE = "CREATE TABLE IF NOT EXISTS {table} (bucket CHAR(32) PRIMARY KEY, full_at DOUBLE PRECISION NOT NULL)"
# One statement compares and sets, so two workers cannot take the same token.
TAKE = (
    "UPDATE {table} SET full_at = CASE WHEN full_at < {p} THEN {p} ELSE full_at + {p} END "
    "WHERE bucket = {p} AND full_at <= {p}"
)
LOOK = "SELECT full_at FROM {table} WHERE bucket = {p}"
INSERT = "INSERT INTO {table} (bucket, full_at) VALUES ({p}, {p})"
FORGET = "DELETE FROM {table} WHERE full_at < {p}"


class SQLStore:
    """Keep the buckets in a database: one limit for all workers and machines.

    ``connect`` returns a DB-API connection that ``close`` gives back, such as ``engine.raw_connection`` of SQLAlchemy.
    ``placeholder`` is ``?`` for SQLite and ``%s`` for MySQL and PostgreSQL. The machines' clocks must agree.
    """

    def __init__(self, connect: Callable[[], Any], placeholder: Literal["?", "%s"], table: str = "rate_limit") -> None:
        if not table.isidentifier():
            raise ValueError(f"{table!r} is no name for a table")
        self._connect = connect
        self._create, self._take, self._look, self._insert, self._forget = (
            statement.format(table=table, p=placeholder) for statement in (CREATE, TAKE, LOOK, INSERT, FORGET)
        )

    def create_table(self) -> None:
        """Create the table unless it is there."""
        with closing(self._connect()) as connection:
            _run(connection, self._create, ())

    def forget(self, now: float) -> None:
        """Delete the buckets that are full at time ``now``, in seconds: a job for once in a while."""
        with closing(self._connect()) as connection:
            _run(connection, self._forget, (now,))

    def take(self, key: str, now: float, interval: float, tolerance: float) -> float:
        """Take a token, as ``rate_limit.Store`` says; raise what the database raises."""
        key = _bucket(key)
        take = (now, now + interval, interval, key, now + tolerance)
        with closing(self._connect()) as connection:
            if _run(connection, self._take, take).rowcount:
                return 0.0
            row = _run(connection, self._look, (key,)).fetchone()
            if row is None and self._begin(connection, key, now + interval):
                return 0.0
            if row is None:  # another worker was quicker
                taken = _run(connection, self._take, take).rowcount
                return 0.0 if taken else SOON
            return max(float(row[0]) - now - tolerance, SOON)

    def _begin(self, connection: Any, key: str, full: float) -> bool:
        try:
            _run(connection, self._insert, (key, full))
        except Exception as error:
            connection.rollback()
            if "IntegrityError" not in {
                kind.__name__ for kind in type(error).__mro__
            }:  # PEP 249's name for a duplicate
                raise
            return False
        return True


def _bucket(key: str) -> str:
    """Hash a key, so that no collation takes "é" for "E" and no column cuts it: one client is not another."""
    return blake2b(key.encode(), digest_size=16).hexdigest()


def _run(connection: Any, statement: str, values: tuple[Any, ...]) -> Any:
    cursor = connection.cursor()
    cursor.execute(statement, values)
    if statement.startswith("SELECT"):
        return cursor
    connection.commit()
    return cursor
