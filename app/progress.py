"""A bar that shows how far a long command is, where somebody watches it."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from typing import TextIO

WIDTH: Final = 40
PAUSE: Final = 0.1  # seconds between two looks; a terminal that is written to more often slows the work


class Progress:
    """Show a bar on a terminal, and nothing anywhere else: a log wants no carriage returns.

    `total` is the work in any unit, None if nobody knows. A context manager, which leaves a clean line behind.
    """

    def __init__(self, label: str, total: int | None, stream: TextIO | None = None) -> None:
        self._label = label
        self._total = total
        self._stream = stream or sys.stderr
        self._shown = self._stream.isatty()
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def update(self, done: int, detail: str = "") -> None:
        """Show that `done` of the total is done."""
        now = time.monotonic()
        if self._shown and now >= self._next:
            self._next = now + PAUSE
            self._stream.write(f"\r\x1b[K{self._label} {self._bar(done)}{detail}")
            self._stream.flush()

    def clear(self) -> None:
        """Take the bar away, so that a line can be written in its place."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _bar(self, done: int) -> str:
        if not self._total:
            return ""
        part = min(done / self._total, 1.0)
        return f"[{'#' * int(part * WIDTH):{WIDTH}}] {part:4.0%} "
