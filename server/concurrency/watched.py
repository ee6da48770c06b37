"""Connections and listeners that an event loop watches: who comes, who is ready, who is late, and how all of it ends.

What serves those that are ready is the model's (`coroutine.py`). Nothing here may wait: all of it runs in the loop's
own callbacks, but for `settle`.

Deadlines are swept once a second by one timer: a timer for each request would cost more than the request's parsing.
"""

import _socket
import os
import socket
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Final

from server.concurrency.base import ACCEPT_AT_ONCE, CLOSING, DRAIN_SWEEP, OUT_OF_RESOURCES, SWEEP, Model, waiting_at
from server.concurrency.readiness import CLOSE, Connection, Interest
from server.session import Endpoint
from server.wsgi import WSGIApplication

if TYPE_CHECKING:
    from server.accesslog import AccessLog
    from server.config import Settings

READABLE: Final = 1
WRITABLE: Final = 2
"""The events of libev's watchers."""
REPRIEVE: Final = 0.2
"""Seconds from the closing of the listeners to the first `Connection: close`: a client that is told to come again must
find no listener that another worker is about to close, with it in the backlog."""


class WatchedConnection(Connection):
    """A connection and its watchers."""

    __slots__ = ("busy", "watcher", "watching", "writable", "writer")

    def __init__(self, model: "WatchedModel", endpoint: Endpoint, sock: Any, address: Any) -> None:
        super().__init__(model, endpoint, sock, address)
        self.busy = False
        """Whether its session is driven, or about to be; the watcher's callback must not."""
        self.watcher: Any = None
        """The read watcher; a client that asks once and goes never needs one."""
        self.watching = False
        self.writable: Any = None
        """The write watcher, while a response is on its way that does not fit into the socket at once."""
        self.writer: Any = None
        """The greenlet that waits for it: it is switched to with True, or with False at the deadline."""


class Entrance:
    """A listener that the hub watches, and what the sockets that it accepts have from it."""

    __slots__ = ("endpoint", "kind", "listener", "watcher")

    def __init__(self, listener: socket.socket, endpoint: Endpoint, watcher: Any) -> None:
        self.listener = listener
        self.endpoint = endpoint
        self.watcher = watcher
        self.kind = int(listener.family), int(listener.type), listener.proto
        """As plain numbers, once: the properties look an enum's member up each time, and that takes microseconds."""


class WatchedModel(Model):
    """A model whose connections a loop watches: those that are ready are put into `ready`, for `serve_ready`."""

    connection: ClassVar[type[WatchedConnection]] = WatchedConnection

    def __init__(self, app: WSGIApplication, settings: "Settings", access_log: "AccessLog | None") -> None:
        super().__init__(app, settings, access_log)
        self.connections: set[WatchedConnection] = set()
        self.ready: deque[WatchedConnection] = deque()

    def watch(self, loop: Any, listeners: Sequence[socket.socket], on_end: Callable[[], object]) -> None:
        """Have the loop watch the listeners, the clock, and the pipe that tells of the end.

        Args:
            loop: gevent's; all of its methods named here are libev's.
            listeners: accepting sockets; they are closed at the end.
            on_end: called when all connections have ended, or their grace has.
        """
        self._loop = loop
        self._on_end = on_end
        self._callback = self._on_readable  # once: each look-up makes a new object for a watcher to keep
        self._entrances = [Entrance(sock, self.endpoint(sock), loop.io(sock.fileno(), READABLE)) for sock in listeners]
        for entrance in self._entrances:
            entrance.listener.setblocking(False)
            entrance.watcher.start(self._accept, entrance)
        loop.io(self.stopping.fileno(), READABLE).start(self._end)
        self._sweeper = loop.timer(SWEEP, SWEEP)
        self._sweeper.start(self._sweep)

    @abstractmethod
    def serve_ready(self) -> None:
        """Have all that is `ready` served; do not wait."""

    @abstractmethod
    def end_wait(self, connection: WatchedConnection) -> None:
        """Have a connection that has waited for too long `expire`; do not wait."""

    def settle(self, connection: WatchedConnection, interest: Interest) -> None:
        """Watch for the next request of a connection that was served, or forget it."""
        connection.busy = False
        if connection.writable is not None:
            connection.writable.close()
            connection.writable = None
        if interest is CLOSE:
            self.connections.discard(connection)
            if connection.watcher is not None:
                connection.watcher.close()
        elif not connection.watching:
            if connection.watcher is None:
                connection.watcher = self._loop.io(connection.sock.fileno(), READABLE)
            connection.watcher.start(self._callback, connection)
            connection.watching = True

    def stop(self, grace: float) -> None:
        """Ask for the end, as `Model.stop` does; the open connections hear of it a moment after the listeners."""
        self.stopping.set(grace)

    def is_full(self) -> bool:
        """Tell whether `max_connections` are open."""
        return len(self.connections) >= self.settings.max_connections

    def _accept(self, entrance: Entrance) -> None:
        """Accept who is waiting."""
        listener: Any = entrance.listener
        for _ in range(ACCEPT_AT_ONCE):
            try:
                # Not accept(): it would build the patched module's socket, which keeps two watchers of its own.
                descriptor, address = listener._accept()  # noqa: SLF001
            except OSError as error:
                if error.errno in OUT_OF_RESOURCES:
                    entrance.watcher.stop()  # the loop would spin; the next sweep tries again
                return
            sock = _socket.socket(*entrance.kind, descriptor)
            connection = self.connection(self, entrance.endpoint, sock, address)
            self.connections.add(connection)
            connection.run()
            self._on_readable(connection)  # its first bytes are often here already

    def _on_readable(self, connection: WatchedConnection) -> None:
        """Queue a connection that has something to read; all that the loop finds at a time are served in one go."""
        if connection.busy:  # pipelined bytes wait for the request before them
            connection.watcher.stop()
            connection.watching = False
            return
        connection.busy = True
        if not self.ready:
            self._loop.run_callback(self.serve_ready)
        self.ready.append(connection)

    def _sweep(self) -> None:
        """Look after the deadlines, and after listeners that had no descriptors left."""
        now = monotonic()
        for connection in [each for each in self.connections if each.deadline < now]:
            if connection.writer is not None:
                connection.writer.switch(False)
            elif not connection.busy:
                connection.busy = True
                self.end_wait(connection)
        if not self.stopping.is_set:
            for entrance in self._entrances:
                if not entrance.watcher.active:
                    entrance.watcher.start(self._accept, entrance)
        elif not self.connections or now >= self.stopping.deadline + CLOSING:
            self._on_end()
        elif now >= self.stopping.deadline:
            self.drain()
            for connection in [each for each in self.connections if each.writer is not None]:
                connection.writer.switch(False)

    def _end(self) -> None:
        """Close the listeners, or hurry: `stop` was called."""
        os.read(self.stopping.fileno(), 64)
        for entrance in self._entrances:
            for _ in range(0, waiting_at(entrance.listener), ACCEPT_AT_ONCE):  # who connected before is not turned away
                self._accept(entrance)
            entrance.watcher.stop()
            entrance.listener.close()
        if self._entrances:
            self._entrances = []
            self._drainer = self._loop.timer(REPRIEVE)
            self._drainer.start(self._drain)
        self._sweeper.stop()
        self._sweeper = self._loop.timer(0, DRAIN_SWEEP)
        self._sweeper.start(self._sweep)

    def _drain(self) -> None:
        self.drain()
        for connection in self.connections:
            connection.hasten()
