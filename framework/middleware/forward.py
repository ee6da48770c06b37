"""Forward requests to one of several upstream servers over HTTP."""

from __future__ import annotations

import logging
import math
import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from itertools import chain
from threading import Lock, Thread
from typing import IO, TYPE_CHECKING
from urllib.parse import quote, urlsplit

from framework.middleware.wsgi import answer
from framework.paths import raw_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from framework.middleware.wsgi import Environ, Fields, StartResponse

log = logging.getLogger(__name__)

TIMEOUT = 30.0  # seconds for connecting, and for each read
PAUSE = 10.0  # seconds that an upstream is left alone after it failed
BLOCK = 64 * 1024
# RFC 9110 §7.6.1: fields that speak of one connection and are not passed on.
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"}
    | {"transfer-encoding", "upgrade"}
)
SENT = "!#$%&'()*+,/:;=?@[]-._~"  # what an address may hold as it is
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110 §9.2.1


@dataclass
class Upstream:
    """Hold one upstream server and how it does."""

    url: str
    busy: int = 0  # requests in flight
    served: int = 0
    down_until: float = 0.0  # monotonic seconds; 0 while it is well
    watched: bool = False  # by a thread that asks whether it is back

    def is_out(self, now: float) -> bool:
        """Tell whether it is to be left alone: after a failure for a while, and then but for one request at a time."""
        return now < self.down_until or (self.down_until > 0 and self.busy > 0)


