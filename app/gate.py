"""A gate that lets so many in at a time, in the order in which they came.

A pool of connections has no order: who gives one back and takes the next in the same breath is always ahead of those
who wait to be woken. Under load a few visitors were then served again and again while others waited for seconds.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Gate:
    """Holds back all but `places` callers; whoever leaves hands his place to the one who has waited longest."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._lock = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    @contextmanager
    def turn(self, seconds: float) -> Iterator[None]:
        """Hold a place inside; raises TimeoutError if none is handed over within `seconds`."""
        self._enter(seconds)
        try:
            yield
        finally:
            self._leave()

    def _enter(self, seconds: float) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            place = threading.Lock()
            place.acquire()  # released by whoever leaves
            self._waiting.append(place)
        handed_over = False
        try:
            handed_over = place.acquire(timeout=seconds)
        finally:
            if not handed_over:
                self._give_up(place)
        if not handed_over:
            raise TimeoutError

    def _leave(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1

    def _give_up(self, place: threading.Lock) -> None:
        with self._lock:
            if place in self._waiting:
                self._waiting.remove(place)
                return
        self._leave()  # it came at the last moment, and goes to the next one
