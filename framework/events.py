"""Server-sent events: one long response that tells the page what happens.

A stream is an iterable of events; None in it means "nothing new", and becomes a heartbeat, so that proxies do not cut
the line and a client that has gone is noticed. When it has gone, the server closes the stream and the ``finally``
blocks of its generator run.
"""

from __future__ import annotations

import json
import time
from collections import deque
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Lock
from typing import TYPE_CHECKING, Any

from framework.response import Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEARTBEAT = 15.0  # seconds: well below the idle time-outs of proxies
HISTORY = 1000  # events kept for clients that come back
BACKLOG = 100  # events that a slow client may be behind before it is cut off


@dataclass(frozen=True, slots=True)
class Event:
    """Hold one event. ``data`` that is not text is sent as JSON; ``retry`` is in milliseconds."""

    data: Any
    name: str | None = None
    id: str | None = None
    retry: int | None = None

    def encode(self) -> bytes:
        """Return the event as it goes over the wire (HTML Living Standard §9.2.5)."""
        text = self.data if isinstance(self.data, str) else json.dumps(self.data, ensure_ascii=False)
        fields = [("event", self.name), ("id", self.id), ("retry", self.retry)]
        lines = [f"{field}: {_one_line(str(value))}" for field, value in fields if value is not None]
        data = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return "\n".join([*lines, *(f"data: {line}" for line in data), "\n"]).encode()


def _one_line(text: str) -> str:
    if set(text) & {"\r", "\n", "\0"}:
        raise ValueError(f"an event's name and id are one line, not {text!r}")
    return text


def event_stream(events: Iterable[Event | None]) -> Response:
    """Return a response that sends events as they come, and a heartbeat for each None."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # the latter: nginx must not hold them back
    return Response(_Stream(events), headers=headers, content_type="text/event-stream")


class _Stream:
    """Encode events; an object and no generator, for a generator that never began would not clean up either."""

    def __init__(self, events: Iterable[Event | None]) -> None:
        self._events = events

    def __iter__(self) -> Iterator[bytes]:
        yield b": hello\n\n"  # the header goes out with it, so that the page knows that it is connected
        for event in self._events:
            yield b": heartbeat\n\n" if event is None else event.encode()

    def close(self) -> None:
        close = getattr(self._events, "close", None)
        if close is not None:
            close()


class Channel:
    """Hand each published event to all subscribers in this process.

    Events are numbered, and the last ``HISTORY`` are kept: a client that comes back with ``Last-Event-ID`` gets what it
    missed. A client that falls ``BACKLOG`` events behind is cut off; it will come back.
    """

    def __init__(self, heartbeat: float = HEARTBEAT) -> None:
        self._heartbeat = heartbeat
        self._lock = Lock()
        self._next_id = time.time_ns() // 1_000_000  # so that ids go on rising after a restart
        self._history: deque[Event] = deque(maxlen=HISTORY)
        self._subscriptions: set[Subscription] = set()

    def __len__(self) -> int:
        return len(self._subscriptions)

    def publish(self, data: Any, name: str | None = None) -> Event:
        """Send an event to all subscribers, without waiting for any of them."""
        with self._lock:
            event = Event(data, name, str(self._next_id))
            self._next_id += 1
            self._history.append(event)
            self._subscriptions = {one for one in self._subscriptions if one.offer(event)}
        return event

    def subscribe(self, last_id: str = "") -> Subscription:
        """Return an iterator over the events from now on, or from behind ``last_id`` on; None is a heartbeat.

        The subscription begins at once, and ends when the iterator is closed.
        """
        with self._lock:
            known = last_id if last_id.isdecimal() else str(self._next_id)
            missed = [event for event in self._history if int(event.id or 0) > int(known)]
            subscription = Subscription(self, missed, self._heartbeat)
            self._subscriptions.add(subscription)
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """End a subscription."""
        with self._lock:
            self._subscriptions.discard(subscription)

    def __contains__(self, subscription: Subscription) -> bool:
        return subscription in self._subscriptions


class Subscription:
    """Iterate over the events of a channel."""

    def __init__(self, channel: Channel, missed: list[Event], heartbeat: float) -> None:
        self._channel = channel
        self._heartbeat = heartbeat
        self._queue: Queue[Event] = Queue(BACKLOG + len(missed))
        for event in missed:
            self._queue.put_nowait(event)

    def offer(self, event: Event) -> bool:
        """Take an event, unless too many are waiting; never wait."""
        try:
            self._queue.put_nowait(event)
        except Full:
            return False
        return True

    def __iter__(self) -> Subscription:
        return self

    def __next__(self) -> Event | None:
        if self not in self._channel:
            raise StopIteration
        try:
            return self._queue.get(timeout=self._heartbeat)
        except Empty:
            return None

    def close(self) -> None:
        """End the subscription."""
        self._channel.leave(self)
