"""The version of the quotes: one number in the database that every worker on every machine can watch.

Whoever changes quotes counts it up in the same transaction and marks the rows that changed with it. The row's lock
puts writers in line, so versions become visible in their order, and what changed since version N is all that is
marked higher: nobody has to keep a history of events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from app.tables import market

if TYPE_CHECKING:
    from sqlalchemy import Connection

_VERSION = select(market.c.version)
_ADVANCE = update(market).values(version=market.c.version + 1, changed_at=func.now())


def version(connection: Connection) -> int:
    """Return the version of the quotes that this connection sees."""
    found: int = connection.execute(_VERSION).scalar_one()
    return found


def advance(connection: Connection) -> int:
    """Count the version up and return it; other writers wait until this transaction ends."""
    connection.execute(_ADVANCE)
    return version(connection)
