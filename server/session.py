"""One connection as a generator: all of HTTP and WSGI, and no input or output.

A session yields what it wants done and is resumed when that is done:

    bytes               write them, all of them; b"" says that others may have a turn now
    FileSlice           send that part of a file
    Want                wait for bytes and send() them in; b"" says that the client has ended its side
    Act                 SHUTDOWN the writing side, or let the close be a RESET

It returns when the connection is to be closed. The driver (`concurrency/readiness.py`) keeps the deadline that belongs
to each `Want`: it throws `RequestTimeout` when HEAD or BODY take too long, and just closes an idle connection. When the
client has gone, the driver closes the generator.
"""

import enum
from collections.abc import Generator
from io import BytesIO
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar, Final

from server.body import Body
from server.environ import Environ, Environs
from server.files import FileSlice, FileWrapper
from server.http11 import framing, reader, writer
from server.http11.errors import BadFraming, BadRequestLine, ProtocolError, TooManyConnections
from server.http11.request import Request
from server.wsgi import Client, Host, Response, WSGIApplication, refusal

if TYPE_CHECKING:
    from server.accesslog import AccessLog
    from server.config import Settings


class Want(enum.Enum):
    """What a session waits for; each has a deadline of its own."""

    REQUEST = "the first byte of a request: the connection is idle"
    HEAD = "the rest of a head"
    BODY = "more of a body"
    LINGER = "the client's end, after ours"


class Act(enum.Enum):
    """What a session has done to its connection."""

    SHUTDOWN = "no more is written, the client may still send"
    RESET = "the close shall be seen as a failure"
    END = "no step, but what a driver puts in the place of the one that does not come"


REQUEST: Final = Want.REQUEST
"""A global is found sooner than an enum's member, and this one is yielded for every request."""

Step = bytes | FileSlice | Want | Act
Session = Generator[Step, bytes, None]


class Service(Host):
    """What all sessions of a worker share.

    Args:
        app: the WSGI application.
        settings: limits and deadlines.
        access_log: gets a record of every exchange; None when there is no log.
        keep_alive: whether the concurrency model can afford a connection that waits for its next request.
    """

    def __init__(
        self, app: WSGIApplication, settings: "Settings", access_log: "AccessLog | None", *, keep_alive: bool = True
    ) -> None:
        super().__init__(keep_alive)
        self.app = app
        self.settings = settings
        self.access_log = access_log
        self.patient = keep_alive
        """Whether a connection may wait for its client at all, as it does after a last answer that is news to it."""
        self.small_body = min(settings.body_memory, settings.body_limit)
        """Octets of a body that needs no `Body` if it is here already."""
        self.limits = reader.Limits(
            settings.request_line_limit, settings.field_count_limit, settings.head_limit, settings.body_limit
        )

    def record(self, peer: tuple[str, str], request: Request | None, status: int, sent: int, seconds: float) -> None:
        """Log an exchange, if there is a log; `request` is None when what came never became one."""
        if self.access_log is not None:
            self.access_log.record(peer[0], request, status, sent, seconds)


LONGEST_KNOWN: Final = 512
"""Octets of a request that may be remembered whole; to look a longer one up costs more than it brings."""
LONGEST_KNOWN_HEAD: Final = LONGEST_KNOWN - len(reader.END_OF_HEAD)


class Endpoint:
    """What all sessions of a listener share: the service, and what an environ says of the listener.

    Args:
        service: what the worker's listeners share.
        address: the listener's `getsockname()`.
    """

    ROOM: ClassVar = 256

    def __init__(self, service: Service, address: Any, *, multithread: bool, multiprocess: bool) -> None:
        self.service = service
        name, port = (address[0], str(address[1])) if isinstance(address, tuple) else ("localhost", "80")
        name = f"[{name}]" if ":" in name else name  # RFC 3875 §4.1.14
        self._environs = Environs(
            name, port, multithread=multithread, multiprocess=multiprocess, file_wrapper=FileWrapper
        )
        self.known: dict[bytes, tuple[Request, Environ]] = {}
        """Short requests that came twice lately, whole: those of health checks and API clients never change."""
        self.seen: set[bytes] = set()
        """Those that came once. Both are bounded."""

    def open(self, head: bytes) -> tuple[Request, Environ]:
        """Parse a head; return the request and an environ for it.

        Raises:
            ProtocolError: the head is refused.
        """
        request = reader.parse_head(head, self.service.limits)
        environ = self._environs.make(request)
        section = request.section
        if len(head) <= LONGEST_KNOWN_HEAD and not (section.content_length or section.chunked):
            self._remember(head + reader.END_OF_HEAD, request, environ)
        return request, environ

    def _remember(self, whole: bytes, request: Request, environ: Environ) -> None:
        if whole not in self.seen:
            if len(self.seen) >= self.ROOM:
                self.seen.clear()
            self.seen.add(whole)
            return
        if len(self.known) >= self.ROOM:
            self.known.clear()
        self.known[whole] = request, environ.copy()


