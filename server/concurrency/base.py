"""The contract of a concurrency model, and what all of them share to meet it."""

import contextlib
import errno
import os
import select
import socket
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from server.session import REQUEST, Endpoint, Service, Want
from server.wsgi import WSGIApplication

if TYPE_CHECKING:
    from server.accesslog import AccessLog
    from server.config import Settings

DRAIN_IDLE = 1.0
"""Seconds that an idle connection keeps when the worker drains: its next request may be on the way already."""
LINGER_TIMEOUT = 2.0
"""Seconds that a client gets to take the last answer and close (RFC 9112 §9.6)."""

SWEEP: Final = 1.0
"""Seconds between two looks at the deadlines where one loop has all connections, and so the deadlines' precision."""
DRAIN_SWEEP: Final = 0.05
"""The same while the worker drains."""

CLOSING = 0.2
"""Seconds after the end of the grace in which connections that others drive (threads, children) get to be closed."""
LOOK_UP = 1.0
"""Seconds after which a wait for clients looks up: a signal that came just before it did not end it."""

OUT_OF_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""What `accept` fails with when descriptors or memory have run out: the clients wait in the backlog meanwhile."""
ACCEPT_AT_ONCE = 64
"""Clients accepted from a listener before those that are here already get their turn."""
MOST_AT_UNIX = 1024
"""Clients accepted from a Unix socket at the end of all: the kernel does not tell how many wait there."""
TCP_INFO_UNACKED = 24
"""Where in Linux's `struct tcp_info` an unsigned int says how many clients wait at a listener."""
OUT_OF_RESOURCES_PAUSE = 0.1
"""Seconds before the next try when `accept` fails for want of descriptors or memory."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a model can and can't do, for its users to choose by."""

    keep_alive: bool
    """Whether connections go on after a response, or waiting for the next request would block others."""
    multithread: bool
    """`wsgi.multithread`: whether the application may be called again while it runs, in the same process."""
    multiprocess: bool
    """Whether the model serves connections in processes of its own."""
    views_block_others: bool
    """Whether a view that waits (for a database, say) holds up the other clients of the worker."""
    c10k: bool
    """Whether 10,000 connections are within its reach."""


