"""What the models that fork have in common: a child that hears its parent, and a parent that leaves no child behind."""

import signal
import socket
import time
from collections.abc import Sequence
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from typing import Any

from server.concurrency.blocking import BlockingModel

GLANCE = 0.1
"""Seconds between two looks at the clock while children end: a second `stop` may have set it forward."""


class ForkingModel(BlockingModel):
    """A model whose connections are served by children of the worker.

    A child hears of the end through the pipe of `stopping`, which the death of its parent closes: so neither a signal
    that came too early nor a parent that was killed leaves a child without the news. Signals it disregards, since they
    often go to a whole group of processes, and the requests in flight should end in peace. Its parent kills it when
    the grace is over.
    """

    def become_child(self, listeners: Sequence[socket.socket] = ()) -> None:
        """Let go, right after the fork, of what the parent needs alone; `listeners` are to be closed here."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, _disregard)
        self.stopping.follow()
        for listener in listeners:
            listener.close()

    def end(self, children: dict[int, ForkProcess]) -> None:
        """Wait for children, by their sentinels, as long as the grace lasts; then kill and reap those that are left."""
        self.stop(self.settings.grace)  # asks for nothing new, unless an exception led here
        while children and (seconds := self.stopping.deadline - time.monotonic()) > 0:
            reap(children, wait(children, min(seconds, GLANCE)))
        for child in children.values():
            child.kill()
            child.join()


def reap(children: dict[int, ForkProcess], ended: Sequence[Any]) -> None:
    """Forget the children whose sentinels are among `ended`, and let the kernel forget them: no zombie stays."""
    for sentinel in children.keys() & set(ended):
        children.pop(sentinel).join()


def _disregard(_number: int, _frame: Any) -> None:
    """Stand in as a handler: unlike SIG_IGN it is not inherited by the programs that the application starts."""
