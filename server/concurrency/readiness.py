"""Drive a session on a non-blocking socket as far as it goes, and say what to wait for.

This is the only place where sessions meet sockets. A model takes what `Connection.run` returns, waits for it in its own
way until `Connection.deadline`, and calls `run` again, or `expire` if the wait was in vain.
"""

import contextlib
import enum
import os
import select
import socket
import struct
from typing import Any, Final

from server.concurrency.base import Model, peer_of
from server.http11.errors import RequestTimeout
from server.session import REQUEST, Act, Endpoint, Session, Step, Want, connection, turned_away
from server.wsgi import Disconnected, FileSlice

RECEIVE = 16384
"""Octets asked for at a time; a head is smaller, a body comes in many pieces anyway."""
SENDFILE = 2 << 20
"""Octets of a file sent at a time."""
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, for no time: a close() sends a reset."""


class Interest(enum.Enum):
    """What a connection needs before it can go on."""

    READ = "the socket has to become readable"
    WRITE = "the socket has to become writable"
    CLOSE = "nothing more: it has ended and is closed"


advance: Final = next
BODY: Final = Want.BODY
END: Final = Act.END
READ: Final = Interest.READ
WRITE: Final = Interest.WRITE
CLOSE: Final = Interest.CLOSE
"""Names that never change: a compiled core finds them at once, while members and builtins are looked up."""


class Connection:
    """A client and its session on a non-blocking socket.

    Args:
        model: whose deadlines it keeps.
        endpoint: where the client came in.
        sock: the accepted connection; it is closed when `run` or `expire` returns CLOSE.
        address: what `accept` gave.
    """

    __slots__ = ("_model", "_output", "_session", "_want", "deadline", "sock")

    def __init__(self, model: Model, endpoint: Endpoint, sock: Any, address: Any) -> None:
        sock.setblocking(False)
        self.sock = sock
        self._model = model
        self._session: Session = (
            turned_away(endpoint.service, peer_of(address))
            if model.is_full()
            else connection(endpoint, peer_of(address), self)
        )
        self._output: memoryview | FileSlice | None = None
        self._want: Want | None = None
        self.deadline = 0.0
        """When the wait is over, by the clock of `time.monotonic()`."""

    def run(self) -> Interest:
        """Go on until the session or the socket has to wait; call it again when that has come true."""
        try:
            if self._output is not None:
                if not self._flush():
                    return WRITE
                self._want = None  # whatever is waited for next, its time begins now
            elif self._want is not None:
                data = self.sock.recv(RECEIVE)
                if self._want is BODY:
                    self.deadline = self._model.deadlines.prolong(self.deadline, len(data))
                return self._go(self._session.send(data))
            return self._go(advance(self._session, END))
        except BlockingIOError:
            return READ
        except (StopIteration, OSError, Disconnected):  # the session has ended, or the client has
            self.close()
            return CLOSE
        except BaseException:  # nobody's response, a KeyboardInterrupt for one: no reason to leave the client waiting
            self.close()
            raise

    def expire(self) -> Interest:
        """End a wait whose deadline has passed: a late request gets its 408, whatever else waits is closed."""
        try:
            if self._output is None and self._want in {Want.HEAD, Want.BODY}:
                return self._go(self._session.throw(RequestTimeout("the rest of the request did not come in time")))
        except (StopIteration, OSError, Disconnected):
            pass
        self.close()
        return CLOSE

    def hasten(self) -> None:
        """Let the worker drain: an idle connection gets a moment more at most, for its next request."""
        if self._want is Want.REQUEST and self._output is None:
            self.deadline = self._model.deadlines.hasten(self.deadline)

    def close(self) -> None:
        """End the session, wherever it stands, and close the socket."""
        try:
            self._session.close()
        finally:
            self.release()

    def release(self) -> None:
        """Close the socket; the session has ended."""
        self.sock.close()

    def transmit(self, data: bytes) -> None:
        """Write all of `data` before returning: what an application says while it still runs.

        Raises:
            Disconnected: the client has gone, or does not take it in time.
        """
        try:
            done = self._send(data)
            while not done:
                if not self.wait_writable():
                    raise Disconnected  # noqa: TRY301 - the end is the same
                done = self._flush()
        except (OSError, Disconnected) as error:
            with contextlib.suppress(OSError):  # half of `data` may have gone: nothing else may stand in its place
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                self.sock.shutdown(socket.SHUT_RDWR)
            raise Disconnected from error

    def wait_writable(self) -> bool:
        """Wait until the socket takes more; False when it does not within `write_timeout`.

        A model with a better way of waiting overrides this one.
        """
        poll = select.poll()
        poll.register(self.sock, select.POLLOUT)
        return bool(poll.poll(self._model.settings.write_timeout * 1000))

    def _go(self, step: Step) -> Interest:
        """Do what the session asks until it wants to wait for the client, or the socket for the network, or ends."""
        session = self._session
        if step is self._want and step is not REQUEST:
            return READ  # more of the same is wanted, and no more time is given
        while True:
            if type(step) is bytes:
                if not self._send(step):
                    return WRITE
            elif isinstance(step, Want):
                self._want = step
                self.deadline = self._model.deadlines.first(step)
                return READ
            elif isinstance(step, FileSlice):
                self._output = step
                if not self._flush():
                    return WRITE
            elif step is END:
                self.release()
                return CLOSE
            elif step is Act.SHUTDOWN:
                self.sock.shutdown(socket.SHUT_WR)
            else:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            step = advance(session, END)  # to catch an exception would cost more

    def _send(self, data: bytes) -> bool:
        """Write `data`; False when some of it is left for `_flush`, or nothing, but the turn ends."""
        try:
            sent = self.sock.send(data)
        except BlockingIOError:
            sent = 0
        if sent == len(data) and data:
            return True
        self._output = memoryview(data)[sent:]
        self.deadline = self._model.deadlines.write()
        return False

    def _flush(self) -> bool:
        """Write what is left; False when the socket takes no more of it now. Each bit of progress earns new time."""
        output = self._output
        try:
            while output:
                rest = self._send_file(output) if isinstance(output, FileSlice) else output[self.sock.send(output) :]
                output = self._output = rest
                self.deadline = self._model.deadlines.write()
                if isinstance(rest, FileSlice):
                    return False  # others get a turn: a client that reads fast would take any size in one call
        except BlockingIOError:
            return False
        self._output = None
        return True

    def _send_file(self, part: FileSlice) -> FileSlice | None:
        """Send a piece of the file; return what is left of it, None when nothing is."""
        if part.size > SENDFILE:
            self._cork(True)
        sent = os.sendfile(self.sock.fileno(), part.file.fileno(), part.offset, min(part.size, SENDFILE))
        if not sent:
            raise Disconnected  # the file has become shorter: only a cut can tell the client
        if sent == part.size:
            if part.offset:  # perhaps it was corked
                self._cork(False)
            return None
        return part._replace(offset=part.offset + sent, size=part.size - sent)

    def _cork(self, on: bool) -> None:
        """Have only full segments sent, or the rest at once; a Unix socket knows none."""
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, on)
