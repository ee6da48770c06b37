"""Accept clients, and serve each in the thread or process that it was given: every wait is a `poll`."""

import select
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from server.concurrency.base import CLOSING, LOOK_UP, Model, Stop, accept, last_turns
from server.concurrency.readiness import Connection, Interest
from server.session import Endpoint

GLANCE = 0.1
"""Seconds after which a wait for the end of connections is looked at again: a second `stop` may have shortened it."""
EVENTS = {Interest.READ: select.POLLIN, Interest.WRITE: select.POLLOUT}


class BlockingModel(Model):
    """A model whose connections have a thread or a process to themselves, which may wait."""

    def handle(self, endpoint: Endpoint, sock: socket.socket, address: Any) -> None:
        """Serve an accepted connection to its end; it is closed then."""
        connection = Connection(self, endpoint, sock, address)
        poll = select.poll()
        poll.register(self.stopping, select.POLLIN)
        hastened = False
        try:
            interest = connection.run()
            while interest is not Interest.CLOSE:
                poll.register(sock, EVENTS[interest])
                seconds = min(connection.deadline, self.stopping.deadline) - time.monotonic()
                ready = dict(poll.poll(max(0, seconds * 1000)))
                if seconds <= 0 or not ready:
                    interest = connection.expire()
                elif sock.fileno() in ready:
                    interest = connection.run()
                elif not hastened:  # only the end was asked for; known from now on
                    hastened = True
                    self.drain()  # `stop` did so already, but not in this process if it is a child
                    connection.hasten()
                    poll.unregister(self.stopping)
        finally:
            connection.close()  # nothing to do, unless an exception led here

    def wait_for(self, has_ended: Callable[[float], bool]) -> None:
        """Ask `has_ended`, which may wait for so many seconds, until it has, or the grace is over and all is closed."""
        seconds = GLANCE
        while seconds > 0:
            seconds = max(0, min(GLANCE, self.stopping.deadline + CLOSING - time.monotonic()))
            if has_ended(seconds):
                return


def accept_until(stop: Stop, listeners: Sequence[socket.socket]) -> Iterator[tuple[socket.socket, socket.socket, Any]]:
    """Yield (listener, connection, address) for each client until `stop` is set, and for those who came before it."""
    by_descriptor = {listener.fileno(): listener for listener in listeners}
    poll = select.poll()
    poll.register(stop, select.POLLIN)
    for listener in listeners:
        listener.setblocking(False)  # another worker may have been quicker
        poll.register(listener, select.POLLIN)
    while stop.fileno() not in (ready := [descriptor for descriptor, _ in poll.poll(LOOK_UP * 1000)]):
        for descriptor in ready:
            if client := accept(by_descriptor[descriptor]):
                yield by_descriptor[descriptor], *client
    for listener in last_turns(listeners):
        if time.monotonic() < stop.deadline and (client := accept(listener)):
            yield listener, *client
    for listener in listeners:
        listener.close()  # who comes now is refused at once, and need not wait for nobody
