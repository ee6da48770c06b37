"""os.fork for each connection: what `process.py` does, without the library, and so with the traps in sight.

A child that has ended stays a zombie until its parent asks for its exit status, and a process table full of zombies is
the end of a machine. The kernel says SIGCHLD, with three catches. Signals coalesce: one may stand for many children,
so all of them are asked. A signal may come between the look at the count and the wait, and the wait would sleep through
it: so Python's own handler in C writes it to a pipe, and the pipe is waited for beside the listeners. And `waitpid(-1)`
would also take the children that the application started: so each is asked for by its number.

A child never returns into its parent's code, not even by an exception: it flushes what it has said and is gone by
`os._exit`. The parent flushes before the fork, or both of them would say what was in the buffer.
"""

import contextlib
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import wait
from typing import Any, NoReturn

from server.concurrency.base import Traits, accept
from server.concurrency.children import GLANCE, ForkingModel

log = logging.getLogger("minnow")


class Fork(ForkingModel):
    """Accept, fork, and leave the rest to the child."""

    traits = Traits(keep_alive=False, multithread=False, multiprocess=True, views_block_others=False, c10k=False)

    def serve(self, listeners: Sequence[socket.socket]) -> None:
        """Serve up to `settings.processes` clients at once until `stop`."""
        for listener in listeners:
            listener.setblocking(False)  # another worker may have been quicker
        self._endpoints = {listener: self.endpoint(listener) for listener in listeners}
        self._children: set[int] = set()
        self._open_wakeup()
        try:
            while not self.stopping.is_set:
                room = len(self._children) < self.settings.processes
                for listener in self._wait([self.stopping, *(listeners if room else ())]):
                    if listener in self._endpoints and (client := accept(listener)):
                        self._fork(listener, *client)
        finally:
            self.stop(self.settings.grace)  # asks for nothing new, unless an exception led here
            while self._children and time.monotonic() < self.stopping.deadline:
                self._wait([], GLANCE)
            for pid in self._children:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def _open_wakeup(self) -> None:
        """Have signals written to a pipe; one without a handler of Python's would not be."""
        self._wakeup, self._signals = os.pipe()
        os.set_blocking(self._wakeup, False)
        os.set_blocking(self._signals, False)
        signal.set_wakeup_fd(self._signals, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

    def _wait(self, objects: list[Any], seconds: float | None = None) -> list[Any]:
        """Return which of `objects` are readable, if not by then a child has ended; those that have are reaped."""
        ready = wait([self._wakeup, *objects], seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self._wakeup, 4096)
        self._children = {pid for pid in self._children if os.waitpid(pid, os.WNOHANG) == (0, 0)}
        return ready

    def _fork(self, listener: socket.socket, sock: socket.socket, address: Any) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._be_child(listener, sock, address)
        self._children.add(pid)
        sock.close()  # the child has its own; with ours open the client would never see the end

    def _be_child(self, listener: socket.socket, sock: socket.socket, address: Any) -> NoReturn:
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self.become_child([*self._endpoints])
            self.handle(self._endpoints[listener], sock, address)
            logging.shutdown()
            sys.stdout.flush()
            sys.stderr.flush()
        except BaseException:
            log.critical("child %d failed", os.getpid(), exc_info=True)
        finally:
            os._exit(0)


MODEL = Fork
