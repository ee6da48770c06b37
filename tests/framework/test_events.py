"""Server-sent events."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from framework import App, Request, Response
from framework.events import BACKLOG, HISTORY, Channel, Event, event_stream


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (Event("hello"), "data: hello\n\n"),
        (Event({"价": 1}), 'data: {"价": 1}\n\n'),
        (Event("a\r\nb\rc\nd"), "data: a\ndata: b\ndata: c\ndata: d\n\n"),
        (Event(""), "data: \n\n"),
        (Event("x", name="price", id="7", retry=500), "event: price\nid: 7\nretry: 500\ndata: x\n\n"),
    ],
)
def test_encode(event: Event, text: str) -> None:
    """Fields come first and data line by line."""
    assert event.encode().decode() == text


@pytest.mark.parametrize("field", ["name", "id"])
def test_injected_lines(field: str) -> None:
    """A name or id of two lines would forge a field."""
    with pytest.raises(ValueError, match="one line"):
        Event("x", **{field: "a\ndata: b"}).encode()


def make(channel: Channel) -> App:
    """Return an application that streams a channel."""
    app = App("events")

    @app.get("/events")
    def events(request: Request) -> Response:
        return event_stream(channel.subscribe(request.last_event_id))

    return app


def test_stream() -> None:
    """A client gets what is published while it is there, heartbeats in between, and is forgotten when it goes."""
    channel = Channel(heartbeat=0)
    with make(channel).test_client().stream("GET", "/events") as answer:
        chunks = iter(answer)
        assert (answer.status, answer.headers["Content-Type"], len(channel)) == (200, "text/event-stream", 1)
        assert next(chunks) == b": hello\n\n"
        event = channel.publish({"n": 1}, "price")
        assert next(chunks) == f'event: price\nid: {event.id}\ndata: {{"n": 1}}\n\n'.encode()
        assert next(chunks) == b": heartbeat\n\n"
    assert len(channel) == 0


def test_head_subscribes_to_nothing() -> None:
    """A HEAD request leaves no subscription behind."""
    channel = Channel()
    assert make(channel).test_client().request("HEAD", "/events").status == 200
    assert len(channel) == 0


def test_come_back() -> None:
    """A client that comes back gets what it missed, and no event twice; one that never was here gets no history."""
    channel = Channel(heartbeat=0)
    events = [channel.publish(n) for n in range(5)]
    assert list(islice(channel.subscribe(events[2].id or ""), 2)) == events[3:]
    assert next(channel.subscribe()) is None
    assert next(channel.subscribe("nonsense")) is None


def test_history_ends() -> None:
    """The history is bounded, and a client that was away longer gets what is left of it, past its backlog too."""
    channel = Channel(heartbeat=0)
    events = [channel.publish(n) for n in range(HISTORY + 10)]
    missed: list[Any] = list(islice(channel.subscribe(events[0].id or ""), HISTORY + 1))
    assert missed == [*events[10:], None]


def test_slow_clients_are_cut_off() -> None:
    """A client that does not read is dropped, and the others get everything."""
    channel = Channel(heartbeat=0)
    slow, quick = channel.subscribe(), channel.subscribe()
    for n in range(BACKLOG + 1):
        channel.publish(n)
        assert next(quick) is not None
    assert len(channel) == 1
    assert list(slow) == []


def test_ids_rise_after_a_restart() -> None:
    """A new process goes on with higher ids, so that an old Last-Event-ID cannot hide new events."""
    old = Channel().publish("old")
    assert int(Channel().publish("new").id or 0) >= int(old.id or 0)
