"""PEP 3333: what an application answers becomes bytes.

Nothing here reads or writes a socket. `Response.run` calls the application; when it returns a list, the whole response
is one piece of bytes; otherwise `Response.stream` yields it piece by piece, the next made when the last has gone.
"""

import logging
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from email.utils import formatdate
from types import TracebackType
from typing import Any, Final, Protocol

from server.environ import Environ
from server.files import FileSlice, FileWrapper
from server.http11 import writer
from server.http11.errors import ProtocolError, ResponseError
from server.http11.request import Request
from server.http11.writer import Header

log = logging.getLogger("minnow")

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]
WSGIApplication = Callable[[Environ, Any], Iterable[bytes]]


class Client(Protocol):
    """Whoever a response goes to."""

    def transmit(self, data: bytes) -> None:
        """Write all of `data` before returning; raise `Disconnected` if that can't be done."""


def _never() -> bool:
    return False


class Host:
    """Whoever serves a response."""

    def __init__(self, keep_alive: bool) -> None:
        self.keep_alive = keep_alive
        """Whether connections go on; a worker that drains changes its mind."""
        self.is_draining: Callable[[], bool] = _never
        """Whether it is about to end; asked before each item of a stream."""


class Disconnected(Exception):
    """The client has gone; raised into an application that tries to send to it at once."""


TURN: Final = 100
"""Items of a stream after which others go on, even if the socket takes more; while the worker drains it is one."""


class _Tail:
    """The end of every head, made once a second: Date (RFC 9110 §6.6.1), Server, and the empty line."""

    def __init__(self) -> None:
        self._until = 0.0
        self._date = self._both = b""

    def lines(self) -> bytes:
        """Return it whole."""
        now = clock()
        if now >= self._until:
            second = int(now)
            self._until = second + 1.0
            self._date = b"Date: %b\r\n" % formatdate(second, usegmt=True).encode()
            self._both = self._date + SERVER + b"\r\n"
        return self._both

    def beside(self, head: writer.Head) -> bytes:
        """Return it without the fields that the application gave itself."""
        self.lines()
        return (b"" if head.dated else self._date) + (b"" if head.named else SERVER) + b"\r\n"


SERVER: Final = b"Server: minnow\r\n"
clock: Final = time.time
_tail: Final = _Tail()


def refusal(error: ProtocolError, request: Request | None = None) -> bytes:
    """Render the whole response that tells a client what it did wrong and that the connection ends."""
    body = f"{error.status.value} {error.status.phrase}: {error}\n".encode()
    head = (
        f"HTTP/1.1 {error.status.value} {error.status.phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n"
    )
    return head.encode() + _tail.lines() + (b"" if request is not None and request.method == "HEAD" else body)


