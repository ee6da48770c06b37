"""epoll, level-triggered: one system call waits for all sockets and returns those about which there is news.

The kernel keeps the list of what is watched, so a wait costs in proportion to the sockets that are ready and not to
those that are not: ten thousand idle clients cost memory and nothing else. Level-triggered means that a socket is
reported as long as it is readable, so a turn may leave bytes behind; but also as long as it is writable, which an idle
one always is. So each connection is watched for exactly what it waits for, and a change costs an `epoll_ctl`.

What breaks: one thread calls all views, and one that waits for a database makes ten thousand clients wait.

Three traps. What epoll reports is a set of bits: EPOLLHUP and EPOLLERR come unasked and together with others, and who
compares with `==` never sees them and spins. Here any bit gives the connection its turn, and `recv` or `send` tells
what has happened. A descriptor is unregistered before it is closed: a copy in a child process would keep reporting it.
And time passes without events: deadlines are looked after once a second, by one sweep over all connections.
"""

import select
import socket
from collections.abc import Sequence
from time import monotonic
from typing import Any, ClassVar

from server.concurrency.base import ACCEPT_AT_ONCE, Model, Traits, accept
from server.concurrency.interleaved import GLANCE, InterleavedConnection
from server.concurrency.readiness import Interest
from server.session import Endpoint

EVENTS = {Interest.READ: select.EPOLLIN, Interest.WRITE: select.EPOLLOUT}
SWEEP = 1.0
"""Seconds between two looks at the deadlines, and so their precision."""


class EpollConnection(InterleavedConnection):
    """A connection that has itself watched."""

    __slots__ = ("_epoll", "_events")

    def __init__(self, model: "Epoll", endpoint: Endpoint, sock: Any, address: Any) -> None:
        super().__init__(model, endpoint, sock, address)
        self._epoll = model.epoll
        self._events = 0

    def watch(self, interest: Interest) -> None:
        """Have the kernel report when `interest` has come true."""
        events = EVENTS[interest]
        if not self._events:
            self._epoll.register(self.sock, events)
        elif events != self._events:
            self._epoll.modify(self.sock, events)
        self._events = events

    def release(self) -> None:
        """End the watch, then close the socket."""
        if self._events:
            self._epoll.unregister(self.sock)
            self._events = 0
        super().release()


class Epoll(Model):
    """Ask the kernel which of the connections can go on."""

    traits = Traits(keep_alive=True, multithread=False, multiprocess=False, views_block_others=True, c10k=True)
    connection: ClassVar[type[EpollConnection]] = EpollConnection

    def serve(self, listeners: Sequence[socket.socket]) -> None:
        """Serve any number of clients until `stop`."""
        self._listening = {listener.fileno(): (listener, self.endpoint(listener)) for listener in listeners}
        self._connections: dict[int, EpollConnection] = {}
        self._next_sweep = 0.0
        with select.epoll() as self.epoll:
            self.epoll.register(self.stopping, select.EPOLLIN)
            for listener in listeners:
                listener.setblocking(False)
                self.epoll.register(listener, select.EPOLLIN)
            while not self.stopping.is_set:
                self._round(SWEEP)
            self._drain()

    def is_full(self) -> bool:
        """Tell whether `max_connections` are open."""
        return len(self._connections) >= self.settings.max_connections

    def _drain(self) -> None:
        self.epoll.unregister(self.stopping)
        for descriptor, (listener, _) in self._listening.items():
            self._accept(descriptor)  # who connected before is not turned away
            self.epoll.unregister(descriptor)
            listener.close()
        self._listening = {}
        for connection in self._connections.values():
            connection.hasten()
        while self._connections and monotonic() < self.stopping.deadline:
            self._round(GLANCE)
        for connection in self._connections.values():
            connection.cut()

    def _round(self, seconds: float) -> None:
        """Wait for news, at most for `seconds`; give those that have any their turn."""
        for descriptor, _ in self.epoll.poll(seconds):
            if descriptor in self._connections:
                self._settle(descriptor, self._connections[descriptor].take_turn())
            elif descriptor in self._listening:
                self._accept(descriptor)
        now = monotonic()
        if now >= self._next_sweep:
            self._next_sweep = now + seconds
            for descriptor, connection in [*self._connections.items()]:
                if connection.deadline < now:
                    self._settle(descriptor, connection.time_out())

    def _accept(self, descriptor: int) -> None:
        listener, endpoint = self._listening[descriptor]
        for _ in range(ACCEPT_AT_ONCE):
            if not (client := accept(listener)):
                return
            connection = self._connections[client[0].fileno()] = self.connection(self, endpoint, *client)
            self._settle(client[0].fileno(), connection.take_turn())  # its first bytes are often here already

    def _settle(self, descriptor: int, interest: Interest) -> None:
        """Forget a connection that has ended; have any other watched."""
        if interest is Interest.CLOSE:
            del self._connections[descriptor]
        else:
            self._connections[descriptor].watch(interest)


MODEL = Epoll
