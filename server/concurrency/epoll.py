"""epoll, level-triggered: one system call waits for all sockets and returns those about which there is news.

The kernel keeps the list of what is watched, so a wait costs in proportion to the sockets that are ready: ten thousand
idle clients cost memory and nothing else. Level-triggered means that a socket is reported as long as it is readable, so
a turn may leave bytes behind; but also as long as it is writable, which an idle one always is. So each connection is
watched for exactly what it waits for, and a change costs an `epoll_ctl`.

What breaks: one thread calls all views, and one that waits for a database makes ten thousand clients wait.

Three traps. What epoll reports is a set of bits: EPOLLHUP and EPOLLERR come unasked and together with others, and who
compares with `==` never sees them and spins. Here any bit gives the connection its turn, and `recv` or `send` tells
what has happened. A descriptor is unregistered before it is closed: a copy in another process would keep reporting it.
And time passes without events: deadlines are looked after once a second, by one sweep over all connections.
"""

import select
import socket
from collections.abc import Sequence

from server.concurrency.base import Traits
from server.concurrency.interleaved import InterleavedConnection, InterleavedModel
from server.concurrency.readiness import Interest

EVENTS = {Interest.READ: select.EPOLLIN, Interest.WRITE: select.EPOLLOUT}


class Epoll(InterleavedModel):
    """Ask the kernel which of the connections can go on."""

    traits = Traits(keep_alive=True, multithread=False, multiprocess=False, views_block_others=True, c10k=True)

    def serve(self, listeners: Sequence[socket.socket]) -> None:
        """Serve any number of clients until `stop`, of which a pipe tells that is watched beside the listeners."""
        with select.epoll() as self.epoll:
            for descriptor in (self.stopping.fileno(), *(listener.fileno() for listener in listeners)):
                self.epoll.register(descriptor, select.EPOLLIN)
            super().serve(listeners)

    def round(self, seconds: float) -> None:
        """Wait for news; give those that have any their turn."""
        for descriptor, _ in self.epoll.poll(seconds):
            if descriptor in self.connections:
                self.settle(descriptor, self.connections[descriptor].take_turn())
            elif descriptor in self.endpoints:
                self.accept(descriptor)
        self.sweep(seconds)

    def watch(self, connection: InterleavedConnection, interest: Interest) -> None:
        """Have the kernel report when `interest` has come true."""
        if not connection.events:
            self.epoll.register(connection.sock, EVENTS[interest])
        elif connection.events != EVENTS[interest]:
            self.epoll.modify(connection.sock, EVENTS[interest])
        connection.events = EVENTS[interest]

    def unwatch(self, connection: InterleavedConnection) -> None:
        """Have nothing more reported."""
        if connection.events:
            self.epoll.unregister(connection.sock)
            connection.events = 0

    def close_listeners(self) -> None:
        """End the watch of the listeners and of the pipe, which is readable from now on."""
        for descriptor in (self.stopping.fileno(), *self.endpoints):
            self.epoll.unregister(descriptor)
        super().close_listeners()


MODEL = Epoll
