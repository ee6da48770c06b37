"""A greenlet for each request, on gevent's loop; an idle connection costs none.

gevent's own servers park a greenlet on every connection. Here an idle connection is a suspended session and one read
watcher (`watched.py`). When bytes come, the connection is queued, and greenlets from a pool serve the queue: each
drives a session until it wants data again, waiting cooperatively wherever the application or the socket makes it wait.
So one request lives in one greenlet, from the application's call to the last byte: greenlet-locals and contextvars
hold.

What breaks: a view that computes for long, or a driver in C that blocks, holds up everybody; and whatever was imported
before the patching still blocks.
"""

import logging
import socket
from collections.abc import Sequence
from time import monotonic
from typing import Any, Final

import gevent
from gevent import monkey
from gevent.event import Event
from gevent.hub import get_hub
from greenlet import getcurrent, greenlet

from server.concurrency.base import Traits
from server.concurrency.readiness import CLOSE, READ, WRITE
from server.concurrency.watched import WRITABLE, WatchedConnection, WatchedModel

log = logging.getLogger("minnow")

SPARE_GREENLETS: Final = 1000
"""Greenlets kept for the next requests; more of them live only while there is work for more at once."""
switch_to: Final = greenlet.switch
"""The plain switch: the hub's own asks first whether somebody wants to know, and nobody here does."""


class GreenConnection(WatchedConnection):
    """A connection that waits in the greenlet which serves it."""

    __slots__ = ()

    def wait_writable(self) -> bool:
        """Let other greenlets run until the socket takes more; False at the deadline, or that of the worker."""
        hub = get_hub()
        self.writer = getcurrent()
        if self.writable is None:
            self.writable = hub.loop.io(self.sock.fileno(), WRITABLE)
        self.writable.start(self.writer.switch, True)
        try:
            return switch_to(hub) is not False and monotonic() < self._model.stopping.deadline
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
        self._spare: list[Any] = []
        self._hub = get_hub()
        ended = Event()
        self.watch(self._hub.loop, listeners, ended.set)
        ended.wait()

    def serve_ready(self) -> None:
        """Hand what is ready to greenlets: the next one takes over when one has to wait."""
        while self.ready:
            worker = self._spare.pop() if self._spare else greenlet(self._work, self._hub)
            worker.switch()

    def end_wait(self, connection: WatchedConnection) -> None:
        """Give the end of a wait a greenlet: an answer may have to wait itself."""
        gevent.spawn(self._serve, connection, True)

    def _work(self) -> None:
        """Serve one connection after another; then wait among the spare ones for the next."""
        ready, me = self.ready, getcurrent()
        while True:
            while ready:
                me.gr_context = None  # a request finds no context variables of the last one
                self._serve(ready.popleft(), False)
            if len(self._spare) >= SPARE_GREENLETS:
                return
            self._spare.append(me)
            switch_to(self._hub)

    def _serve(self, connection: WatchedConnection, is_late: bool) -> None:
        """Drive a session until it waits for its client; as long as a response does not fit, wait for the socket."""
        try:
            interest = connection.expire() if is_late else connection.run()
            while interest is WRITE:
                interest = connection.run() if connection.wait_writable() else connection.expire()
        except BaseException:
            log.exception("a connection failed")
            interest = CLOSE
        if interest is READ and connection.watching and connection.writable is None:
            connection.busy = False  # what `settle` would do, without the call
        else:
            self.settle(connection, interest)


MODEL = Coroutine
