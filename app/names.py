"""Stocks found by a part of their name: an index of all ends of all names.

A part of a name is the beginning of one of its ends: 河 begins 河实业, an end of 长河实业. So what is looked for inside
names is looked up like a beginning, on SQLite as on MySQL, one character as well as five. Full-text indexes would not
do: MySQL's finds no single character at the end of a name, SQLite's none of less than three.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, insert, select

from app.tables import NAME_LIMIT, name_ends, stocks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

LAST: Final = "\U0010ffff"  # no character comes after it, in either database
BATCH: Final = 500  # stocks whose ends are written at a time

_DELETE = delete(name_ends).where(name_ends.c.stock_id.in_(bindparam("ids", expanding=True)))
_STOCKS = select(stocks.c.id, stocks.c.name)
_ENDS = select(name_ends.c.stock_id, name_ends.c.name_end)


def spelt(text: str) -> str:
    """Return a text as names are looked up: full-width letters are letters, small ones capitals."""
    return unicodedata.normalize("NFKC", text).upper()


def ends_of(name: str) -> set[str]:
    """Return all ends of a name, itself included."""
    spelling = spelt(name)
    return {spelling[start:][:NAME_LIMIT] for start in range(len(spelling))}


def enter(connection: Connection, names: Mapping[int, str]) -> None:
    """Let these stocks be found by parts of these names, and no longer by those of their former ones."""
    ids = list(names)
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        connection.execute(_DELETE, {"ids": batch})
        rows = [{"stock_id": each, "name_end": end} for each in batch for end in sorted(ends_of(names[each]))]
        if rows:
            connection.execute(insert(name_ends), rows)


def not_entered(connection: Connection) -> dict[int, str]:
    """Return the names of the stocks that cannot be found by all parts of them, or by parts of other names, too."""
    found: dict[int, set[str]] = {}
    for stock_id, end in connection.execute(_ENDS):
        found.setdefault(stock_id, set()).add(end)
    return {each: name for each, name in connection.execute(_STOCKS) if found.get(each, set()) != ends_of(name)}
