"""The sample stocks: a labelled CSV file beside this module, more by invention, and how they get into the database."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import exists, insert, select, update

from app import bars, invention, names
from app.invention import Invented
from app.tables import bars as bars_table
from app.tables import stocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

SAMPLE_FILE: Final = Path(__file__).parent / "data" / "sample_stocks.csv"
BATCH: Final = 20  # stocks whose bars are in memory at a time

_WITH_BARS = select(stocks.c.code).where(exists().where(bars_table.c.stock_id == stocks.c.id))


def sample_stocks() -> Iterator[Invented]:
    """Yield the stocks of the sample file."""
    with SAMPLE_FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            yield Invented(
                code=row["code"],
                name=row["name"],
                initials=row["initials"],
                change_percent=Decimal(row["change_percent"]),
                turnover_percent=Decimal(row["turnover_percent"]),
                price=Decimal(row["price"]),
                previous_high=Decimal(row["previous_high"]),
                previous_high_on=date.fromisoformat(row["previous_high_on"]),
            )


def whole_sample(count: int) -> list[Invented]:
    """Return `count` stocks: those of the file, and as many invented ones as it takes."""
    known = list(sample_stocks())
    more = max(0, count - len(known))
    return known + list(islice(invention.invent_stocks({stock.code for stock in known}), more))


def seed(connection: Connection, count: int = 0, report: Callable[[int], None] = lambda _done: None) -> tuple[int, int]:
    """Insert the sample stocks that are missing, with a year of bars; return how many were added and were there.

    A stock that has bars keeps its figures: they may have moved since. `report` is told how
    many are done.
    """
    wanted = whole_sample(count)
    present = set(connection.execute(_WITH_BARS).scalars())
    missing = [stock for stock in wanted if stock.code not in present]
    identifiers = _enter(connection, missing)
    days = invention.trading_days(invention.DAYS)
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        bars.store(connection, [row for each in batch for row in _bars_of(each, identifiers, days)])
        report(start)
    if missing:
        bars.requote(connection, [identifiers[stock.code] for stock in missing])
    return len(missing), len(wanted) - len(missing)


def _bars_of(stock: Invented, identifiers: dict[str, int], days: list[date]) -> list[bars.Row]:
    return invention.invent_bars(stock, identifiers[stock.code], days)


def _enter(connection: Connection, missing: list[Invented]) -> dict[str, int]:
    """Insert those without a row, bring the others' up to date; return the identifiers of all by their codes."""
    known = set(connection.execute(select(stocks.c.code)).scalars())
    new = [stock._asdict() for stock in missing if stock.code not in known]
    if new:
        connection.execute(insert(stocks), new)
    for stock in missing:
        if stock.code in known:
            connection.execute(update(stocks).where(stocks.c.code == stock.code).values(stock._asdict()))
    identifiers = {row.code: row.id for row in connection.execute(select(stocks.c.code, stocks.c.id))}
    names.enter(connection, {identifiers[stock.code]: stock.name for stock in missing})
    return identifiers
