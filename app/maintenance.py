"""What is done to a database from the command line: wait for it, migrate it, seed it, one process at a time."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from app import migrations, names, sample
from app.database import maintenance_engine
from app.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Engine

LOCK_SECONDS: Final = 120  # another container may be in the middle of the same migration
PAUSE_SECONDS: Final = 0.5


class MaintenanceError(Exception):
    """A command could not do its work; the message is one line for the operator."""


def migrate(url: URL, wait: float) -> str:
    """Bring the schema up to date, waiting at most `wait` seconds for the database; return what to print."""
    with sole_engine(url, wait) as engine, engine.begin() as connection:
        migrations.upgrade(connection)
        names.enter(connection, names.not_entered(connection))
    return "The schema is up to date."


def seed(url: URL, wait: float, stocks: int = 0) -> str:
    """Insert the sample stocks that are missing, at least `stocks` in all; return what to print."""
    with sole_engine(url, wait) as engine, engine.begin() as connection, Progress("Seeding", stocks or None) as bar:
        added, present = sample.seed(connection, stocks, bar.update)
    return f"Sample stocks: {added} added, {present} there already."


@contextmanager
def sole_engine(url: URL, wait: float) -> Iterator[Engine]:
    """Give an engine whose database answers and which no other maintenance uses; raises MaintenanceError."""
    with open_engine(url, wait) as engine, _lock(engine):
        yield engine


@contextmanager
def open_engine(url: URL, wait: float) -> Iterator[Engine]:
    """Give an engine whose database answers, waiting at most `wait` seconds for it; raises MaintenanceError."""
    where = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and url.database:
        _make_directory(Path(url.database).parent)
    engine = maintenance_engine(url)
    try:
        _wait_for(engine, where, wait)
        yield engine
    except SQLAlchemyError as error:
        raise MaintenanceError(f"{where}: {first_line(error)}") from error
    finally:
        engine.dispose()


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MaintenanceError(f"cannot make the directory {path}: {error.strerror}") from error


def _wait_for(engine: Engine, where: str, wait: float) -> None:
    deadline = time.monotonic() + wait
    while True:
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except (OperationalError, InterfaceError) as error:
            if time.monotonic() >= deadline:
                raise MaintenanceError(f"{where} did not answer within {wait:g} s: {first_line(error)}") from error
            time.sleep(PAUSE_SECONDS)
        else:
            return


@contextmanager
def _lock(engine: Engine) -> Iterator[None]:
    """Hold a named lock of the MySQL server: its DDL cannot be rolled back, so two migrations must not meet.

    The lock belongs to a connection of its own; if this process dies, the server releases it.
    """
    if engine.dialect.name != "mysql":
        yield
        return
    with engine.connect() as connection:
        # Lock names are the server's, not a schema's; MySQL limits them to 64 characters.
        name = f"minnow.{engine.url.database}"[:64]
        if not connection.execute(text("SELECT GET_LOCK(:name, :wait)"), {"name": name, "wait": LOCK_SECONDS}).scalar():
            raise MaintenanceError(f"another migrate, seed or import held the lock for more than {LOCK_SECONDS} s")
        try:
            yield
        finally:
            connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": name})


def first_line(error: SQLAlchemyError) -> str:
    """Return what the driver said, without the statement and its parameters."""
    return str(getattr(error, "orig", None) or error).splitlines()[0]
