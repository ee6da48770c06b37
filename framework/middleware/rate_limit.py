"""Limit how often a client may ask: a token bucket for each.

A bucket holds ``burst`` tokens and gets ``rate`` new ones a second; a request takes one. Instead of a count, a store
keeps the time at which the bucket will be full again (the generic cell rate algorithm): one number that
an SQL database can compare and set in a single statement.
"""

from __future__ import annotations

import logging
import math
import time
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from framework.middleware.wsgi import answer, client_network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from framework.middleware.wsgi import Environ, StartResponse, WSGIApp

log = logging.getLogger(__name__)

MEMORY_LIMIT = 100_000  # buckets kept by one process: about 20 MB
SILENCE = 60.0  # seconds between two complaints about a store that fails


class Store(Protocol):
    """Keep the buckets."""

    def take(self, key: str, now: float, interval: float, tolerance: float) -> float:
        """Take a token from the bucket called ``key``.

        A bucket that will be full at time ``full`` gives one if ``full <= now + tolerance``, and will then be full
        ``interval`` seconds later. All times are in seconds. Returns 0 if there was a token, else how long
        to wait for one.
        """
        ...


class MemoryStore:
    """Keep the buckets in this process: a limit for each worker, and forgotten with it."""

    def __init__(self, limit: int = MEMORY_LIMIT) -> None:
        self._limit = limit
        self._lock = Lock()
        self._full: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._full)

    def take(self, key: str, now: float, interval: float, tolerance: float) -> float:
        """Take a token; see ``Store``."""
        with self._lock:
            full = max(self._full.pop(key, now), now)
            allowed = full <= now + tolerance
            self._full[key] = full + interval if allowed else full
            if len(self._full) > self._limit:
                self._make_room(now)
        return 0.0 if allowed else full - now - tolerance

    def _make_room(self, now: float) -> None:
        """Forget the buckets that are full; if none is, the tenth that was used least lately."""
        kept = {key: full for key, full in self._full.items() if full > now}
        if len(kept) > self._limit:
            kept = dict(list(kept.items())[len(kept) // 10 :])
        self._full = kept


class RateLimit:
    """Answer 429 with ``Retry-After`` to a client that has used up its tokens.

    ``rate`` is in requests a second and may be a fraction; ``burst`` is how many may come at once. ``key`` names the
    bucket of a request, and none for a request that is free: by default each client has one. If the store
    fails, requests pass, and the log says so: a limit is no reason to be down.
    """

    def __init__(
        self,
        app: WSGIApp,
        *,
        rate: float,
        burst: int,
        store: Store | None = None,
        key: Callable[[Environ], str] = client_network,
    ) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError(f"a rate is above 0 and a burst at least 1, unlike {rate} and {burst}")
        self._app = app
        self._interval = 1 / rate
        self._tolerance = (burst - 1) / rate
        self._store = store or MemoryStore()
        self._key = key
        self._complained = -SILENCE

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a WSGI request."""
        key = self._key(environ)
        wait = self._take(key) if key else 0.0
        if wait > 0:
            return answer(start_response, "429 Too Many Requests", [("Retry-After", str(math.ceil(wait)))])
        return self._app(environ, start_response)

    def _take(self, key: str) -> float:
        try:
            return self._store.take(key, time.time(), self._interval, self._tolerance)
        except Exception:
            if time.monotonic() - self._complained >= SILENCE:
                self._complained = time.monotonic()
                log.exception("the rate limiter's store fails; requests pass unlimited")
            return 0.0