# In one piece, as each sub-generator would cost every request what the parsing of three fields costs.
def connection(endpoint: Endpoint, peer: tuple[str, str], client: Client) -> Session:  # noqa: C901, PLR0912, PLR0915
    """Serve one connection from its first byte to its last.

    Args:
        endpoint: where the client came in.
        peer: the client's address and port; ("", "") on a Unix socket.
        client: takes what an application says while it still runs.
    """
    service = endpoint.service
    data = b""
    request = None
    try:
        while True:
            if not data:
                data = yield REQUEST
                if not data:
                    return
            body = None
            known = endpoint.known.get(data) if len(data) <= LONGEST_KNOWN else None
            if known is not None:
                request, environ, data = known[0], known[1].copy(), b""
            else:
                end = data.find(reader.END_OF_HEAD)
                if end < 1 or data[0] == reader.CR:  # not all of it is here, or an empty line comes first
                    if not (data := (yield from _read_head(data, service.limits))):
                        return
                    end = data.index(reader.END_OF_HEAD)
                request, environ = endpoint.open(data[:end])
                data = data[end + 4 :]
                size = request.section.content_length
                if 0 < size <= len(data) and size <= service.small_body:  # a form: it came with its head
                    environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(data[:size]), str(size)
                    data = data[size:]
                elif size or request.section.chunked:
                    body, data = yield from _read_body(request, data, service)
                    environ["wsgi.input"], environ["CONTENT_LENGTH"] = body.file, str(body.size)
                    environ.pop("HTTP_TRANSFER_ENCODING", None)  # RFC 9112 §7.1.3: it was taken off
            environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = peer
            response = Response(request, service, client)
            environ["wsgi.early_hints"] = response.early_hints
            started = perf_counter() if service.access_log is not None else 0.0
            whole = None
            try:
                whole = response.run(service.app, environ)
                if whole is None:
                    yield from response.stream()
                elif whole:
                    yield whole
            finally:
                if whole is None:  # else it was a list
                    response.close()
                if body is not None:
                    body.close()
                if service.access_log is not None:
                    service.record(peer, request, response.status, response.body_sent, perf_counter() - started)
            if response.is_cut:
                if response.ends_by_close:
                    yield Act.RESET
                return
            if not response.keep_alive:
                if request.section.keep_alive and service.patient:
                    data = UNREAD  # the end is news to the client: its next request may be on the way
                break
            request = None
            del environ, response, whole, body, known  # an idle connection holds on to nothing of its last request
    except ProtocolError as error:
        yield refusal(error, request)
        service.record(peer, request, error.status, 0, 0.0)
        data = UNREAD
    if data:
        yield from _linger()


UNREAD: Final = b"what the client may still be sending"


def _read_head(data: bytes, limits: reader.Limits) -> Generator[Step, bytes, bytes]:
    """Collect a head that comes in pieces; return it and what followed, b"" if the client left before it began."""
    head_reader = reader.HeadReader(limits)
    while (whole := head_reader.feed(data)) is None:
        data = yield Want.HEAD if head_reader.has_begun else Want.REQUEST
        if not data and head_reader.has_begun:
            raise BadRequestLine("the head ended early")
        if not data:
            return b""
    return whole


def _read_body(request: Request, data: bytes, service: Service) -> Generator[Step, bytes, tuple[Body, bytes]]:
    """Read the body that the head announced; return it and what followed it."""
    body_reader = framing.body_reader(request, service.limits)
    if request.section.expect_continue and not data:
        yield writer.CONTINUE
    body = Body(service.settings.body_memory)
    try:
        while True:
            body.write(body_reader.feed(data))
            if body_reader.rest is not None:
                body.rewind()
                return body, body_reader.rest
            data = yield Want.BODY
            if not data:
                raise BadFraming("the body ended early")  # noqa: TRY301 - the body has to be closed here, too
    except BaseException:
        body.close()
        raise


def turned_away(service: Service, peer: tuple[str, str]) -> Session:
    """Serve a connection that is one too many: tell it so, without waiting for its request."""
    error = TooManyConnections("all connections are taken, try again in a moment")
    service.record(peer, None, error.status, 0, 0.0)
    yield refusal(error)
    yield from _linger()


def _linger() -> Session:
    """Close so that the last answer arrives: bytes still unread at a close() would make it a reset (RFC 9112 §9.6)."""
    yield Act.SHUTDOWN
    while (yield Want.LINGER):
        pass