class Forwarder:
    """Send each request to the upstream with the fewest requests in flight.

    An upstream that fails is left alone for ``pause`` seconds; then one request at a time tries it, until one succeeds.
    With ``check``, a path such as ``/healthz``, no visitor has to: the upstream is asked for that every ``pause``
    seconds, and comes back when it answers with a status below 400.

    A request goes on to the next upstream if the first could not be reached, or did not answer and the method is safe
    to repeat. If none is left, the answer is 502, or 504 when the last one was too slow. ``timeout`` is in seconds.
    """

    def __init__(
        self, upstreams: Iterable[str], *, timeout: float = TIMEOUT, pause: float = PAUSE, check: str = ""
    ) -> None:
        self._upstreams = [Upstream(url.rstrip("/")) for url in upstreams]
        for upstream in self._upstreams:
            if urlsplit(upstream.url).scheme not in {"http", "https"}:
                raise ValueError(f"an upstream is http://host:port, unlike {upstream.url!r}")
        if not self._upstreams:
            raise ValueError("there is no upstream to forward to")
        if check and not check.startswith("/"):
            raise ValueError(f"an upstream is checked by a path that begins with a slash, unlike {check!r}")
        self._check = check
        self._timeout = timeout
        self._pause = pause
        self._lock = Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a WSGI request."""
        left = list(self._upstreams)
        status = "502 Bad Gateway"
        while left:
            upstream = self._choose(left)
            left.remove(upstream)
            connection = _connection(upstream.url, self._timeout)
            try:
                connection.connect()
                left = left if environ["REQUEST_METHOD"] in SAFE else []
                response = _exchange(connection, urlsplit(upstream.url).path, environ)
            except (OSError, HTTPException) as error:
                connection.close()
                self._release(upstream, failed=True)
                log.warning("upstream %s does not answer: %s", upstream.url, error)
                status = "504 Gateway Timeout" if isinstance(error, TimeoutError) else "502 Bad Gateway"
            else:
                start_response(f"{response.status} {response.reason}", _end_to_end(response.getheaders()))
                return _Body(connection, response, partial(self._release, upstream, failed=False))
        return answer(start_response, status)

    def _choose(self, left: list[Upstream]) -> Upstream:
        """Return the least busy upstream, one that is down only if no other is left."""
        with self._lock:
            now = time.monotonic()
            chosen = min(left, key=lambda upstream: (upstream.is_out(now), upstream.busy, upstream.served))
            chosen.busy += 1
            chosen.served += 1
            return chosen

    def _release(self, upstream: Upstream, *, failed: bool) -> None:
        with self._lock:
            upstream.busy -= 1
            if not failed:
                upstream.down_until = 0.0
            elif not self._check:
                upstream.down_until = time.monotonic() + self._pause
            else:
                upstream.down_until = math.inf
                if not upstream.watched:
                    upstream.watched = True
                    Thread(target=self._watch, args=(upstream,), daemon=True).start()

    def _watch(self, upstream: Upstream) -> None:
        """Ask an upstream how it does until it is well again."""
        while True:
            time.sleep(self._pause)
            well = _is_well(upstream.url, self._check, self._timeout)
            with self._lock:
                if well or not upstream.down_until:  # a request may have been quicker
                    upstream.down_until, upstream.watched = 0.0, False
                    break
        log.warning("upstream %s is back", upstream.url)


def _is_well(url: str, check: str, timeout: float) -> bool:
    with closing(_connection(url, timeout)) as connection:
        try:
            connection.request("GET", urlsplit(url).path + check)
            return connection.getresponse().status < HTTPStatus.BAD_REQUEST
        except (OSError, HTTPException):
            return False


def _connection(url: str, timeout: float) -> HTTPConnection:
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    return kind(parts.netloc, timeout=timeout)


def _exchange(connection: HTTPConnection, base: str, environ: Environ) -> HTTPResponse:
    target = _target(base, environ)
    connection.putrequest(environ["REQUEST_METHOD"], target, skip_host=True, skip_accept_encoding=True)
    for name, value in _request_fields(environ):
        connection.putheader(name, value)
    blocks = _body(environ)
    first = next(blocks, b"")
    chunked = bool(first) and not environ.get("CONTENT_LENGTH")
    if chunked:
        connection.putheader("transfer-encoding", "chunked")
    connection.endheaders(chain([first], blocks) if first else None, encode_chunked=chunked)
    return connection.getresponse()


def _target(base: str, environ: Environ) -> str:
    query = environ.get("QUERY_STRING", "")
    path = base + quote(environ.get("SCRIPT_NAME", "").encode("latin-1")) + raw_path(environ)
    return quote(f"{path}?{query}".rstrip("?").encode("latin-1"), safe=SENT)


def _request_fields(environ: Environ) -> Iterator[tuple[str, str]]:
    """Yield the fields to send on, and who asked for what, by which way."""
    for key, value in environ.items():
        name = key.removeprefix("HTTP_").replace("_", "-").lower()
        if key.startswith("HTTP_") and name not in HOP_BY_HOP and not name.startswith("x-forwarded-"):
            yield name, value
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(key):
            yield key.replace("_", "-").lower(), environ[key]
    yield "x-forwarded-for", environ.get("REMOTE_ADDR", "")
    yield "x-forwarded-proto", environ["wsgi.url_scheme"]
    yield "x-forwarded-host", environ.get("HTTP_HOST", "")


def _body(environ: Environ) -> Iterator[bytes]:
    stream: IO[bytes] = environ["wsgi.input"]
    left = float(environ.get("CONTENT_LENGTH") or (math.inf if environ.get("wsgi.input_terminated") else 0))
    while left and (block := stream.read(int(min(left, BLOCK)))):
        left -= len(block)
        yield block


def _end_to_end(fields: Fields) -> Fields:
    named = {
        token.strip().lower() for name, value in fields if name.lower() == "connection" for token in value.split(",")
    }
    return [(name, value) for name, value in fields if name.lower() not in HOP_BY_HOP | named]


class _Body:
    """Pass an upstream's body on as it comes, and the upstream back when it is done."""

    def __init__(self, connection: HTTPConnection, response: HTTPResponse, release: Callable[[], None]) -> None:
        self._connection = connection
        self._response = response
        self._release = release

    def __iter__(self) -> Iterator[bytes]:
        return iter(partial(self._response.read1, BLOCK), b"")

    def close(self) -> None:
        self._response.close()
        self._connection.close()
        self._release()
