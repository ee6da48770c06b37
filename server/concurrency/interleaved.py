"""What the models have in common that let sessions take turns in one thread: they only differ in who gets a turn."""

import socket
from abc import abstractmethod
from collections.abc import Sequence
from contextvars import copy_context
from time import monotonic
from typing import TYPE_CHECKING, Any

from server.concurrency.base import ACCEPT_AT_ONCE, DRAIN_SWEEP, SWEEP, Model, accept, waiting_at
from server.concurrency.readiness import Connection, Interest
from server.session import Endpoint
from server.wsgi import WSGIApplication

if TYPE_CHECKING:
    from server.accesslog import AccessLog
    from server.config import Settings


class InterleavedConnection(Connection):
    """A connection that is left in the middle of a response to let others go on, and so has variables of its own.

    Context variables belong to a thread. A generator that sets one and is then suspended would leave it to whichever
    session comes next, and find that one's when it goes on: a framework's "current request" would be somebody else's.
    So each session has a `contextvars.Context`, and is entered by these methods only.
    """

    __slots__ = ("_context", "_owner", "events")

    def __init__(self, model: "InterleavedModel", endpoint: Endpoint, sock: Any, address: Any) -> None:
        super().__init__(model, endpoint, sock, address)
        self._context = copy_context()
        self._owner = model
        self.events = 0
        """What the model has it watched for; 0 while it does not."""

    def take_turn(self) -> Interest:
        """Do in its own context what `run` does."""
        return self._context.run(self.run)

    def time_out(self) -> Interest:
        """Do in its own context what `expire` does."""
        return self._context.run(self.expire)

    def cut(self) -> None:
        """Do in its own context what `close` does."""
        self._context.run(self.close)

    def release(self) -> None:
        """Have the model end its watch, then close the socket."""
        self._owner.unwatch(self)
        super().release()


class InterleavedModel(Model):
    """A model that goes round its connections in one thread: the rounds are the model's, the rest is here."""

    def __init__(self, app: WSGIApplication, settings: "Settings", access_log: "AccessLog | None") -> None:
        super().__init__(app, settings, access_log)
        self.connections: dict[int, InterleavedConnection] = {}

    def serve(self, listeners: Sequence[socket.socket]) -> None:
        """Serve any number of clients until `stop`."""
        self.endpoints = {listener.fileno(): (listener, self.endpoint(listener)) for listener in listeners}
        self._next_sweep = 0.0
        for listener in listeners:
            listener.setblocking(False)
        while not self.stopping.is_set:
            self.round(SWEEP)
        self.close_listeners()
        for connection in self.connections.values():
            connection.hasten()
        while self.connections and monotonic() < self.stopping.deadline:
            self.round(DRAIN_SWEEP)
        for connection in self.connections.values():
            connection.cut()

    @abstractmethod
    def round(self, seconds: float) -> None:
        """Give a turn to all that can go on; wait at most `seconds` until there are any."""

    def watch(self, connection: InterleavedConnection, interest: Interest) -> None:
        """See to it that a connection gets its next turn; nothing to do for a model that asks everybody anyway."""

    def unwatch(self, connection: InterleavedConnection) -> None:
        """End the watch of a connection that is about to be closed."""

    def is_full(self) -> bool:
        """Tell whether `max_connections` are open."""
        return len(self.connections) >= self.settings.max_connections

    def accept(self, descriptor: int) -> None:
        """Accept who waits at a listener, and give each a turn: the first bytes are often here already."""
        listener, endpoint = self.endpoints[descriptor]
        for _ in range(ACCEPT_AT_ONCE):
            if not (client := accept(listener)):
                return
            known_by = client[0].fileno()
            connection = self.connections[known_by] = InterleavedConnection(self, endpoint, *client)
            self.settle(known_by, connection.take_turn())

    def close_listeners(self) -> None:
        """Take who connected before, and nobody else."""
        for descriptor, (listener, _) in self.endpoints.items():
            for _ in range(0, waiting_at(listener), ACCEPT_AT_ONCE):
                self.accept(descriptor)
            listener.close()
        self.endpoints = {}

    def settle(self, descriptor: int, interest: Interest) -> None:
        """Forget a connection whose turn was its last; see to it that any other gets its next one."""
        if interest is Interest.CLOSE:
            del self.connections[descriptor]
        else:
            self.watch(self.connections[descriptor], interest)

    def sweep(self, seconds: float) -> None:
        """End the waits that are over, all `seconds`; over a copy, since that changes what is gone through."""
        now = monotonic()
        if now >= self._next_sweep:
            self._next_sweep = now + seconds
            for descriptor, connection in [*self.connections.items()]:
                if connection.deadline < now:
                    self.settle(descriptor, connection.time_out())
