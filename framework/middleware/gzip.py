"""Compress responses where no proxy in front does it."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from framework.negotiation import parse_preferences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from framework.middleware.wsgi import Environ, Fields, StartResponse, WSGIApp

TYPES = ("text/", "application/json", "application/javascript", "application/xml", "image/svg+xml")
SMALLEST = 500  # bytes: below that the header costs more than it saves
LEVEL = 5  # of 9: beyond it time rises faster than size falls
GZIP = 31  # zlib's wbits for the gzip format with the largest window


class Gzip:
    """Compress text for clients that accept gzip; streams stay streams.

    A page that holds a secret beside text that an attacker chooses gives the secret away by its compressed size
    (BREACH): mark such a page with ``Cache-Control: no-transform``, and it is left as it is.
    """

    def __init__(self, app: WSGIApp, *, level: int = LEVEL) -> None:
        self._app = app
        self._level = level

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a WSGI request."""
        accepted = environ["REQUEST_METHOD"] != "HEAD" and _accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
        response = _Response(start_response, zlib.compressobj(self._level, zlib.DEFLATED, GZIP) if accepted else None)
        body = self._app(environ, response.start)
        if accepted and response.wanted is not False:  # None: an application may start when it is iterated
            return _Body(body, response)
        return body


class _Response:
    """Decide whether a response is compressed as soon as its header is known."""

    def __init__(self, start_response: StartResponse, compressor: Any) -> None:
        self._start_response = start_response
        self._compressor = compressor
        self._flush = zlib.Z_SYNC_FLUSH
        self.wanted: bool | None = None

    def start(self, status: str, fields: Fields, exc_info: Any = None) -> Callable[[bytes], object]:
        named = {name.lower(): value for name, value in fields}
        worth_it = _is_worth_it(status, named)
        self.wanted = worth_it and self._compressor is not None
        if worth_it:
            fields = [*fields, ("Vary", "Accept-Encoding")]
        if self.wanted:
            self._flush = zlib.Z_NO_FLUSH if "content-length" in named else zlib.Z_SYNC_FLUSH
            fields = [(name, _weak(name, value)) for name, value in fields if name.lower() != "content-length"]
            fields.append(("Content-Encoding", "gzip"))
        write: Callable[[bytes], object] = self._start_response(status, fields, exc_info)
        return lambda chunk: write(self.encode(chunk))

    def encode(self, chunk: bytes) -> bytes:
        """Compress a chunk; what has no known length is a stream, whose chunks must not wait for each other."""
        if not self.wanted:
            return chunk
        return bytes(self._compressor.compress(chunk)) + (self._compressor.flush(self._flush) if self._flush else b"")

    def end(self) -> bytes:
        return bytes(self._compressor.flush()) if self.wanted else b""


class _Body:
    """Compress the items of a body."""

    def __init__(self, body: Iterable[bytes], response: _Response) -> None:
        self._body = body
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._body:
            yield self._response.encode(chunk)
        yield self._response.end()

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        if close is not None:
            close()


def _accepts_gzip(header: str) -> bool:
    weights = {coding.lower(): weight for coding, weight in parse_preferences(header)}
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _is_worth_it(status: str, fields: dict[str, str]) -> bool:
    length = fields.get("content-length", "")
    return (
        fields.get("content-type", "").startswith(TYPES)
        and not (length.isdigit() and int(length) < SMALLEST)
        and not fields.keys() & {"content-encoding", "content-range"}
        and "no-transform" not in fields.get("cache-control", "")
        and status[:3] not in {"204", "304"}
    )


def _weak(name: str, value: str) -> str:
    """Make an entity-tag weak: the bytes are others now (RFC 9110 §8.8.3)."""
    return f"W/{value}" if name.lower() == "etag" and value.startswith('"') else value
