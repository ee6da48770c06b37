"""Daily bars from the database into a file that `import` takes back: CSV in UTF-8, by stock and day."""

from __future__ import annotations

import csv
import gzip
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from sqlalchemy import bindparam, select

from app import maintenance
from app.maintenance import MaintenanceError
from app.progress import Progress
from app.tables import bars, stocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from sqlalchemy import URL, Connection

STDOUT: Final = "-"
HEADER: Final = ("code", "name", "initials", "day", "open", "high", "low", "close", "volume", "turnover")

_STOCKS = select(stocks.c.id, stocks.c.code, stocks.c.name, stocks.c.initials, stocks.c.turnover_percent)
_BARS = (
    select(bars.c.day, bars.c.open, bars.c.high, bars.c.low, bars.c.close, bars.c.volume)
    .where(bars.c.stock_id == bindparam("stock"))
    .order_by(bars.c.day)
)


def export(url: URL, wait: float, file: str = STDOUT, since: date | None = None) -> str:
    """Write all bars to a file, those from the day `since` on if there is one; return what to print.

    A file whose name ends in .gz is packed. It takes its name when it is complete. Raises MaintenanceError.
    """
    with maintenance.open_engine(url, wait) as engine, engine.connect() as connection, _opened(file) as target:
        rows = csv.writer(target, lineterminator="\n")
        rows.writerow(HEADER)
        everything = connection.execute(_STOCKS.order_by(stocks.c.code)).all()
        count = 0
        with Progress("Exporting", len(everything)) as progress:
            for number, (identifier, *of_stock) in enumerate(everything):
                lines = _lines(connection, identifier, of_stock, since)
                rows.writerows(lines)
                count += len(lines)
                progress.update(number, f"{count:,} bars")
    return "" if file == STDOUT else f"{file}: {count:,} bars of {len(everything):,} stocks."


def _lines(connection: Connection, identifier: int, stock: Sequence[object], since: date | None) -> list[list[object]]:
    """Return the lines of one stock; its turnover is known of the last day only."""
    code, name, initials, turnover = stock
    statement = _BARS.where(bars.c.day >= since) if since else _BARS
    lines: list[list[object]] = [
        [code, name, initials, *bar, ""] for bar in connection.execute(statement, {"stock": identifier})
    ]
    if lines:
        lines[-1][-1] = turnover
    return lines


@contextmanager
def _opened(name: str) -> Iterator[TextIO]:
    if name == STDOUT:
        yield sys.stdout
        return
    path, part = Path(name), Path(f"{name}.part")
    try:
        packed = path.suffix == ".gz"
        with gzip.open(part, "wt", encoding="utf-8") if packed else part.open("w", encoding="utf-8") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise MaintenanceError(f"cannot write {name}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
