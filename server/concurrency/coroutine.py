"""A greenlet for each request, on gevent's loop; an idle connection costs none.

gevent's own servers park a greenlet on every connection. Here an idle connection is a suspended session and one read
watcher (`watched.py`). When bytes come, the hub's callback takes a greenlet from the pool and switches to it; it drives
the session until that wants data again, waiting cooperatively on the way wherever the application or the socket makes
it wait. So one request lives in one greenlet, from the application's call to the last byte: greenlet-locals and
contextvars hold.
"""

import logging
import socket
from collections import deque
from collections.abc import Sequence
from typing import Final

import gevent
from gevent import monkey
from gevent.event import Event
from gevent.hub import get_hub
from greenlet import getcurrent, greenlet

from server.concurrency.base import Traits
from server.concurrency.readiness import CLOSE, READ, WRITE, Interest
from server.concurrency.watched import READABLE, WRITABLE, WatchedConnection, WatchedModel
from server.wsgi import Disconnected

log = logging.getLogger("minnow")

SPARE_GREENLETS: Final = 1000
"""Greenlets kept for the next requests; more of them live only while there is work for more at once."""


switch_to: Final = greenlet.switch
"""The plain switch: the hub's own asks first whether somebody wants to know, and nobody here does."""


class GreenConnection(WatchedConnection):
    """A connection that waits in the greenlet which serves it."""

    __slots__ = ()

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


class Coroutine(WatchedModel):
    """Accept in the hub, serve in pooled greenlets."""

    traits = Traits(keep_alive=True, multithread=True, multiprocess=False, views_block_others=False, c10k=True)
    connection = GreenConnection

    @classmethod
    def prepare(cls) -> None:
        """Let the standard library's blocking calls wait in greenlets; before anything imports `ssl` or a driver."""
        monkey.patch_all()

    def serve(self, listeners: Sequence[socket.socket]) -> None:
        """Serve any number of clients until `stop`."""
        self._ready: deque[WatchedConnection] = deque()
        self._spare: list[greenlet] = []
        self._ended = Event()
        self._readable = self.on_readable  # once: each look-up of a method makes a new object for a watcher to keep
        self._hub = get_hub()
        self.watch(self._hub.loop, listeners)
        self._ended.wait()

    # In the hub: nothing here may wait.

    def on_readable(self, connection: WatchedConnection) -> None:
        """Queue a connection that has something to read; all that the loop finds at a time are served in one go."""
        if connection.busy:  # pipelined bytes wait for the request before them
            connection.watcher.stop()
            connection.watching = False
            return
        connection.busy = True
        if not self._ready:
            self.loop.run_callback(self._serve_ready)
        self._ready.append(connection)

    def _serve_ready(self) -> None:
        """Hand what is ready to greenlets: the next one takes over when one has to wait."""
        while self._ready:
            worker = self._spare.pop() if self._spare else greenlet(self._work, self._hub)
            worker.switch()

    def on_deadline(self, connection: WatchedConnection) -> None:
        """Give the end of its wait a greenlet: an answer may have to wait itself."""
        gevent.spawn(self._end_wait, connection)

    def on_end(self) -> None:
        """Let `serve` return."""
        self._ended.set()

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

    def _end_wait(self, connection: WatchedConnection) -> None:
        self._settle(connection, connection.expire())

    def _settle(self, connection: WatchedConnection, interest: Interest) -> None:
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
            self.connections.discard(connection)
            if connection.watcher is not None:
                connection.watcher.close()
        elif not connection.watching:
            if connection.watcher is None:
                connection.watcher = self.loop.io(connection.sock.fileno(), READABLE)
            connection.watcher.start(self._readable, connection)
            connection.watching = True


MODEL = Coroutine
