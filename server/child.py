"""What the supervisor knows of one worker."""

import os
import signal
from dataclasses import dataclass, field

from server.errors import AppLoadError
from server.worker import READY


@dataclass(slots=True)
class Child:
    """One worker process, from its fork until it is reaped."""

    pid: int
    slot: int
    """Its place among the workers, from 0; its successor takes the same."""
    report: int
    """The reading end of the pipe by which it says that it is ready, or why it cannot be."""
    born: float
    """`time.monotonic()` of its fork."""
    is_candidate: bool = False
    """Whether it belongs to a new generation that is not yet trusted to serve alone."""
    is_ready: bool = False
    is_leaving: bool = False
    kill_at: float | None = None
    """`time.monotonic()` after which it is killed."""
    is_closed: bool = False
    _said: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        os.set_blocking(self.report, False)

    def read_report(self) -> bool:
        """Read what the worker has said; return whether that was all."""
        try:
            while part := os.read(self.report, 65536):
                self._said += part
        except BlockingIOError:
            pass
        else:
            self.is_ready = self._said == READY
            return True
        self.is_ready = self._said == READY
        return self.is_ready

    def close_report(self) -> None:
        """Close the pipe."""
        if not self.is_closed:
            os.close(self.report)
            self.is_closed = True

    def cause(self, code: int) -> str:
        """Say how it ended, given the exit code, or the negative number of the signal that killed it."""
        if code >= 0:
            return f"exit code {code}"
        try:
            return signal.Signals(-code).name
        except ValueError:  # of the real-time signals only the first and the last have names
            return f"signal {-code}"

    def failure(self, code: int) -> AppLoadError:
        """Return why it never served."""
        if self._said and not self.is_ready:
            trace, newline, line = self._said.decode("utf-8", "replace").rpartition("\n")
            return AppLoadError(line, trace=trace + newline)
        return AppLoadError(f"a worker ended before it could serve ({self.cause(code)})")
