"""Drive a session without a socket: bytes in, bytes out, and what the application saw on the way."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from unittest import mock

from server import session
from server.config import Settings
from server.files import FileSlice
from server.http11.errors import ProtocolError
from server.http11.request import Request
from server.session import Act, Endpoint, Service, Step, Want
from server.wsgi import Disconnected, Environ, WSGIApplication

PEER = ("192.0.2.7", "50007")


@dataclass
class Call:
    """One call of the application."""

    environ: Environ
    body: bytes


@dataclass
class Echo:
    """An application that remembers its calls; it answers "ok"."""

    calls: list[Call] = field(default_factory=list)

    def __call__(self, environ: Environ, start_response: Callable[..., object]) -> list[bytes]:
        """Read the whole body and answer."""
        self.calls.append(Call(environ, environ["wsgi.input"].read()))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]


@dataclass
class Record:
    """One line of the access log."""

    peer: str
    request: Request | None
    status: int
    sent: int


class Records(list[Record]):
    """An access log to look at."""

    def record(self, peer: str, request: Request | None, status: int, sent: int, seconds: float) -> None:
        """Keep a line."""
        assert seconds >= 0
        self.append(Record(peer, request, status, sent))


class Client:
    """The other end of one session: gives it bytes, and collects what it does.

    Args:
        app: the application; None is an `Echo`, found in `echo`.
        settings: by their names, as in `server.config.Settings`.
    """

    def __init__(
        self, app: WSGIApplication | None = None, *, keep_alive: bool = True, address: Any = None, **settings: Any
    ) -> None:
        self.echo = Echo()
        self.output = b""
        self.writes: list[bytes] = []
        """The output, write by write."""
        self.steps: list[Step] = []
        """All that the session asked for, bytes excepted."""
        self.error: ProtocolError | None = None
        """Why the session refused what it got."""
        self.ended = False
        self.gone = False
        """Whether this client has vanished: what is sent to it at once fails."""
        self.records = Records()
        self.service = Service(app or self.echo, Settings(**settings), self.records, keep_alive=keep_alive)  # type: ignore[arg-type] # Records has the log's only method
        self.endpoint = Endpoint(self.service, address or ("192.0.2.1", 8000), multithread=False, multiprocess=False)
        self._session = session.connection(self.endpoint, PEER, self)
        self._step(lambda: next(self._session))

    @property
    def wants(self) -> Want | None:
        """What the session waits for; None when it has ended."""
        last = self.steps[-1] if self.steps and not self.ended else None
        return last if isinstance(last, Want) else None

    def send(self, *pieces: bytes) -> "Client":
        """Give the session bytes, piece by piece, as long as it wants any."""
        for piece in pieces:
            if piece and not self.ended:
                self._step(partial(self._session.send, piece))
        return self

    def finish(self) -> "Client":
        """End the client's side; the session must end its own."""
        for _ in range(2):  # a refusal lingers, so it asks once more
            if not self.ended:
                self._step(lambda: self._session.send(b""))
        assert self.ended
        return self

    def throw(self, error: BaseException) -> "Client":
        """Raise `error` where the session waits, as a driver does when a deadline has passed."""
        if isinstance(error, ProtocolError):
            self.error = error
        self._step(lambda: self._session.throw(error))
        return self

    def close(self) -> "Client":
        """Close the session, as a driver does when the client has gone."""
        self._session.close()
        self.ended = True
        return self

    def _step(self, resume: Callable[[], Step]) -> None:
        """Resume the session, and go on until it wants bytes or ends."""

        def spy(error: ProtocolError, *args: object) -> None:
            Exception.__init__(error, *args)
            self.error = error

        # Not a look into the session: compiled, it lets nobody look. The last error that is made is the one told.
        with mock.patch.object(ProtocolError, "__init__", spy):
            try:
                step = resume()
                while not isinstance(step, Want):
                    self._do(step)
                    step = next(self._session)
            except StopIteration:
                self.ended = True
            else:
                self.steps.append(step)

    def _do(self, step: bytes | FileSlice | Act) -> None:
        if isinstance(step, bytes):
            self.output += step
            self.writes.append(step)
        else:
            self.steps.append(step)
        if isinstance(step, FileSlice):
            self.output += os.pread(step.file.fileno(), step.size, step.offset)

    def transmit(self, data: bytes) -> None:
        """Take what the application says while it runs."""
        if self.gone:
            raise Disconnected
        self.output += data


def talk(data: bytes | Iterable[bytes], app: WSGIApplication | None = None, **settings: Any) -> Client:
    """Send everything to a new session, then end the client's side."""
    return Client(app, **settings).send(*([data] if isinstance(data, bytes) else data)).finish()


def get(app: WSGIApplication, target: str = "/", method: str = "GET", version: str = "1.1", **settings: Any) -> Client:
    """Ask an application for one page."""
    return talk(f"{method} {target} HTTP/{version}\r\nHost: example.com\r\n\r\n".encode("latin-1"), app, **settings)


def split(data: bytes, size: int) -> list[bytes]:
    """Cut bytes into pieces of `size`."""
    return [data[start : start + size] for start in range(0, len(data), size)]


@dataclass
class Answer:
    """A response, taken apart by as little code as will do."""

    status: int
    reason: str
    fields: dict[str, str]
    body: bytes
    """Everything behind the head, as it came."""


def answers(output: bytes) -> list[Answer]:
    """Take apart output that is any number of responses, each with a Content-Length or without a body."""
    found = []
    while output:
        one = answer(output)
        size = int(one.fields.get("content-length", 0))
        one.body, output = one.body[:size], one.body[size:]
        found.append(one)
    return found


def answer(output: bytes) -> Answer:
    """Take apart output that is one response."""
    head, end, body = output.partition(b"\r\n\r\n")
    assert end, f"no head in {output!r}"
    line, *lines = head.decode("latin-1").split("\r\n")
    version, status, reason = line.split(" ", 2)
    assert version == "HTTP/1.1"
    return Answer(int(status), reason, {name.lower(): value for name, value in (x.split(": ", 1) for x in lines)}, body)
