"""Quotes as they change, for every page that is open: one look at the database a second, whoever watches.

A worker asks for the version of the quotes while somebody watches, and for the rows that are marked with a newer one
when it has changed. What it found is encoded once and handed to all its streams. No broker stands between workers and
machines: all of them look at the same row.

An event's id is the version, and what changed since any version can be asked of the database. So a page that was away
gets what it missed from whichever worker it comes back to, and one that reads slowly misses nothing: its stream asks
for what is newer than what it has sent, when it can send again. Nothing is queued for anyone.
"""

from __future__ import annotations

import json
import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import bindparam, func, select

from app import quotes
from app.errors import Unavailable
from app.tables import bars, stocks
from framework.events import HEARTBEAT, Event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from app.database import Database

log = logging.getLogger(__name__)

PAUSE: Final = 1.0  # seconds between two looks at the version
HISTORY: Final = 60  # batches kept: a minute of a market that moves all the time
NAME: Final = "quotes"

_LAST_DAY = select(func.max(bars.c.day)).where(bars.c.stock_id == stocks.c.id).correlate(stocks).scalar_subquery()
# The quote, and the last day's bar, with which a chart ends.
_CHANGED = (
    select(
        stocks.c.code,
        stocks.c.price,
        stocks.c.change_percent,
        stocks.c.turnover_percent,
        stocks.c.volume,
        stocks.c.previous_high,
        stocks.c.previous_high_on,
        bars.c.day,
        bars.c.open,
        bars.c.high,
        bars.c.low,
    )
    .select_from(stocks)
    .outerjoin(bars, (bars.c.stock_id == stocks.c.id) & (bars.c.day == _LAST_DAY))
    .where(stocks.c.version > bindparam("seen"))
)


@dataclass(frozen=True, slots=True)
class Encoded(Event):
    """An event that was encoded before: thousands of streams send the same bytes."""

    wire: bytes = b""

    def encode(self) -> bytes:
        """Return the event as it goes over the wire."""
        return self.wire


@dataclass(frozen=True, slots=True)
class Batch:
    """What changed up to a version: a JSON array for each stock, by its code."""

    version: int
    rows: dict[str, str]
    _events: dict[frozenset[str], Encoded | None] = field(default_factory=dict, repr=False)

    def event(self, codes: frozenset[str]) -> Encoded | None:
        """Return the event for a page that shows these stocks, all if there are none; None if none of them changed.

        Pages that show the same stocks share one.
        """
        if codes not in self._events:
            rows = [row for code, row in self.rows.items() if not codes or code in codes]
            event = Event(f"[{','.join(rows)}]", NAME, str(self.version))
            self._events[codes] = Encoded(event.data, event.name, event.id, wire=event.encode()) if rows else None
        return self._events[codes]


class State(NamedTuple):
    """What a feed knows: replaced as a whole, so that nobody needs a lock to read it."""

    version: int
    complete_since: int
    """The version from which on the batches hold every change."""
    batches: tuple[Batch, ...]


class Feed:
    """Watches the quotes for all streams of this process, while there are any.

    `pause` is the time between two looks, `heartbeat` the longest silence of a stream; both in seconds.
    """

    def __init__(self, database: Database, pause: float = PAUSE, heartbeat: float = HEARTBEAT) -> None:
        self._database = database
        self._pause = pause
        self._heartbeat = heartbeat
        self._lock = threading.Lock()
        self._watchers = 0
        self._watching = False
        self._state: State | None = None
        self._changed = threading.Event()
        self._caught_up: dict[int, Batch] = {}

    def __len__(self) -> int:
        return self._watchers

    def events(self, since: int | None, codes: frozenset[str] = frozenset()) -> Iterator[Event | None]:
        """Yield what changes of these stocks, or of all, after the version `since` or from now on.

        None is a heartbeat.
        """
        with self._watched():
            seen = since
            while True:
                changed = self._changed
                for batch in self._newer(seen):
                    seen = batch.version
                    if event := batch.event(codes):
                        yield event
                if seen is None and self._state:
                    seen = self._state.version
                if not changed.wait(self._heartbeat):
                    yield None

    @contextmanager
    def _watched(self) -> Iterator[None]:
        with self._lock:
            self._watchers += 1
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="live", daemon=True).start()
        try:
            yield
        finally:
            with self._lock:
                self._watchers -= 1

    def _newer(self, seen: int | None) -> tuple[Batch, ...]:
        state = self._state
        if state is None or seen is None or seen >= state.version:
            return ()
        if seen >= state.complete_since:
            return tuple(batch for batch in state.batches if batch.version > seen)
        return self._catch_up(seen)

    def _catch_up(self, seen: int) -> tuple[Batch, ...]:
        """Ask the database for what the batches no longer hold; once, for all the pages that were away together."""
        with self._lock:
            if seen not in self._caught_up:
                try:
                    self._caught_up[seen] = self._database.read(lambda c: _changed_since(c, seen))
                except Unavailable:
                    return ()
            return (self._caught_up[seen],)

    def _watch(self) -> None:
        """Look at the version until nobody watches any more; the next one to watch begins anew."""
        pause = threading.Event()
        while True:
            try:
                self._look()
            except Unavailable:
                pass  # it has been logged, and a stream that stays open is better than a thousand that come back
            except Exception:
                log.exception("The quotes could not be watched")
            pause.wait(self._pause)
            with self._lock:
                if not self._watchers:
                    self._state = None
                    self._watching = False
                    return

    def _look(self) -> None:
        version = self._database.read(quotes.version)
        state = self._state
        if state is None:
            self._publish(State(version, version, ()))
        elif version > state.version:
            batch = self._database.read(lambda c: _changed_since(c, state.version))
            batches = (*state.batches, batch)
            forgotten = batches[:-HISTORY]
            complete_since = forgotten[-1].version if forgotten else state.complete_since
            self._publish(State(batch.version, complete_since, batches[-HISTORY:]))

    def _publish(self, state: State) -> None:
        self._caught_up.clear()
        self._state = state
        changed, self._changed = self._changed, threading.Event()
        changed.set()


def _changed_since(connection: Connection, seen: int) -> Batch:
    """Return what changed after the version `seen`; a label older than its rows is safe, a newer one is not."""
    version = quotes.version(connection)
    rows = connection.execute(_CHANGED, {"seen": seen})
    return Batch(
        version, {row.code: json.dumps([_text(value) for value in row], separators=(",", ":")) for row in rows}
    )


def _text(value: object) -> str:
    """Return a value as pages show it, before they group thousands; nothing for a stock without bars."""
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, Decimal) else str(value)
