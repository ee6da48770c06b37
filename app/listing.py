"""The list of stocks, as its address asks for it: searched, sorted, filtered, a page at a time.

An address names what differs from the plain list, `/index.html?q=GYS&sort=-change&page=2`, so that it can be kept
and sent on. The code breaks ties, in the direction of the sort: one index serves both directions.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from sqlalchemy import Connection, Select, bindparam, case, func, select

from app import names
from app.tables import CODE_LENGTH, INITIALS_LIMIT, market, name_ends, stocks
from framework import HTTPError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import BindParameter, Column, ColumnElement

    from framework.multidict import MultiDict

PAGE_SIZE: Final = 125
QUERY_LIMIT: Final = 20  # characters; no code, name or run of initials is longer
PAGE_LIMIT: Final = 10_000
# A name is sorted by how it is said: the order of its characters' numbers means nothing to a reader.
SORTS: Final[Mapping[str, Column[Any]]] = {
    "code": stocks.c.code,
    "name": stocks.c.initials,
    "change": stocks.c.change_percent,
    "turnover": stocks.c.turnover_percent,
    "price": stocks.c.price,
    "previous_high": stocks.c.previous_high,
    "previous_high_on": stocks.c.previous_high_on,
}
MOVES: Final[Mapping[str, ColumnElement[bool]]] = {
    "up": stocks.c.change_percent > 0,
    "down": stocks.c.change_percent < 0,
    "flat": stocks.c.change_percent == 0,
}
# What a row shows, in the order that the template unpacks. It comes as one JSON array: a driver in Python takes its
# time over each field, and JSON is read in C.
_ROW: Final = func.json_array(
    stocks.c.code,
    stocks.c.name,
    stocks.c.change_percent,
    stocks.c.turnover_percent,
    stocks.c.price,
    stocks.c.previous_high,
    stocks.c.previous_high_on,
    stocks.c.recent,
)
_FROM: Final[BindParameter[str]] = bindparam("q_from")
_TO: Final[BindParameter[str]] = bindparam("q_to")
# All are found by how they begin, which an index can tell: what is in a name begins one of its ends.
_SEARCHES: Final[Mapping[str, ColumnElement[bool]]] = {
    "code": stocks.c.code.between(_FROM, _TO),
    "initials": stocks.c.initials.between(_FROM, _TO),
    "name": stocks.c.id.in_(select(name_ends.c.stock_id).where(name_ends.c.name_end.between(_FROM, _TO))),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an address asks for: words to look for, a column with its direction, a direction of prices, a page."""

    query: str = ""
    sort: str = "code"
    descending: bool = False
    move: str = ""
    page: int = 1

    @classmethod
    def from_query(cls, query: MultiDict) -> Self:
        """Read the fields `q`, `sort`, `move` and `page`; raises HTTPError 404 for what no list has."""
        sort = query.get("sort") or "code"
        wanted = cls(
            query=_words(query.get("q")),
            sort=sort.removeprefix("-"),
            descending=sort.startswith("-"),
            move=query.get("move"),
            page=query.int("page", 1, min=1, max=PAGE_LIMIT),
        )
        if wanted.sort not in SORTS or wanted.move not in {"", *MOVES}:
            raise HTTPError(404, "There is no such list.")
        return wanted

    def but(self, **changes: Any) -> dict[str, str]:
        """Return the fields of the address that differs from this one so; another list begins at its first page."""
        other = replace(self, **{"page": 1, **changes})
        fields = {
            "q": other.query,
            "sort": other.sort_key if other.sort_key != "code" else "",
            "move": other.move,
            "page": str(other.page) if other.page > 1 else "",
        }
        return {name: value for name, value in fields.items() if value}

    def by(self, sort: str) -> dict[str, str]:
        """Return the fields that sort by this column: the other way round if it is sorted so already."""
        # Of figures the largest are of interest first, of names the first.
        largest_first = sort not in {"code", "name"}
        descending = not self.descending if sort == self.sort else largest_first
        return self.but(sort=sort, descending=descending)

    @property
    def sort_key(self) -> str:
        """Return the field `sort`: the column's name, with a minus if it falls."""
        return f"-{self.sort}" if self.descending else self.sort


class Tally(NamedTuple):
    """How many of the stocks that were looked for rose, fell and stayed, at this version of the quotes."""

    version: int
    total: int
    up: int
    down: int

    @property
    def flat(self) -> int:
        """Return how many stayed."""
        return self.total - self.up - self.down

    def of(self, move: str) -> int:
        """Return how many moved so; all of them without a direction."""
        return {"up": self.up, "down": self.down, "flat": self.flat}.get(move, self.total)


