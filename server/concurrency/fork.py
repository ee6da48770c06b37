"""os.fork for each connection: what `process.py` does, without the library, and so with the traps in sight.

A child that has ended stays a zombie until its parent asks for its exit status, and a process table full of zombies is
the end of a machine. The kernel says SIGCHLD, with three catches. Signals coalesce: one may stand for many children,
so all of them are asked. A signal may come between the look at the count and the wait, and the wait would sleep through
it: so it is put into a queue (`server/signals.py`), which is waited for beside the listeners. And `waitpid(-1)`
would also take the children that the application started: so each is asked for by its number.

A child never returns into its parent's code, not even by an exception: it flushes what it has said and is gone by
`os._exit`. The parent flushes before the fork, or both of them would say what was in the buffer.
"""

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from server.concurrency.children import Children
from server.concurrency.process import Process
from server.signals import SignalQueue

log = logging.getLogger("minnow")


class Forked(Children):
    """Children by number, and a queue for SIGCHLD."""

    def __init__(self) -> None:
        self._pids: set[int] = set()
        self._news = SignalQueue([signal.SIGCHLD])

    def start(self, target: Callable[..., None], *args: Any) -> None:
        """Run `target` in a new child."""
        sys.stdout.flush()
        sys.stderr.flush()
        with self._news.held():
            pid = os.fork()
            if pid == 0:
                self._be_child(target, *args)
        self._pids.add(pid)

    def _be_child(self, target: Callable[..., None], *args: Any) -> NoReturn:
        code = 1
        try:
            self._news.forget()
            target(*args)
            logging.shutdown()
            sys.stdout.flush()
            sys.stderr.flush()
            code = 0
        except BaseException:
            log.critical("child %d failed", os.getpid(), exc_info=True)
        finally:
            os._exit(code)

    def __len__(self) -> int:
        return len(self._pids)

    def signs(self) -> Iterable[int]:
        """Return the queue's descriptor."""
        return [self._news.fileno()]

    def reap(self) -> None:
        """Ask each child whether it has ended; the queue is emptied before, so that no later news is lost."""
        self._news.take()
        self._pids = {pid for pid in self._pids if os.waitpid(pid, os.WNOHANG) == (0, 0)}

    def send(self, number: signal.Signals) -> None:
        """Send a signal to all: those that have ended, too, keep their number until they are reaped."""
        for pid in self._pids:
            os.kill(pid, number)


class Fork(Process):
    """Accept, fork, and leave the rest to the child."""

    children = Forked


MODEL = Fork
