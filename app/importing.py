"""Daily bars from files into the database: a file as a whole or not at all, each of its bad lines reported."""

from __future__ import annotations

import datetime as dt
import os
import sys
from io import BufferedReader, FileIO
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, insert, select, update

from app import bars, maintenance, names
from app.initials import initials_of
from app.maintenance import MaintenanceError
from app.progress import Progress
from app.quotefile import FIRST_YEAR, SNIFFED, Bar, FileError, QuoteFile
from app.tables import stocks

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

STDIN: Final = "-"
EPOCH: Final = dt.date(FIRST_YEAR, 1, 1).toordinal()
LOOK: Final = 1000  # lines between two looks at the progress

_TURNOVER = update(stocks).where(stocks.c.id == bindparam("stock")).values(turnover_percent=bindparam("turnover"))
_RENAME = (
    update(stocks)
    .where(stocks.c.id == bindparam("stock"))
    .values(name=bindparam("new_name"), initials=bindparam("new_initials"))
)


def load(url: URL, wait: float, files: list[str], encoding: str = "auto") -> str:
    """Import files of daily bars, each as a whole or not at all; return what to print.

    Bad lines go to standard error, each with its number and reason. Raises MaintenanceError when there were any.
    """
    told = []
    with maintenance.sole_engine(url, wait) as engine:
        for name in files:
            with engine.begin() as connection, _opened(name) as file:
                try:
                    told.append(_load_file(connection, name, file, encoding))
                except MaintenanceError as error:
                    raise MaintenanceError("\n".join([str(error), *told])) from error
    return "\n".join(told)


def _opened(name: str) -> BufferedReader:
    try:
        return BufferedReader(FileIO(0, closefd=False) if name == STDIN else FileIO(name), SNIFFED)
    except OSError as error:
        raise MaintenanceError(f"cannot read {name}: {error.strerror}") from error


def _load_file(connection: Connection, name: str, file: BufferedReader, encoding: str) -> str:
    """Import one file in the caller's transaction; raises MaintenanceError, which must roll that back."""
    loader = Loader(connection)
    size = os.fstat(file.fileno()).st_size if name != STDIN else None
    bad = lines = 0
    with Progress(name, size) as progress:
        try:
            for number, bar in QuoteFile(file, encoding):
                lines += 1
                reason = bar if isinstance(bar, str) else loader.refuses(bar)
                if reason:
                    bad += 1
                    progress.clear()
                    sys.stderr.write(f"{name}:{number}: {reason}\n")
                elif not bad and isinstance(bar, Bar):
                    loader.add(bar)
                if lines % LOOK == 0:
                    progress.update(file.tell() if size else 0, f"{lines:,} lines")
        except FileError as error:
            raise MaintenanceError(f"{name}: {error}; nothing of it was imported") from error
        if bad:
            raise MaintenanceError(f"{name}: {bad:,} of {lines:,} lines are bad; nothing of it was imported")
        progress.update(size or 0, "quotes")
        loader.finish()
    return f"{name}: {lines:,} bars of {len(loader.touched):,} stocks imported."


class Loader:
    """Takes bars one by one and writes them in batches; what it remembers grows with the stocks, not with the bars."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known = {row.code: row for row in connection.execute(select(stocks.c.code, stocks.c.id, stocks.c.name))}
        self._identifiers = {code: row.id for code, row in self._known.items()}
        self._names: dict[str, tuple[str, str]] = {}
        self._turnovers: dict[str, tuple[dt.date, str]] = {}
        # The days of each stock, a bit each: a year takes 46 bytes, where a set of dates would take ten thousand.
        self.touched: dict[str, int] = {}
        self._rows: list[bars.Row] = []

    def refuses(self, bar: Bar) -> str:
        """Return why the bar cannot be added to those before it, nothing if it can; remember it."""
        if bar.code not in self._known and bar.code not in self._names and not bar.name:
            return f"{bar.code} is a new stock, and the line has no name for it"
        days, bit = self.touched.get(bar.code, 0), 1 << (bar.day.toordinal() - EPOCH)
        if days & bit:
            return f"a second bar of {bar.code} on {bar.day}"
        self.touched[bar.code] = days | bit
        if bar.name:
            self._names[bar.code] = bar.name, bar.initials or initials_of(bar.name)
        if bar.turnover and (bar.code not in self._turnovers or self._turnovers[bar.code][0] < bar.day):
            self._turnovers[bar.code] = bar.day, bar.turnover
        return ""

    def add(self, bar: Bar) -> None:
        """Write a bar, with others."""
        stock_id = self._identifiers.get(bar.code) or self._enter(bar)
        self._rows.append((stock_id, bar.day.isoformat(), bar.open, bar.high, bar.low, bar.close, bar.volume))
        if len(self._rows) >= bars.BATCH:
            self._flush()

    def finish(self) -> None:
        """Write what is left, and let the quotes of all stocks in the file follow."""
        self._flush()
        ids = self._identifiers
        named = {ids[code]: called for code, called in self._names.items() if self._is_news(code, called[0])}
        if named:
            renamed = [{"stock": each, "new_name": name, "new_initials": to} for each, (name, to) in named.items()]
            self._connection.execute(_RENAME, renamed)
            names.enter(self._connection, {each: name for each, (name, _) in named.items()})
        turnovers = [{"stock": ids[code], "turnover": text} for code, (_, text) in self._turnovers.items()]
        if turnovers:
            self._connection.execute(_TURNOVER, turnovers)
        if self.touched:
            bars.requote(self._connection, [ids[code] for code in self.touched])

    def _is_news(self, code: str, name: str) -> bool:
        return code not in self._known or self._known[code].name != name

    def _flush(self) -> None:
        bars.store(self._connection, self._rows)
        self._rows.clear()

    def _enter(self, bar: Bar) -> int:
        """Insert a new stock; what its columns say until the bars are in is seen by nobody."""
        name, initials = self._names[bar.code]
        figures = {"price": 0, "change_percent": 0, "turnover_percent": 0, "previous_high": 0}
        done = self._connection.execute(
            insert(stocks).values(code=bar.code, name=name, initials=initials, previous_high_on=bar.day, **figures)
        )
        assert done.inserted_primary_key is not None
        self._identifiers[bar.code] = identifier = int(done.inserted_primary_key[0])
        return identifier