class Line(NamedTuple):
    """What the list shows of a stock; figures as in `app.stocks.Stock`."""

    code: str
    name: str
    change: float
    turnover: float
    price: float
    previous_high: float
    previous_high_on: str
    recent: str


class Listing(NamedTuple):
    """A page of the list, and what is known of the whole."""

    wanted: Wanted
    found: list[Line]
    tally: Tally

    @property
    def first(self) -> int:
        """Return the number of the page's first stock, counted from 1."""
        return (self.wanted.page - 1) * PAGE_SIZE + 1

    @property
    def rows(self) -> Iterable[tuple[int, Line]]:
        """Return the page's stocks, each with its number."""
        return enumerate(self.found, self.first)

    @property
    def pages(self) -> int:
        """Return how many pages the list has; an empty one has one."""
        return max(1, -(-self.tally.of(self.wanted.move) // PAGE_SIZE))

    @property
    def page_numbers(self) -> list[int]:
        """Return the pages worth a link: the first, the last, and those around this one; 0 stands for a gap."""
        here, last = self.wanted.page, self.pages
        shown = sorted({1, last, *(page for page in range(here - 1, here + 2) if 1 <= page <= last)})
        numbers = shown[:1]
        for before, page in pairwise(shown):
            numbers += [0, page] if page > before + 1 else [page]
        return numbers


def listing(connection: Connection, wanted: Wanted) -> Listing:
    """Return the page that is wanted; raises HTTPError 404 past the last one."""
    search, values = _search(wanted.query)
    tally = Tally._make(connection.execute(_tally(search), values).one())
    offset = (wanted.page - 1) * PAGE_SIZE
    if offset and offset >= tally.of(wanted.move):
        raise HTTPError(404, "The list is shorter.")
    statement = page_statement(search, wanted.sort, wanted.descending, wanted.move)
    rows = connection.execute(statement, {**values, "offset": offset}).scalars()
    return Listing(wanted, json.loads(f"[{','.join(rows)}]"), tally)


def _words(text: str) -> str:
    """Return what was typed as names and codes are written: full-width digits are digits, a NUL is nothing."""
    normal = unicodedata.normalize("NFKC", text)
    return "".join(filter(str.isprintable, normal)).strip()[:QUERY_LIMIT]


def _search(query: str) -> tuple[str, dict[str, str]]:
    """Return which search fits what was typed, and its values: digits are a code, letters initials, else a name."""
    if not query:
        return "", {}
    if query.isascii() and query.isalnum():
        start = query.upper()
        if start.isdigit():
            return "code", {"q_from": start, "q_to": start.ljust(CODE_LENGTH, "9")}
        # Z is the last of what initials are made of, in the order of bytes (SQLite) and of letters (MySQL).
        return "initials", {"q_from": start, "q_to": start.ljust(INITIALS_LIMIT, "Z")}
    start = names.spelt(query)
    return "name", {"q_from": start, "q_to": start + names.LAST}


# SQLAlchemy caches the text of a statement, yet not the cost of composing it. There are 4 * 7 * 2 * 4 of these.
@lru_cache(maxsize=256)
def page_statement(search: str, sort: str, descending: bool, move: str) -> Select[Any]:
    """Return the statement that reads a page: parameters `offset` and those of the search."""
    column = SORTS[sort]
    order = [column] if column is stocks.c.code else [column, stocks.c.code]
    statement = select(_ROW).order_by(*(each.desc() if descending else each for each in order))
    if not search:
        # MySQL would rather read and sort the whole market than follow an index for the first rows of it.
        index = "uq_stocks_code" if sort == "code" else f"ix_stocks_{column.name}"
        statement = statement.with_hint(stocks, f"FORCE INDEX FOR ORDER BY ({index})", "mysql")
    if search:
        statement = statement.where(_SEARCHES[search])
    if move:
        statement = statement.where(MOVES[move])
    return statement.limit(PAGE_SIZE).offset(bindparam("offset"))


@lru_cache(maxsize=4)
def _tally(search: str) -> Select[int, int, int, int]:
    version = select(market.c.version).scalar_subquery()
    up, down = (func.count(case((MOVES[move], 1))) for move in ("up", "down"))
    statement = select(version, func.count(), up, down).select_from(stocks)
    return statement.where(_SEARCHES[search]) if search else statement
