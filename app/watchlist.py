"""A visitor's watch list: what is watched, in the visitor's own order, and the note beside it.

Watching, unwatching and saving are one statement each that the database decides by its constraints. Nothing is looked
up first and then acted upon: two requests at once would both find the stock unwatched. A move names the place to go
to and not the way, so that a request that is sent twice moves once.
"""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from typing import NamedTuple, NoReturn

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.errors import AlreadyWatched, NoteTooLong, NoteUnprintable, NotWatched
from app.stocks import COLUMNS, Stock, find
from app.tables import NOTE_LIMIT, stocks, watches


class Entry(NamedTuple):
    """One line of a watch list."""

    stock: Stock
    note: str


class Totals(NamedTuple):
    """What a watch list comes to; `change` and `below_high` are means in per cent."""

    number: int
    up: int
    down: int
    change: Decimal
    below_high: Decimal


_VISITOR = watches.c.visitor == bindparam("of_visitor")
_STOCK_ID = select(stocks.c.id).where(stocks.c.code == bindparam("of_code")).scalar_subquery()
_WATCH = _VISITOR & (watches.c.stock_id == _STOCK_ID)

_LIST = (
    select(*COLUMNS, watches.c.note)
    .join_from(watches, stocks)
    .where(_VISITOR)
    .order_by(watches.c.position, watches.c.id)
)
_CODES = select(stocks.c.code).join_from(watches, stocks).where(_VISITOR)
_PLACES = (
    select(watches.c.id, watches.c.position, stocks.c.code)
    .join_from(watches, stocks)
    .where(_VISITOR)
    .order_by(watches.c.position, watches.c.id)
    .with_for_update(of=watches)
)
_LAST = select(func.coalesce(func.max(watches.c.position), 0) + 1).where(_VISITOR).scalar_subquery()
_PLACE = update(watches).where(watches.c.id == bindparam("of_id")).values(position=bindparam("new_position"))
_NOTE = select(watches.c.note).where(_WATCH)
_ADD = insert(watches).from_select(
    ["visitor", "stock_id", "position"],
    select(bindparam("of_visitor", type_=watches.c.visitor.type), stocks.c.id, _LAST).where(
        stocks.c.code == bindparam("of_code")
    ),
)
_REMOVE = delete(watches).where(_WATCH)
_SAVE = update(watches).where(_WATCH).values(note=bindparam("new_note"))


def entries(connection: Connection, visitor: str) -> list[Entry]:
    """Return the visitor's watch list in its order: new stocks come last."""
    rows = connection.execute(_LIST, {"of_visitor": visitor})
    return [Entry(Stock._make(row[:-1]), row[-1]) for row in rows]


def totals(found: list[Entry]) -> Totals:
    """Return what the list comes to; an empty one comes to nothing."""
    changes = [entry.stock.change for entry in found]
    divisor = len(found) or 1
    return Totals(
        number=len(found),
        up=sum(change > 0 for change in changes),
        down=sum(change < 0 for change in changes),
        change=sum(changes, Decimal(0)) / divisor,
        below_high=sum((entry.stock.below_high for entry in found), Decimal(0)) / divisor,
    )


def watched_codes(connection: Connection, visitor: str) -> frozenset[str]:
    """Return the codes of the stocks that the visitor watches."""
    return frozenset(connection.execute(_CODES, {"of_visitor": visitor}).scalars())


def note_of(connection: Connection, visitor: str, code: str) -> str | None:
    """Return the visitor's note on this stock, None where it is not watched."""
    return connection.execute(_NOTE, _key(visitor, code)).scalar_one_or_none()


def add(connection: Connection, visitor: str, code: str) -> None:
    """Watch a stock; raises UnknownStock or AlreadyWatched."""
    try:
        added = connection.execute(_ADD, _key(visitor, code)).rowcount
    except IntegrityError as error:
        raise AlreadyWatched from error
    if not added:
        find(connection, code)


def remove(connection: Connection, visitor: str, code: str) -> None:
    """Stop watching a stock, its note goes with it; raises UnknownStock or NotWatched."""
    if not connection.execute(_REMOVE, _key(visitor, code)).rowcount:
        _refuse_unwatched(connection, code)


def move(connection: Connection, visitor: str, code: str, place: int) -> None:
    """Put a stock at a place of the list, counted from 1; past the end is the end.

    Raises UnknownStock or NotWatched.
    """
    rows = connection.execute(_PLACES, {"of_visitor": visitor}).all()
    moved = next((row for row in rows if row.code == code), None)
    if moved is None:
        _refuse_unwatched(connection, code)
    order = [row for row in rows if row is not moved]
    order.insert(place - 1, moved)
    changes = [
        {"of_id": row.id, "new_position": position} for position, row in enumerate(order, 1) if row.position != position
    ]
    if changes:
        connection.execute(_PLACE, changes)


def save_note(connection: Connection, visitor: str, code: str, note: str) -> None:
    """Replace the note on a watched stock by one that `checked_note` has passed.

    Raises UnknownStock or NotWatched.
    """
    if not connection.execute(_SAVE, {**_key(visitor, code), "new_note": note}).rowcount:
        _refuse_unwatched(connection, code)


def checked_note(text: str) -> str:
    r"""Return the note with line ends as `\n`; raises NoteTooLong or NoteUnprintable, and cuts nothing off.

    A browser sends a text area's line ends as CRLF (HTML §4.10.11), which would count twice.
    """
    note = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(note) > NOTE_LIMIT:
        raise NoteTooLong
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in note if character not in "\n\t"):
        raise NoteUnprintable
    return note


def _key(visitor: str, code: str) -> dict[str, str]:
    return {"of_visitor": visitor, "of_code": code}


def _refuse_unwatched(connection: Connection, code: str) -> NoReturn:
    find(connection, code)
    raise NotWatched
