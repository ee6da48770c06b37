"""A greenlet for each request, on gevent's loop; an idle connection costs none.

gevent's own servers park a greenlet on every connection. Here an idle connection is a suspended session and one read
watcher. When bytes come, the hub's callback takes a greenlet from the pool and switches to it; it drives the session
until that wants data again, waiting cooperatively on the way wherever the application or the socket makes it wait. So
one request lives in one greenlet, from the application's call to the last byte: greenlet-locals and contextvars hold.

Deadlines are swept once a second by one timer: a timer for each request would cost more than the request's parsing.
"""

import _socket
import logging
import os
import socket
from collections import deque
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import gevent
from gevent import monkey
from gevent.event import Event
from gevent.hub import get_hub
from greenlet import getcurrent, greenlet

from server.concurrency.base import OUT_OF_RESOURCES, Model, Traits
from server.concurrency.readiness import CLOSE, READ, WRITE, Connection, Interest
from server.session import Endpoint
from server.wsgi import Disconnected, WSGIApplication

if TYPE_CHECKING:
    from server.accesslog import AccessLog
    from server.config import Settings

log = logging.getLogger("minnow")

READABLE: Final = 1
WRITABLE: Final = 2
"""The events of libev's watchers."""
switch_to: Final = greenlet.switch
"""The plain switch: the hub's own asks first whether somebody wants to know, and nobody here does."""
SWEEP: Final = 1.0
"""Seconds between two looks at the deadlines, and so their precision."""
DRAIN_SWEEP: Final = 0.05
"""The same while the worker drains."""
REPRIEVE: Final = 0.2
"""Seconds from the closing of the listeners to the first `Connection: close`: a client that is told to come again must
find no listener that another worker is about to close, with it in the backlog."""
ACCEPT_AT_ONCE: Final = 64
"""Clients accepted before those that are here already get their turn."""
SPARE_GREENLETS: Final = 1000
"""Greenlets kept for the next requests; more of them live only while there is work for more at once."""


class GreenConnection(Connection):
    """A connection that waits by watchers of gevent's loop."""

    __slots__ = ("busy", "watcher", "watching", "writable", "writer")

    def __init__(self, model: "Coroutine", endpoint: Endpoint, sock: Any, address: Any) -> None:
        super().__init__(model, endpoint, sock, address)
        self.busy = False
        """Whether a greenlet drives the session; the watcher's callback must not."""
        self.watcher: Any = None
        """The read watcher; a client that asks once and goes never needs one."""
        self.watching = False
        self.writable: Any = None
        """The write watcher, while a response is on its way that does not fit into the socket at once."""
        self.writer: Any = None
        """The greenlet that waits for it."""

    def wait_writable(self) -> None:
        """Let other greenlets run until the socket takes more; the sweep raises Disconnected at the deadline."""
        hub = get_hub()
        self.writer = getcurrent()
        if self.writable is None:
            self.writable = hub.loop.io(self.sock.fileno(), WRITABLE)
        self.writable.start(self.writer.switch)
        try:
            switch_to(hub)
        finally:
            self.writer = None
            self.writable.stop()


class Entrance:
    """A listener that the hub watches, and what the sockets that it accepts have from it."""

    __slots__ = ("endpoint", "kind", "listener", "watcher")

    def __init__(self, listener: socket.socket, endpoint: Endpoint, watcher: Any) -> None:
        self.listener = listener
        self.endpoint = endpoint
        self.watcher = watcher
        self.kind = int(listener.family), int(listener.type), listener.proto
        """As plain numbers, once: the properties look an enum's member up each time, and that takes microseconds."""


