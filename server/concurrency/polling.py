"""Non-blocking sockets, asked in turn: one thread holds many clients by asking each of them whether anything is new.

Here the session's nature shows for the first time: it is suspended wherever its client makes it wait, and the thread
goes on to the next one. Nothing is shared between threads, since there is one; nothing is forked.

What it costs: a core, always. A round is one system call for each connection, most of them answered "nothing new", and
when all have said so the next round begins. With a thousand idle clients it takes a thousand calls to notice the one
that speaks. The kernel knows which one it is, and `epoll.py` asks it. What breaks: a view that waits makes all wait.

A round goes over a copy of the connections, for those that end are taken out meanwhile. To remove from the list that
one iterates over is the classic fault of this model: the client behind the removed one is passed over.
"""

from server.concurrency.base import Traits
from server.concurrency.interleaved import InterleavedModel


class Polling(InterleavedModel):
    """Ask everybody, all the time."""

    traits = Traits(keep_alive=True, multithread=False, multiprocess=False, views_block_others=True, c10k=False)

    def round(self, seconds: float) -> None:
        """Ask the listeners, then each connection; nobody is waited for."""
        for descriptor in self.endpoints:
            self.accept(descriptor)
        for descriptor, connection in [*self.connections.items()]:
            self.settle(descriptor, connection.take_turn())
        self.sweep(seconds)


MODEL = Polling
