"""Signals as a queue: a handler does nothing, the loop reads numbers from a pipe.

Python's own handler in C writes the number of a signal to the wake-up descriptor (`signal.set_wakeup_fd`). So a signal
is work for the loop like any other, and never interrupts it half way.
"""

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any


def _do_nothing(_number: int, _frame: Any) -> None:
    """Stand in as a handler: without one Python would not write to the wake-up descriptor."""


class SignalQueue:
    """Receive `wanted` signals in a pipe; use in the main thread only."""

    def __init__(self, wanted: Iterable[signal.Signals]) -> None:
        self._wanted = frozenset(wanted)
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._old_fd = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._old = {each: signal.signal(each, _do_nothing) for each in self._wanted}
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._wanted)  # a parent may have left them blocked

    def fileno(self) -> int:
        """Return the descriptor that is readable when a signal has come."""
        return self._read

    def take(self) -> list[signal.Signals]:
        """Return the signals that came since the last call, in their order."""
        try:
            numbers = os.read(self._read, 4096)
        except BlockingIOError:
            return []
        return [signal.Signals(each) for each in numbers if each in self._wanted]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold all signals back: between fork and `forget` a child's would land in its parent's pipe."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, self._wanted)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def forget(self) -> None:
        """Let go of the queue in a child, while signals are held: they have their default effect from now on."""
        signal.set_wakeup_fd(-1)
        for each in self._wanted:
            signal.signal(each, signal.SIG_DFL)
        os.close(self._read)
        os.close(self._write)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._wanted)

    def close(self) -> None:
        """Put everything back as it was."""
        signal.set_wakeup_fd(self._old_fd)
        for each, handler in self._old.items():
            signal.signal(each, handler)
        os.close(self._read)
        os.close(self._write)