class Stop:
    """A flag to wait for beside sockets: once set, its descriptor is readable for good, for every thread."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._parent: Any = None
        """Asked, in a child that follows, whether the parent has called `set`, or has died."""
        self.deadline = float("inf")
        """`time.monotonic()` by which everything is to end; infinite until `set`."""

    def fileno(self) -> int:
        """Return the descriptor that becomes readable."""
        return self._read

    @property
    def is_set(self) -> bool:
        """Whether the end was asked for."""
        return self.deadline != float("inf") or (self._parent is not None and bool(self._parent.poll(0)))

    def set(self, grace: float) -> None:
        """Ask for the end within `grace` seconds; a later call may only bring it nearer. Safe in a signal handler."""
        self.deadline = min(self.deadline, time.monotonic() + grace)
        with contextlib.suppress(BlockingIOError):
            os.write(self._write, b".")

    def follow(self) -> None:
        """In a forked child, hear only the parent: its `set`, and its death, which closes the pipe."""
        os.close(self._write)
        self._parent = select.poll()
        self._parent.register(self._read, select.POLLIN)

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self._read)
        os.close(self._write)


class Deadlines:
    """How long a driver waits for what a session wants; all of them absolute, by the clock of `time.monotonic()`.

    Args:
        settings: `head_timeout`, `body_timeout`, `body_rate`, `idle_timeout`, `write_timeout`.
    """

    __slots__ = ("_body_rate", "_write", "body", "head", "idle", "now")

    def __init__(self, settings: "Settings") -> None:
        self.now: Callable[[], float] = time.monotonic
        self._body_rate = settings.body_rate
        self._write = settings.write_timeout
        self.idle = settings.idle_timeout
        self.head = settings.head_timeout
        self.body = settings.body_timeout

    def first(self, want: Want) -> float:
        """Return the deadline of a wait that begins now."""
        if want is REQUEST:
            return self.now() + self.idle
        if want is Want.LINGER:
            return self.now() + LINGER_TIMEOUT
        return self.now() + (self.head if want is Want.HEAD else self.body)

    def prolong(self, deadline: float, received: int) -> float:
        """Return the new deadline of a body of which `received` more bytes came.

        Every byte earns time, so that a body has to keep up `body_rate`, but never more than `body_timeout` ahead.
        """
        return min(deadline + received / self._body_rate, self.now() + self.body)

    def write(self) -> float:
        """Return the deadline of a wait for the client to take more."""
        return self.now() + self._write

    def hasten(self, deadline: float) -> float:
        """Return the deadline of an idle connection from now on, since the worker drains."""
        return min(deadline, self.now() + DRAIN_IDLE)

    def drain(self) -> None:
        """Let connections that become idle from now on end soon."""
        self.idle = min(DRAIN_IDLE, self.idle)


class Model(ABC):
    """A way of waiting: accepts connections, drives their sessions, and ends when asked.

    Args:
        app: the WSGI application, middleware and all.
        settings: limits, deadlines and the size of pools.
        access_log: gets a record of every exchange; None when there is no log.
    """

    traits: ClassVar[Traits]

    @classmethod  # noqa: B027 - most models have nothing to prepare
    def prepare(cls) -> None:
        """Prepare the process before the application is imported."""

    def __init__(self, app: WSGIApplication, settings: "Settings", access_log: "AccessLog | None") -> None:
        self.settings = settings
        self.service = Service(app, settings, access_log, keep_alive=self.traits.keep_alive)
        self.last_app = app
        """What answers instead of `app` once the worker drains."""
        self.service.is_draining = self.is_draining
        self.draining = False
        self.deadlines = Deadlines(settings)
        self.multiprocess = self.traits.multiprocess or settings.workers > 1
        self.stopping = Stop()

    def endpoint(self, listener: socket.socket) -> Endpoint:
        """Return what the sessions of `listener` share; prepare it for those that it accepts."""
        if listener.family != socket.AF_UNIX:
            # Accepted sockets inherit it. Without it, a streamed response's second block waits for the client to
            # acknowledge the first, which takes 40 ms (Nagle's algorithm and delayed ACK).
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Endpoint(
            self.service,
            listener.getsockname(),
            multithread=self.traits.multithread,
            multiprocess=self.multiprocess,
        )

    def is_full(self) -> bool:
        """Tell whether a client is one too many and has to be turned away; False where it waits in the backlog."""
        return False

    @abstractmethod
    def serve(self, listeners: Sequence[socket.socket]) -> None:
        """Serve until `stop` was called and all connections have ended, or their grace has."""

    def stop(self, grace: float) -> None:
        """Take no more connections and end the open ones within `grace` seconds; 0 is at once.

        Never blocks, and may be called again and from a signal handler.
        """
        self.drain()
        self.stopping.set(grace)

    def is_draining(self) -> bool:
        """Tell whether `drain` was called, or should have been."""
        return self.draining

    def drain(self) -> None:
        """Make every response from now on the last of its connection, end event streams, and idle times soon."""
        self.service.keep_alive = False
        self.draining = True
        self.service.app = self.last_app
        self.deadlines.drain()


def peer_of(address: Any) -> tuple[str, str]:
    """Return host and port of an address that `accept` gave; ("", "") for a Unix socket."""
    # Interned: behind a proxy all clients have one address, and each connection keeps it.
    return (sys.intern(address[0]), str(address[1])) if isinstance(address, tuple) else ("", "")


def accept(listener: socket.socket) -> tuple[socket.socket, Any] | None:
    """Accept a client of a non-blocking listener; None when there is none, or nothing left to serve it with."""
    try:
        return listener.accept()
    except (BlockingIOError, ConnectionAbortedError):  # another worker has been quicker, or the client gave up
        return None
    except OSError as error:
        if error.errno not in OUT_OF_RESOURCES:
            raise
        time.sleep(OUT_OF_RESOURCES_PAUSE)
        return None


def waiting_at(listener: socket.socket) -> int:
    """Return how many clients wait at a listener now: a worker that ends takes those, and none that come later."""
    if listener.family == socket.AF_UNIX:
        return MOST_AT_UNIX
    info = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_UNACKED + 4)
    return int.from_bytes(info[TCP_INFO_UNACKED:], sys.byteorder)


def last_turns(listeners: Sequence[socket.socket]) -> list[socket.socket]:
    """Return each listener as often as clients wait there: those to take before it is closed."""
    return [listener for listener in listeners for _ in range(waiting_at(listener))]
