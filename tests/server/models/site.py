"""The application that every model serves in these tests; a path for each thing that may happen."""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import cache
from typing import Any
from urllib.parse import parse_qs

Environ = dict[str, Any]

BLOCK = b"0123456789abcdef" * 4096
BLOCKS = 320
"""Together 20 MiB: more than the buffers of two sockets hold."""
FLASK_BLOCKS = 96
"""Together 6 MiB: still more than one socket takes at once."""


def app(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer by the first segment of the path."""
    name = environ["PATH_INFO"].split("/")[1]
    if name == "flask":
        flask: Iterable[bytes] = flask_app()(environ, start_response)
        return flask
    return VIEWS[name](environ, start_response)


def hello(_environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer in one piece."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello\n"]


def echo(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with the request's body."""
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return [environ["wsgi.input"].read()]


def facts(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with what the environ says, and with who serves."""
    told = {key: environ[key] for key in ("wsgi.multithread", "wsgi.multiprocess", "REMOTE_ADDR", "REMOTE_PORT")}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({**told, "pid": os.getpid()}).encode()]


def stream(_environ: Environ, start_response: Callable[..., Any]) -> Iterator[bytes]:
    """Answer in pieces of a length that nobody knows before."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"one "
    yield b""
    yield b"two "
    yield b"three"


def events(_environ: Environ, start_response: Callable[..., Any]) -> Iterator[bytes]:
    """Send events without end."""
    start_response("200 OK", [("Content-Type", "text/event-stream")])
    while True:
        yield b"data: now\n\n"
        time.sleep(0.05)


def write(_environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer in PEP 3333's imperative way, with more than a socket's buffer holds."""
    send = start_response("200 OK", [("Content-Length", str(len(BLOCK) * BLOCKS))])
    for _ in range(BLOCKS):
        send(BLOCK)
    return []


def large(_environ: Environ, start_response: Callable[..., Any]) -> Iterator[bytes]:
    """Answer with 20 MiB, block by block."""
    start_response("200 OK", [("Content-Length", str(len(BLOCK) * BLOCKS))])
    for _ in range(BLOCKS):
        yield BLOCK


def file(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with 20 MiB from a file."""
    content = tempfile.TemporaryFile()  # noqa: SIM115 - the server closes what it is given
    for _ in range(BLOCKS):
        content.write(BLOCK)
    content.seek(0)
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](content)
    return wrapped


def fail(_environ: Environ, _start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Fail before the head."""
    raise RuntimeError("as the test wants")


def leave(_environ: Environ, _start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Try to end the process, as a script that became a view might."""
    raise SystemExit("as the test wants")


def fail_late(environ: Environ, start_response: Callable[..., Any]) -> Iterator[bytes]:
    """Fail after the head; with a Content-Length if the query is "length"."""
    start_response("200 OK", [("Content-Length", "100")] if environ["QUERY_STRING"] == "length" else [])
    yield b"begun"
    raise RuntimeError("as the test wants")


def hold(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Tell by one file that it is called, and answer when there is the other."""
    asked = parse_qs(environ["QUERY_STRING"])
    open(asked["begun"][0], "w").close()  # noqa: PTH123 - as in `gate`
    while not os.path.exists(asked["until"][0]):  # noqa: PTH110 - as in `gate`
        time.sleep(0.005)
    return hello(environ, start_response)


def gate(environ: Environ, start_response: Callable[..., Any]) -> Iterator[bytes]:
    """Begin to answer, then wait for the file that the query names."""
    (path,) = parse_qs(environ["QUERY_STRING"])["until"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"begun "
    while not os.path.exists(path):  # noqa: PTH110 - nothing but the one call that a model may have to make wait
        time.sleep(0.005)
    yield b"ended"


class Endless:
    """A response without end that leaves a file behind when it is closed: large blocks, or small ones with pauses."""

    def __init__(self, path: str, *, drips: bool) -> None:
        self._path = path
        self._drips = drips
        self._content = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._content.truncate(1 << 40)  # no block of it is on the disk

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield b"." if self._drips else BLOCK
            time.sleep(0.01 * self._drips)

    def fileno(self) -> int:
        """Return the descriptor that sendfile takes."""
        return self._content.fileno()

    def tell(self) -> int:
        """Return where to begin."""
        return 0

    def close(self) -> None:
        """Tell the test."""
        self._content.close()
        with open(self._path, "w"):  # noqa: PTH123 - as in `gate`
            pass


def endless(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer until the client has had enough, in the way and with the file for `close` that the query names."""
    asked = parse_qs(environ["QUERY_STRING"])
    content = Endless(asked["closed"][0], drips=asked["by"][0] == "drops")
    send = start_response("200 OK", [("Content-Type", "text/plain")])
    match asked["by"][0]:
        case "file":
            wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](content)
            return wrapped
        case "write":
            with closing(content):
                for block in content:
                    send(block)
    return content


VIEWS: dict[str, Callable[[Environ, Callable[..., Any]], Iterable[bytes]]] = {
    view.__name__: view
    for view in (hello, echo, facts, stream, events, write, large, file, fail, leave, fail_late, hold, gate, endless)
}


@cache
def flask_app() -> Callable[[Environ, Callable[..., Any]], Iterable[bytes]]:
    """Return a Flask application as its manual has it; imported when a test asks for it, as it takes a while."""
    import flask  # noqa: PLC0415

    application = flask.Flask("streaming")

    @application.route("/flask/<name>")
    def streamed(name: str) -> flask.Response:
        def lines() -> Iterator[str]:
            for _ in range(FLASK_BLOCKS):
                assert flask.request.view_args is not None
                line = f"{name} {flask.request.view_args['name']} {flask.request.args['tag']}\n"
                yield line * (len(BLOCK) // len(line))

        return flask.Response(flask.stream_with_context(lines()), mimetype="text/plain")

    return application
