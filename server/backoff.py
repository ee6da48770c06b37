"""How long to wait before a worker that died is replaced."""

STEADY = 10.0
"""Seconds that a worker must have lived for its death to count as a single mishap."""
_FIRST = 0.5
_LONGEST = 30.0


class Backoff:
    """Replace the first worker at once, and each further one that dies young after twice the wait of the last."""

    def __init__(self) -> None:
        self.until = 0.0
        """`time.monotonic()` from which a worker may be started."""
        self._deaths = 0

    def failed(self, lived: float, now: float) -> float:
        """Note the death of a worker that lived so many seconds; return the seconds to wait."""
        self._deaths = 1 if lived >= STEADY else self._deaths + 1
        delay = 0.0 if self._deaths == 1 else min(_LONGEST, _FIRST * 2.0 ** (self._deaths - 2))
        self.until = max(self.until, now + delay)
        return delay
