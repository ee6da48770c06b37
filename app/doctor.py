"""What can be wrong with a database and its settings before a visitor finds out: each check says what to do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from alembic.migration import MigrationContext
from sqlalchemy import exists, func, select, text
from sqlalchemy.exc import DBAPIError

from app import maintenance, migrations, names, quotes
from app import tables as t
from app.config import Config, ConfigError, DatabaseConfig
from app.database import Database
from app.errors import Unavailable
from app.maintenance import MaintenanceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import URL, Connection

SPARE: Final = 5  # connections for a migration, an import, a health check and the person who looks what is wrong
PROBE: Final = "鱼𠮷"  # the second character needs four bytes in UTF-8


class Deployment(NamedTuple):
    """How often a worker's pool is there."""

    pool: int
    workers: int
    replicas: int


class Unwell(Exception):
    """A check failed; the message says what to do."""


def doctor(url: URL, wait: float, workers: int = 0, replicas: int = 1) -> str:
    """Check the database and the settings; return what to print, raise MaintenanceError when something is wrong.

    `workers` in each of `replicas` share the database's connections.
    """
    config = DatabaseConfig.from_environment()
    deployment = Deployment(config.pool, workers or int(os.environ.get("MINNOW_WORKERS") or 1), replicas)
    lines, failed = [], 0
    with maintenance.open_engine(url, wait) as engine, engine.connect() as connection:
        for name, check in CHECKS.items():
            try:
                lines.append(f"ok    {name}: {check(connection, deployment)}")
            except (Unwell, ConfigError) as finding:
                failed += 1
                lines.append(f"WRONG {name}: {finding}")
            except DBAPIError as error:
                failed += 1
                lines.append(f"WRONG {name}: {maintenance.first_line(error)}")
    if failed:
        raise MaintenanceError("\n".join([f"{failed} of {len(lines)} checks failed", *lines]))
    return "\n".join(lines)


def check_schema(connection: Connection, _deployment: Deployment) -> str:
    """Tell whether the schema is the newest."""
    have, want = MigrationContext.configure(connection).get_current_revision(), migrations.head()
    if have != want:
        raise Unwell(f"the schema is at {have or 'nothing'}, this release wants {want}: run `python -m app migrate`")
    return f"revision {have}"


def check_text(connection: Connection, _deployment: Deployment) -> str:
    """Tell whether every character survives the way to the database and back."""
    if (back := connection.execute(select(text(":probe")), {"probe": PROBE}).scalar()) != PROBE:
        raise Unwell(f"{PROBE!r} came back as {back!r}: the connection's character set is not utf8mb4")
    return "Chinese comes back whole"


def check_stocks(connection: Connection, _deployment: Deployment) -> str:
    """Tell whether there is something to show."""
    count = connection.execute(select(func.count()).select_from(t.stocks)).scalar_one()
    bare = connection.execute(
        select(func.count()).select_from(t.stocks).where(~exists().where(t.bars.c.stock_id == t.stocks.c.id))
    ).scalar_one()
    if not count or bare:
        raise Unwell(f"{bare} of {count} stocks have no bars: run `python -m app seed`, or import some")
    return f"{count:,} stocks, all with bars"


def check_names(connection: Connection, _deployment: Deployment) -> str:
    """Tell whether every stock is found by each part of its name."""
    if lost := names.not_entered(connection):
        raise Unwell(f"{len(lost)} stocks are not found by their names: run `python -m app migrate`")
    return "each part of a name is found"


def check_version(connection: Connection, _deployment: Deployment) -> str:
    """Tell whether the version of the quotes is there and not behind a row."""
    version = quotes.version(connection)
    newest = connection.execute(select(func.max(t.stocks.c.version))).scalar() or 0
    if newest > version:
        raise Unwell(
            f"stocks are marked up to version {newest}, `market` says {version}: set market.version to {newest}"
        )
    return f"{version}"


def check_connections(connection: Connection, deployment: Deployment) -> str:
    """Tell whether the database lets all pools be full at once."""
    pool, workers, replicas = deployment
    needed = pool * workers * replicas
    sum_ = f"{pool} (DATABASE_POOL) * {workers} workers * {replicas} replicas = {needed}"
    if connection.dialect.name != "mysql":
        return f"{sum_}, and SQLite sets no limit"
    limit = connection.execute(text("SELECT @@max_connections")).scalar_one()
    own = connection.execute(text("SELECT @@max_user_connections")).scalar_one()
    allowed = min(limit - SPARE, own or limit)
    if needed > allowed:
        raise Unwell(f"{sum_}, but the database allows {allowed}: lower DATABASE_POOL or raise max_connections")
    return f"{sum_} of {allowed}"


def check_reads(_connection: Connection, _deployment: Deployment) -> str:
    """Tell whether a handler that only reads is kept from writing."""
    database = Database(DatabaseConfig.from_environment())
    try:
        database.read(lambda c: c.execute(t.market.update().values(version=t.market.c.version)))
    except DBAPIError:
        return "a read cannot write"
    except Unavailable as error:
        raise Unwell("the site's own connections get no answer; the log says why") from error
    finally:
        database.close()
    raise Unwell("a connection that should only read could write: is there a proxy between us and the database?")


def check_keys(_connection: Connection, _deployment: Deployment) -> str:
    """Tell whether cookies can be signed."""
    return f"{len(Config.from_environment().secret_keys)} to sign cookies with"


CHECKS: Final[dict[str, Callable[[Connection, Deployment], str]]] = {
    "schema": check_schema,
    "text": check_text,
    "stocks": check_stocks,
    "names": check_names,
    "version": check_version,
    "connections": check_connections,
    "reads": check_reads,
    "keys": check_keys,
}
