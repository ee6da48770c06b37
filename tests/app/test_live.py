from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, update

from app import quotes
from app.errors import Unavailable
from app.live import HISTORY, Feed
from app.tables import bars, stocks
from app.views import live

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from framework.events import Event
    from tests.app.site import Site

PATIENCE = 20.0


@pytest.fixture
def feed(site: Site) -> Iterator[Feed]:
    """Watch the site's database more often than a site would."""
    feed = Feed(site.database, pause=0.005, heartbeat=0.005)
    yield feed
    wait_for(lambda: not feed._watching)


def wait_for(what: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def move(site: Site, **prices: str) -> int:
    """Change the prices of stocks, named `s` and their code; return the new version."""

    def work(connection: Connection) -> int:
        version = quotes.advance(connection)
        for name, price in prices.items():
            row = update(stocks).where(stocks.c.code == name[1:])
            connection.execute(row.values(price=Decimal(price), version=version))
        return version

    return site.database.write(work)


def begin(feed: Feed, since: int | None = None, *codes: str) -> Iterator[Event | None]:
    """Begin a stream and wait until it knows where it stands."""
    events = feed.events(since, frozenset(codes))
    assert next(events) is None
    wait_for(lambda: feed._state is not None)
    assert since is not None or next(events) is None
    return events


def next_of(events: Iterator[Event | None]) -> Event:
    """Return the next event that is no heartbeat."""
    deadline = time.monotonic() + PATIENCE
    for event in events:
        if event is not None:
            return event
        assert time.monotonic() < deadline
    raise AssertionError("the stream has ended")


def prices(event: Event) -> dict[str, str]:
    """Return the prices that an event tells, by code."""
    return {row[0]: row[1] for row in json.loads(event.data)}


def test_what_changes_is_told(site: Site, feed: Feed) -> None:
    """A page hears of each change with all its figures and the version as id, and of nothing before it came."""
    move(site, s000094="1.00")
    events = begin(feed)
    version = move(site, s000007="12.30")
    event = next_of(events)
    assert event.encode().decode() == f"event: quotes\nid: {version}\ndata: {event.data}\n\n"
    ((code, price, change, turnover, volume, high, high_on, *bar),) = json.loads(event.data)
    assert (code, price, change, turnover, high, high_on) == ("000007", "12.30", "5.62", "0.55", "8.63", "2026-08-19")
    assert int(volume) > 0
    day, opening, top, low = bar
    assert day == "2026-10-30"
    assert float(low) <= float(opening) <= float(top)
    events.close()


def test_a_stock_without_bars(site: Site, feed: Feed) -> None:
    """A quote that has no day behind it is told all the same."""
    site.database.write(lambda c: c.execute(delete(bars)))
    events = begin(feed)
    move(site, s000007="12.30")
    ((code, price, *_, day, opening, top, low),) = json.loads(next_of(events).data)
    assert (code, price, day, opening, top, low) == ("000007", "12.30", "", "", "", "")
    events.close()


def test_a_page_that_was_away(site: Site, feed: Feed) -> None:
    """One that comes back gets what changed since, each stock once and as it is now, from any worker."""
    last = move(site, s000007="1.00")
    move(site, s000007="2.00", s000094="3.00")
    move(site, s000007="4.00")
    events = feed.events(last)
    assert prices(next_of(events)) == {"000007": "4.00", "000094": "3.00"}
    events.close()


def test_a_slow_page_misses_nothing(site: Site, feed: Feed) -> None:
    """A stream that is not read for longer than batches are kept tells the rest when it is read again."""
    events = begin(feed)
    move(site, s000094="3.33")
    for number in range(HISTORY + 5):
        version = move(site, s000007=f"{number + 1}.00")
        wait_for(lambda: feed._state is not None and feed._state.version >= version)  # noqa: B023 - called at once
    assert feed._state is not None
    assert len(feed._state.batches) == HISTORY
    assert prices(next_of(events)) == {"000007": f"{HISTORY + 5}.00", "000094": "3.33"}
    events.close()


def test_pages_of_some_stocks(site: Site, feed: Feed) -> None:
    """A page hears of the stocks that it shows; pages that show the same share the encoded event."""
    first, second = begin(feed, None, "000007"), begin(feed, None, "000007")
    other = begin(feed, None, "000094")
    move(site, s000007="9.99", s000096="1.00")
    event = next_of(first)
    assert prices(event) == {"000007": "9.99"}
    assert next_of(second) is event
    move(site, s000094="8.88")
    assert prices(next_of(other)) == {"000094": "8.88"}
    for events in (first, second, other):
        events.close()


def test_one_look_for_all(site: Site, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many watch, the database is asked by one; when the last has gone, by nobody."""
    asked = []
    read = site.database.read
    monkeypatch.setattr(site.database, "read", lambda work: asked.append(work) or read(work))
    streams = [begin(feed) for _ in range(50)]
    assert len(feed) == 50
    asked.clear()
    move(site, s000007="5.55")
    assert all(prices(next_of(stream)) == {"000007": "5.55"} for stream in streams)
    assert sum(work is not quotes.version for work in asked) == 1
    for stream in streams:
        stream.close()
    assert len(feed) == 0
    wait_for(lambda: not feed._watching)
    asked.clear()
    time.sleep(0.05)
    assert asked == []


def test_the_database_goes_and_comes(site: Site, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the database is away a stream stays open and silent; what changed meanwhile is told afterwards."""
    events = begin(feed)
    version = move(site, s000007="7.00")
    assert next_of(events).id == str(version)

    def fail(_work: object) -> None:
        raise Unavailable

    with monkeypatch.context() as away:
        away.setattr(site.database, "read", fail)
        assert [next(events) for _ in range(5)] == [None] * 5
        late = feed.events(0)
        assert [next(late) for _ in range(5)] == [None] * 5
    version = move(site, s000007="8.00")
    assert prices(next_of(events)) == {"000007": "8.00"}
    assert "000007" in prices(next_of(late))
    events.close()
    late.close()


def test_streams_are_for_greenlets(site: Site) -> None:
    """Where a stream would cost a thread, the browser is told not to come back."""
    response = site.app.test_client().get("/live")
    assert (response.status, response.text) == (204, "")


def test_last_event_id(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream begins behind the last event that the browser names, else behind the page's version."""
    monkeypatch.setattr(live, "waiting_is_cheap", lambda: True)
    first = move(site, s000007="1.00")
    second = move(site, s000094="2.00")
    for query, headers, codes in (
        (f"?since={first}", {}, {"000094"}),
        (f"?since={first - 1}", {"Last-Event-ID": str(first)}, {"000094"}),
        (f"?since={first - 1}&codes=000007,000096", {}, {"000007"}),
    ):
        with site.app.test_client().stream("GET", f"/live{query}", headers=headers) as answer:
            assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")
            assert answer.headers["Cache-Control"] == "no-store"
            chunks = iter(answer)
            assert next(chunks) == b": hello\n\n"
            event = next(chunk for chunk in chunks if chunk.startswith(b"event: quotes\n"))
            assert f"\nid: {second}\n".encode() in event
            assert {row[0] for row in json.loads(event.partition(b"data: ")[2])} == codes


@pytest.mark.parametrize("codes", ["1", "000007,", "000007;000094", ",".join(["000007"] * 201)])
def test_strange_codes(site: Site, codes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes that are none are refused, and so are more of them than a page shows."""
    monkeypatch.setattr(live, "waiting_is_cheap", lambda: True)
    assert site.app.test_client().get(f"/live?codes={codes}").status == 400
