"""The stocks: what is known of each, and how to read it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection, bindparam, select

from app.errors import UnknownStock
from app.tables import stocks

if TYPE_CHECKING:
    from datetime import date


class Stock(NamedTuple):
    """One row of the list; prices in CNY, `change` and `turnover` in per cent of the day, `volume` in shares.

    `recent` are the last closes, oldest first, separated by commas.
    """

    code: str
    name: str
    change: Decimal
    turnover: Decimal
    price: Decimal
    previous_high: Decimal
    previous_high_on: date
    volume: int
    recent: str

    @property
    def below_high(self) -> Decimal:
        """Return how far the price stands from the previous high, in per cent of that high."""
        return (self.price / self.previous_high - 1) * 100 if self.previous_high else Decimal(0)


COLUMNS = (
    stocks.c.code,
    stocks.c.name,
    stocks.c.change_percent,
    stocks.c.turnover_percent,
    stocks.c.price,
    stocks.c.previous_high,
    stocks.c.previous_high_on,
    stocks.c.volume,
    stocks.c.recent,
)

# Built once: SQLAlchemy caches the text of a statement, yet not the cost of composing it.
_ONE = select(*COLUMNS).where(stocks.c.code == bindparam("code"))
_PROBE = select(stocks.c.id).limit(1)


def find(connection: Connection, code: str) -> Stock:
    """Return the stock with this code; raises UnknownStock."""
    row = connection.execute(_ONE, {"code": code}).one_or_none()
    if row is None:
        raise UnknownStock
    return Stock._make(row)


def probe(connection: Connection) -> None:
    """Touch the table: a database that is up but not migrated is not ready either."""
    connection.execute(_PROBE).all()
