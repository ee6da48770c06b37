"""What the models have in common that let sessions take turns in one thread."""

from contextvars import copy_context
from typing import Any

from server.concurrency.base import Model
from server.concurrency.readiness import Connection, Interest
from server.session import Endpoint

GLANCE = 0.05
"""Seconds between two looks at the clock while the worker drains."""


class InterleavedConnection(Connection):
    """A connection that is left in the middle of a response to let others go on, and so has variables of its own.

    Context variables belong to a thread. A generator that sets one and is then suspended would leave it to whichever
    session comes next, and find that one's when it goes on: a framework's "current request" would be somebody else's.
    So each session has a `contextvars.Context`, and is entered by these methods only.
    """

    __slots__ = ("_context",)

    def __init__(self, model: Model, endpoint: Endpoint, sock: Any, address: Any) -> None:
        super().__init__(model, endpoint, sock, address)
        self._context = copy_context()

    def take_turn(self) -> Interest:
        """Do in its own context what `run` does."""
        return self._context.run(self.run)

    def time_out(self) -> Interest:
        """Do in its own context what `expire` does."""
        return self._context.run(self.expire)

    def cut(self) -> None:
        """Do in its own context what `close` does."""
        self._context.run(self.close)
