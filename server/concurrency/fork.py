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
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from server.concurrency.base import Traits
from server.concurrency.children import Children, ForkingModel
from server.session import Endpoint

log = logging.getLogger("minnow")


class Fork(ForkingModel):
    """Accept, fork, and leave the rest to the child."""

    traits = Traits(keep_alive=False, multithread=False, multiprocess=True, views_block_others=False, c10k=False)

    def serve(self, listeners: Sequence[socket.socket]) -> None:
        """Serve up to `settings.processes` clients at once until `stop`."""
        children = Forked()
        endpoints = {listener: self.endpoint(listener) for listener in listeners}
        try:
            for listener, sock, address in self.accept_for(children, listeners):
                children.start(self._run, listeners, endpoints[listener], sock, address)
                sock.close()
        finally:
            self.end(children)

    def _run(self, listeners: Sequence[socket.socket], endpoint: Endpoint, sock: socket.socket, address: Any) -> None:
        self.become_child(listeners)
        self.handle(endpoint, sock, address)


class Forked(Children):
    """Children by number, and a pipe into which SIGCHLD is written."""

    def __init__(self) -> None:
        self._pids: set[int] = set()
        self._wakeup, self._signals = os.pipe()
        os.set_blocking(self._wakeup, False)
        os.set_blocking(self._signals, False)
        signal.set_wakeup_fd(self._signals, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)  # without a handler nothing would be written

    def start(self, target: Callable[..., None], *args: Any) -> None:
        """Run `target` in a new child."""
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._be_child(target, *args)
        self._pids.add(pid)

    def _be_child(self, target: Callable[..., None], *args: Any) -> NoReturn:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
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
        """Return the pipe's reading end."""
        return [self._wakeup]

    def reap(self) -> None:
        """Ask each child whether it has ended; the pipe is emptied before, so that no later news is lost."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._wakeup, 4096)
        self._pids = {pid for pid in self._pids if os.waitpid(pid, os.WNOHANG) == (0, 0)}

    def kill(self) -> None:
        """Kill and reap all."""
        for pid in self._pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


MODEL = Fork
