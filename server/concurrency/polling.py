"""Non-blocking sockets, asked in turn: one thread holds many clients by asking each of them whether anything is new.

Here the session's nature shows for the first time: it is suspended wherever its client makes it wait, and the thread
goes on to the next one. Nothing is shared between threads, since there is one; nothing is forked.

What it costs: a core, always. A round is one system call for each connection, most of them answered "nothing new", and
when all have said so the next round begins. With a thousand idle clients it takes a thousand calls to notice the one
that speaks. The kernel knows which one it is, and `epoll.py` asks it. What breaks: a view that waits makes all wait.

The list of connections is made anew in each round. To remove from the list that one iterates over is the classic fault
of this model: the client behind the removed one is passed over.
"""

import socket
import time
from collections.abc import Sequence

from server.concurrency.base import ACCEPT_AT_ONCE, Model, Traits, accept
from server.concurrency.interleaved import InterleavedConnection
from server.concurrency.readiness import Interest


class Polling(Model):
    """Ask everybody, all the time."""

    traits = Traits(keep_alive=True, multithread=False, multiprocess=False, views_block_others=True, c10k=False)

    def serve(self, listeners: Sequence[socket.socket]) -> None:
        """Serve any number of clients until `stop`."""
        for listener in listeners:
            listener.setblocking(False)
        self._endpoints = {listener: self.endpoint(listener) for listener in listeners}
        self._connections: list[InterleavedConnection] = []
        while not self.stopping.is_set:
            self._accept()
            self._round()
        for _ in range(ACCEPT_AT_ONCE):
            self._accept()  # who connected before is not turned away
        for listener in listeners:
            listener.close()
        for each in self._connections:
            each.hasten()
        while self._connections and time.monotonic() < self.stopping.deadline:
            self._round()
        for each in self._connections:
            each.cut()

    def is_full(self) -> bool:
        """Tell whether `max_connections` are open."""
        return len(self._connections) >= self.settings.max_connections

    def _accept(self) -> None:
        """Accept one client from each listener that has one."""
        for listener, endpoint in self._endpoints.items():
            if client := accept(listener):
                self._connections.append(InterleavedConnection(self, endpoint, *client))

    def _round(self) -> None:
        self._connections = [each for each in self._connections if goes_on(each)]


def goes_on(connection: InterleavedConnection) -> bool:
    """Give a connection its turn; tell whether it is to be asked again."""
    interest = connection.take_turn()
    if interest is not Interest.CLOSE and connection.deadline < time.monotonic():
        interest = connection.time_out()
    return interest is not Interest.CLOSE


MODEL = Polling