def _up_to(size: int, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the first `size` octets of `blocks`, and ask for no more of them."""
    for block in blocks:
        yield block[:size]
        size -= len(block)
        if size <= 0:
            return


_COMING: Final[Iterable[bytes]] = iter(())
"""In the place of an application's iterable while the application runs."""


class Response:
    """One response: what the application gives by `start_response`, `write` and its iterable, made into bytes.

    Args:
        request: what is answered.
        host: is asked, when the head is made, whether the connection may go on; the outcome is in `keep_alive`.
        client: gets at once what an application says while it still runs: `write` and early hints.
    """

    # Class attributes as defaults: most responses never set most of them.
    _app_iter: Iterable[bytes] = _COMING
    _head: writer.Head | None = None
    _bodiless = False
    _chunked = False
    _remaining: int | None = None
    """Octets that the declared Content-Length still asks for; None when none is declared."""
    head_sent = False
    is_cut = False
    """Whether the response broke off after its head had gone."""
    body_sent = 0
    """Octets of body handed out, without chunk framing."""

    def __init__(self, request: Request, host: Host, client: Client) -> None:
        self._request = request
        self._host = host
        self._client = client
        self.keep_alive = request.section.keep_alive

    @property
    def status(self) -> int:
        """The status code; 0 before there is one."""
        return 0 if self._head is None else self._head.status

    # What the application calls.

    def start_response(
        self, status: str, headers: list[Header], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """Take the head of the response and return `write`, as PEP 3333 has it.

        Raises:
            ResponseError: they break a rule, or they came before and `exc_info` is not given.
            the exception of `exc_info`: the head has gone already.
        """
        if exc_info is not None:
            try:
                if self.head_sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # PEP 3333: no circular reference through the traceback
        elif self._head is not None:
            raise ResponseError("start_response was called a second time without exc_info (PEP 3333)")
        try:
            self._head = writer.heads[status, tuple(headers)]
        except TypeError as error:  # no list, or of something that can't be looked up
            raise ResponseError(f"headers must be a list of (str, str) tuples, not {headers!r} (PEP 3333)") from error
        return self.write

    def write(self, data: bytes) -> None:
        """Send `data` at once: PEP 3333's imperative way, for applications that know no other.

        Raises:
            ResponseError: `data` is no bytes, or more than the declared Content-Length, or the response has ended.
            Disconnected: the client has gone.
        """
        if isinstance(self._app_iter, (list, tuple)):  # `write` was kept: it would break into the next response
            raise ResponseError("write was called after the end of the response (PEP 3333)")
        if data:
            self._client.transmit(self._frame(data))

    def early_hints(self, headers: list[Header]) -> None:
        """Send an informational 103 response at once (RFC 8297), unless the client speaks HTTP/1.0.

        Raises:
            ResponseError: the headers break a rule.
            Disconnected: the client has gone.
        """
        hints = writer.render_early_hints(headers)
        if self._request.version != "HTTP/1.0" and not self.head_sent:
            self._client.transmit(hints)

    # What the session calls.

    def run(self, app: WSGIApplication, environ: Environ) -> bytes | None:
        """Call the application; return the whole response if it is all there, else None: `stream` has the rest."""
        try:
            app_iter = self._app_iter = app(environ, self.start_response)
            if (type(app_iter) is list or type(app_iter) is tuple) and not self.head_sent:
                return self._whole(app_iter)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - SystemExit, gevent.Timeout: its client gets an answer
            return self._failure(error)
        return None

    def stream(self) -> Generator[bytes | FileSlice, None, None]:
        """Yield the response piece by piece; each is asked for when the last has gone."""
        try:
            app_iter = self._app_iter
            if isinstance(app_iter, FileWrapper):
                yield from self._file(app_iter)
            else:
                yield from self._blocks(app_iter)
        except (GeneratorExit, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - as in `run`
            if answer := self._failure(error):
                yield answer

    def close(self) -> None:
        """Call the iterable's `close()`, always, as PEP 3333 wants; what it raises is logged."""
        app_iter, self._app_iter = self._app_iter, ()
        try:
            close = getattr(app_iter, "close", None)
            if close is not None:
                close()
        except KeyboardInterrupt:
            raise
        except BaseException:  # as in `run`
            log.exception("close() of the response to %s %s failed", self._request.method, self._request.target)

    @property
    def ends_by_close(self) -> bool:
        """Whether only the end of the connection tells the client where the body ends."""
        return self.head_sent and not (self._bodiless or self._chunked or self._remaining is not None)

    @property
    def _goes_without_body(self) -> bool:
        return self._request.method == "HEAD" or self.status in writer.BODILESS

    def _whole(self, blocks: Sequence[bytes]) -> bytes:
        body = blocks[0] if len(blocks) == 1 else b"".join(blocks)
        if type(body) is not bytes:
            body = writer.plain(body)
        size = len(body)
        declared = self._head.length if self._head is not None else None
        if declared is not None and declared != size and not self._goes_without_body:
            raise ResponseError(f"Content-Length says {declared}, the body has {size} bytes")
        head = self._open(size)
        if self._bodiless:
            return head
        self.body_sent = size
        return head + body

    def _blocks(self, app_iter: Iterable[bytes]) -> Generator[bytes, None, None]:
        for number, block in enumerate(app_iter, 1):
            is_draining = self._host.is_draining()
            if is_draining or not number % TURN:  # the worker has to look at the clock
                yield b""
            if block:
                yield self._frame(block)
                if self._bodiless:
                    return
                if is_draining and self._head is not None and self._head.endless:
                    break  # or the worker would wait for it in vain; an EventSource comes back with Last-Event-ID
        if not self.head_sent:
            yield self._whole(())
        if self._remaining:
            raise ResponseError(f"the body ended {self._remaining} bytes before its Content-Length")
        if self._chunked:
            yield writer.LAST_CHUNK

    def _file(self, wrapper: FileWrapper) -> Generator[bytes | FileSlice, None, None]:
        """Send a file from where it stands to its end, "or until Content-Length bytes have been written" (PEP 3333)."""
        declared = self._head.length if self._head is not None else None
        file = None if self.head_sent else wrapper.as_slice()
        if file is None:
            limit = self._remaining if self.head_sent else declared
            yield from self._blocks(wrapper if limit is None else _up_to(limit, wrapper))
            return
        if declared is not None and declared > file.size and not self._goes_without_body:
            raise ResponseError(f"Content-Length says {declared}, the file has {file.size} bytes")
        yield self._open(file.size)
        size = file.size if declared is None else declared
        if size and not self._bodiless:
            self.body_sent = size
            yield file._replace(size=size)

    def _frame(self, data: bytes) -> bytes:
        """Return `data` as it goes over the wire, behind the head if that has not gone yet."""
        if type(data) is not bytes:
            data = writer.plain(data)
        head = b"" if self.head_sent else self._open(None)
        if self._bodiless:
            return head
        if self._remaining is not None:
            if len(data) > self._remaining:
                self.head_sent = not head  # rendered, but not sent: there is still time for a 500
                raise ResponseError(
                    f"the body is longer than its Content-Length by {len(data) - self._remaining} bytes"
                )
            self._remaining -= len(data)
        self.body_sent += len(data)
        return head + (writer.chunk(data) if self._chunked else data)

    def _open(self, body_size: int | None) -> bytes:
        """Render the head and settle how the body ends (RFC 9112 §6.3); `body_size` is None until it is known."""
        head, request, extra = self._head, self._request, b""
        if head is None:
            raise ResponseError("the application returned without calling start_response (PEP 3333)")
        if request.method == "HEAD" or head.status in writer.BODILESS:  # _goes_without_body, without the call
            self._bodiless = True
            if body_size and head.length is None and head.status not in writer.BODILESS:
                extra = b"Content-Length: %d\r\n" % body_size
        elif head.length is not None:
            self._remaining = head.length
        elif body_size is not None:
            extra = b"Content-Length: %d\r\n" % body_size
        elif request.version != "HTTP/1.0":
            self._chunked = True
            extra = b"Transfer-Encoding: chunked\r\n"
        else:
            self.keep_alive = False  # RFC 9112 §6.3: the end of the connection is the end of the body
        if not (self.keep_alive and self._host.keep_alive):
            self.keep_alive = False
            extra += b"Connection: close\r\n"
        elif request.version == "HTTP/1.0":
            extra += b"Connection: keep-alive\r\n"
        self.head_sent = True
        return head.rendered + extra + (_tail.beside(head) if head.dated or head.named else _tail.lines())

    def _failure(self, error: BaseException) -> bytes:
        """Log what went wrong; return the 500 for it, or b"" when the head has gone and only a cut can tell."""
        if not isinstance(error, Disconnected):
            log.error("%s %s failed", self._request.method, self._request.target, exc_info=error)
        if self._app_iter is _COMING:  # it never came; now the response has its end
            self._app_iter = ()
        if self.head_sent:
            self.is_cut, self.keep_alive = True, False
            return b""
        self._head = writer.heads["500 Internal Server Error", (("Content-Type", "text/plain; charset=utf-8"),)]
        return self._whole([b"500 Internal Server Error\n"])