class Coroutine(Model):
    """Accept in the hub, serve in pooled greenlets."""

    traits = Traits(keep_alive=True, multithread=True, multiprocess=False, views_block_others=False, c10k=True)

    def __init__(self, app: WSGIApplication, settings: "Settings", access_log: "AccessLog | None") -> None:
        super().__init__(app, settings, access_log)
        self._connections: set[GreenConnection] = set()

    @classmethod
    def prepare(cls) -> None:
        """Let the standard library's blocking calls wait in greenlets; before anything imports `ssl` or a driver."""
        monkey.patch_all()

    def serve(self, listeners: Sequence[socket.socket]) -> None:
        """Serve any number of clients until `stop`."""
        self._hub = get_hub()
        self._loop = self._hub.loop
        self._ready: deque[GreenConnection] = deque()
        self._spare: list[greenlet] = []
        self._ended = Event()
        self._readable = self._on_readable  # once: each look-up of a method makes a new object for a watcher to keep
        self._entrances = [
            Entrance(sock, self.endpoint(sock), self._loop.io(sock.fileno(), READABLE)) for sock in listeners
        ]
        for entrance in self._entrances:
            entrance.listener.setblocking(False)
            entrance.watcher.start(self._accept, entrance)
        self._loop.io(self.stopping.fileno(), READABLE).start(self._end)
        self._sweeper = self._loop.timer(SWEEP, SWEEP)
        self._sweeper.start(self._sweep)
        self._ended.wait()

    def stop(self, grace: float) -> None:
        """Ask for the end, as `Model.stop` does; the open connections hear of it a moment after the listeners."""
        self.stopping.set(grace)

    def is_full(self) -> bool:
        """Tell whether `max_connections` are open."""
        return len(self._connections) >= self.settings.max_connections

    # In the hub: nothing here may wait.

    def _accept(self, entrance: Entrance) -> bool:
        """Accept who is waiting; tell whether there may be more of them."""
        listener: Any = entrance.listener
        for _ in range(ACCEPT_AT_ONCE):
            try:
                # Not accept(): it would build the patched module's socket, which keeps two watchers of its own.
                descriptor, address = listener._accept()  # noqa: SLF001
            except OSError as error:
                if error.errno in OUT_OF_RESOURCES:
                    entrance.watcher.stop()  # the loop would spin; the next sweep tries again
                return False
            sock = _socket.socket(*entrance.kind, descriptor)
            connection = GreenConnection(self, entrance.endpoint, sock, address)
            self._connections.add(connection)
            connection.run()
            self._on_readable(connection)  # its first bytes are often here already
        return True

    def _on_readable(self, connection: GreenConnection) -> None:
        """Queue a connection that has something to read; all that the loop finds at a time are served in one go."""
        if connection.busy:  # pipelined bytes wait for the request before them
            connection.watcher.stop()
            connection.watching = False
            return
        connection.busy = True
        if not self._ready:
            self._loop.run_callback(self._serve_ready)
        self._ready.append(connection)

    def _serve_ready(self) -> None:
        """Hand what is ready to greenlets: the next one takes over when one has to wait."""
        while self._ready:
            worker = self._spare.pop() if self._spare else greenlet(self._work, self._hub)
            worker.switch()

    def _sweep(self) -> None:
        """Look after the deadlines, and after listeners that had no descriptors left."""
        now = monotonic()
        for connection in [each for each in self._connections if each.deadline < now]:
            if connection.writer is not None:
                connection.writer.throw(Disconnected)
            elif not connection.busy:
                connection.busy = True
                gevent.spawn(self._end_wait, connection)
        if not self.stopping.is_set:
            for entrance in self._entrances:
                if not entrance.watcher.active:
                    entrance.watcher.start(self._accept, entrance)
        elif not self._connections or now >= self.stopping.deadline:
            self._ended.set()

    def _end(self) -> None:
        """Close the listeners, or hurry: `stop` was called."""
        os.read(self.stopping.fileno(), 64)
        for entrance in self._entrances:
            while self._accept(entrance):  # who connected before is not turned away
                pass
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
        for connection in self._connections:
            connection.hasten()

    # In a greenlet of the request's own: everything here may wait.

    def _work(self) -> None:
        """Serve one connection after another, each until it waits for its client."""
        ready, me = self._ready, getcurrent()
        while True:
            while ready:
                connection = ready.popleft()
                me.gr_context = None  # a request finds no context variables of the last one
                try:
                    interest = connection.run()
                    if interest is READ and connection.watching and connection.writable is None:
                        connection.busy = False
                    else:
                        self._settle(connection, interest)
                except BaseException:
                    log.exception("a connection failed")
                    self._settle(connection, CLOSE)
            if len(self._spare) >= SPARE_GREENLETS:
                return
            self._spare.append(me)
            switch_to(self._hub)

    def _end_wait(self, connection: GreenConnection) -> None:
        self._settle(connection, connection.expire())

    def _settle(self, connection: GreenConnection, interest: Interest) -> None:
        """Wait for the socket as long as the response does not fit; then watch for the next request, or forget."""
        while interest is WRITE:
            try:
                connection.wait_writable()
            except Disconnected:
                connection.close()
                interest = CLOSE
            else:
                interest = connection.run()
        connection.busy = False
        if connection.writable is not None:
            connection.writable.close()
            connection.writable = None
        if interest is CLOSE:
            self._connections.discard(connection)
            if connection.watcher is not None:
                connection.watcher.close()
        elif not connection.watching:
            if connection.watcher is None:
                connection.watcher = self._loop.io(connection.sock.fileno(), READABLE)
            connection.watcher.start(self._readable, connection)
            connection.watching = True


MODEL = Coroutine
