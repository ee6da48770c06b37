"""What the models that fork have in common: a child that hears its parent, and a parent that leaves no child behind."""

import contextlib
import os
import signal
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing import get_context
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from server.concurrency.base import LOOK_UP, accept, last_turns
from server.concurrency.blocking import GLANCE, BlockingModel
from server.session import Endpoint

if TYPE_CHECKING:
    from multiprocessing.context import ForkProcess


INTERRUPT = signal.SIGUSR1
"""Has a child end what it does by a KeyboardInterrupt."""


class Children(ABC):
    """The children of a worker that have not been reaped."""

    @abstractmethod
    def start(self, target: Callable[..., None], *args: Any) -> None:
        """Run `target` in a new child. Raise OSError when there can be none."""

    @abstractmethod
    def __len__(self) -> int:
        """Return how many there are."""

    @abstractmethod
    def signs(self) -> Iterable[int]:
        """Return descriptors of which one becomes readable when a child ends."""

    @abstractmethod
    def reap(self) -> None:
        """Forget those that have ended, and let the kernel forget them: no zombie stays."""

    @abstractmethod
    def send(self, number: signal.Signals) -> None:
        """Send a signal to all."""

    def wait(self, seconds: float | None = None) -> None:
        """Wait until one has ended, `seconds` at most; reap."""
        wait([*self.signs()], seconds)
        self.reap()

    def have_ended(self, seconds: float) -> bool:
        """Tell whether all have; wait `seconds` at most for one that has not."""
        if self:
            self.wait(seconds)
        return not self

    def kill(self) -> None:
        """End and reap all of them at once."""
        self.send(signal.SIGKILL)
        while self:
            self.wait()


class Processes(Children):
    """Children by `multiprocessing`, each with a sentinel: a pipe that its death closes."""

    def __init__(self) -> None:
        self._by_sentinel: dict[int, ForkProcess] = {}

    def start(self, target: Callable[..., None], *args: Any) -> None:
        """Run `target` in a new child."""
        child = get_context("fork").Process(target=target, args=args)
        child.start()
        self._by_sentinel[child.sentinel] = child

    def __len__(self) -> int:
        return len(self._by_sentinel)

    def signs(self) -> Iterable[int]:
        """Return the sentinels."""
        return self._by_sentinel

    def reap(self) -> None:
        """Join those that have ended."""
        for sentinel in [each for each in wait([*self._by_sentinel], 0) if isinstance(each, int)]:
            child = self._by_sentinel.pop(sentinel)
            child.join()
            child.close()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to all: those that have ended, too, keep their number until they are joined."""
        for child in self._by_sentinel.values():
            os.kill(child.pid or 0, number)


class ForkingModel(BlockingModel):
    """A model whose connections are served by children of the worker.

    A child hears of the end through the pipe of `stopping`, which the death of its parent closes: so neither a signal
    that came too early nor a parent that was killed leaves a child without the news. Signals it disregards, since they
    often go to a whole group of processes, and the requests in flight should end in peace. When the grace is over its
    parent interrupts it, so that the response is closed, and then kills it.
    """

    def handle(self, endpoint: Endpoint, sock: socket.socket, address: Any) -> None:
        """Serve an accepted connection to its end, or until the parent interrupts."""
        with contextlib.suppress(KeyboardInterrupt):
            super().handle(endpoint, sock, address)

    def become_child(self, listeners: Sequence[socket.socket] = ()) -> None:
        """Let go, right after the fork, of what the parent needs alone; `listeners` are to be closed here."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, _disregard)
        signal.signal(INTERRUPT, signal.default_int_handler)
        self.stopping.follow()
        for listener in listeners:
            listener.close()

    def is_draining(self) -> bool:
        """Tell whether the worker drains; a child that is in the middle of a response has not been told yet."""
        return self.stopping.is_set

    def accept_for(
        self, children: Children, listeners: Sequence[socket.socket]
    ) -> Iterator[tuple[socket.socket, socket.socket, Any]]:
        """Yield clients as `accept_until` does, but while there is room for a child only; and reap."""
        for listener in listeners:
            listener.setblocking(False)  # another worker may have been quicker
        while not self.stopping.is_set:
            ready = wait(
                [self.stopping.fileno(), *children.signs(), *(listeners if self._has_room(children) else ())], LOOK_UP
            )
            children.reap()
            for listener in set(listeners) & set(ready):
                if client := accept(listener):
                    yield listener, *client
        for listener in last_turns(listeners):
            self._wait_for_end(children, only_one=True)
            if self._has_room(children) and (client := accept(listener)):
                yield listener, *client
        for listener in listeners:
            listener.close()

    def end(self, children: Children) -> None:
        """Let children end as long as the grace lasts; then interrupt, and kill, those that are left."""
        self.stop(self.settings.grace)  # asks for nothing new, unless an exception led here
        self._wait_for_end(children, only_one=False)
        children.send(INTERRUPT)
        self.wait_for(children.have_ended)
        children.kill()

    def _has_room(self, children: Children) -> bool:
        return len(children) < self.settings.processes

    def _wait_for_end(self, children: Children, *, only_one: bool) -> None:
        """Wait within the grace until there is room for another child, or no child at all."""
        children.reap()
        while children and not (only_one and self._has_room(children)):
            seconds = self.stopping.deadline - time.monotonic()
            if seconds <= 0:
                return
            children.wait(min(seconds, GLANCE))


def _disregard(_number: int, _frame: Any) -> None:
    """Stand in as a handler: unlike SIG_IGN it is not inherited by the programs that the application starts."""
