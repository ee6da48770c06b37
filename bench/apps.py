"""The applications that every server under measurement runs."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HELLO = b"Hello, world!\n"
MEGABYTE = bytes(2**20)


def hello(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Greet; for a POST, read the body and tell its length."""
    body = HELLO
    if environ["REQUEST_METHOD"] == "POST":
        body = b"%d bytes\n" % len(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def trials(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer what the reliability checks ask: a large response, a slow one, the count of greenlets, or hello."""
    path = environ["PATH_INFO"]
    if path == "/large":
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(5 * len(MEGABYTE)))])
        return [MEGABYTE] * 5
    if path == "/slow":
        time.sleep(0.02)
    if path == "/upload":
        return _drain(environ, start_response)
    if path == "/greenlets":
        return _greenlets(start_response)
    return hello(environ, start_response)


def _drain(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    size = 0
    while chunk := environ["wsgi.input"].read(65536):
        size += len(chunk)
    body = b"%d bytes\n" % size
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def _greenlets(start_response: Callable[..., Any]) -> Iterable[bytes]:
    import greenlet  # noqa: PLC0415 - only the coroutine model has it loaded

    gc.collect()
    body = b"%d\n" % sum(isinstance(thing, greenlet.greenlet) for thing in gc.get_objects())
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
