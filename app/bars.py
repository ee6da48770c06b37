"""Daily bars, written in bulk, and what the list shows of a stock: its quote, which follows from its bars."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, select, update

from app import quotes
from app.tables import bars, stocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    # stock_id, day, open, high, low, close, volume; all but the numbers as text, which both databases take as it is.
    Row = tuple[int, str, str, str, str, str, int]

RECENT: Final = 30  # closes kept for the line in the list
BATCH: Final = 2000  # rows a statement; a packet of MySQL holds many times that
CENT: Final = Decimal("0.01")

# The one statement that both databases know and PyMySQL sends many rows at a time for. SQLAlchemy's own way would build
# a parameter set for each row first, and a file has a million.
_REPLACE: Final = "REPLACE INTO bars (stock_id, day, open, high, low, close, volume) VALUES ({})"
_SLOTS: Final = {"sqlite": ", ".join("?" * 7), "mysql": ", ".join(["%s"] * 7)}

_OF_STOCK = bars.c.stock_id == bindparam("stock")
_LAST = select(bars.c.open, bars.c.close, bars.c.volume).where(_OF_STOCK).order_by(bars.c.day.desc()).limit(RECENT)
_TOP = select(bars.c.high, bars.c.day).where(_OF_STOCK).order_by(bars.c.high.desc(), bars.c.day).limit(1)
_REQUOTE = (
    update(stocks)
    .where(stocks.c.id == bindparam("stock"))
    .values({name: bindparam(name) for name in ("price", "change_percent", "previous_high", "previous_high_on")})
    .values({name: bindparam(name) for name in ("volume", "recent", "version")})
)


def store(connection: Connection, rows: Sequence[Row]) -> None:
    """Insert bars; one of the same stock and day is replaced."""
    statement = _REPLACE.format(_SLOTS[connection.dialect.name])
    for start in range(0, len(rows), BATCH):
        connection.exec_driver_sql(statement, list(rows[start : start + BATCH]))


def requote(connection: Connection, stock_ids: Iterable[int]) -> int:
    """Let the quotes of these stocks follow from their bars; return the new version of the quotes.

    The price is the last close, the change is against the one before.
    """
    version = quotes.advance(connection)
    rows = [{"stock": each, "version": version, **quote_of(connection, each)} for each in stock_ids]
    if rows:
        connection.execute(_REQUOTE, rows)
    return version


def quote_of(connection: Connection, stock_id: int) -> dict[str, Any]:
    """Return the columns of `stocks` that follow from the stock's bars; it must have one.

    A high that was reached twice counts from the first time.
    """
    last = connection.execute(_LAST, {"stock": stock_id}).all()
    high, high_on = connection.execute(_TOP, {"stock": stock_id}).one()
    return {
        "price": last[0].close,
        "change_percent": change(last[0].close, last[1].close if len(last) > 1 else last[0].open),
        "previous_high": high,
        "previous_high_on": high_on,
        "volume": last[0].volume,
        "recent": ",".join(f"{row.close:.2f}" for row in reversed(last)),
    }


def change(price: Decimal, before: Decimal) -> Decimal:
    """Return how far a price is from the one before, in per cent to two places."""
    return ((price / before - 1) * 100).quantize(CENT) if before else Decimal(0)
