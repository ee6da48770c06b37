"""The daily bars of a stock, for a chart and for a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection, bindparam, select

from app.tables import bars, stocks

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal


class Bar(NamedTuple):
    """One trading day; prices in CNY, `volume` in shares."""

    day: date
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int


_LAST = (
    select(bars.c.day, bars.c.open, bars.c.high, bars.c.low, bars.c.close, bars.c.volume)
    .where(bars.c.stock_id == select(stocks.c.id).where(stocks.c.code == bindparam("of_code")).scalar_subquery())
    .order_by(bars.c.day.desc())
    .limit(bindparam("number"))
)


def last_bars(connection: Connection, code: str, number: int) -> list[Bar]:
    """Return the last bars of a stock, at most `number`, oldest first; none for a stock that has none."""
    rows = connection.execute(_LAST, {"of_code": code, "number": number}).all()
    return [Bar._make(row) for row in reversed(rows)]


def as_columns(found: list[Bar]) -> dict[str, list[str] | list[float] | list[int]]:
    """Return the bars as one list a column: a third of the bytes of one object a bar."""
    return {
        "day": [bar.day.isoformat() for bar in found],
        "open": [float(bar.open) for bar in found],
        "high": [float(bar.high) for bar in found],
        "low": [float(bar.low) for bar in found],
        "close": [float(bar.close) for bar in found],
        "volume": [bar.volume for bar in found],
    }
