"""epoll, edge-triggered: the kernel reports a change once, and it is up to us not to forget what it said.

Level-triggered epoll is told of each change of mind by an `epoll_ctl`. Here a connection is registered once for all,
reading and writing, and no idle socket is reported for being writable, since that is no change. The price is a promise:
to read until nothing is left. Bytes that a turn leaves behind cause no further report, and the client and the server
then wait for each other for ever: the one trap of edge-triggering, and it strikes only under load.

The usual way to keep the promise is a loop of `recv` until EAGAIN; and then one client that sends faster than we
serve keeps all others waiting. Here a turn is as long as in `epoll.py`. If it left bytes behind, which a look at the
socket's buffer tells, the registration is renewed: at that the kernel checks the state anew and reports it next time.
"""

import select
import socket

from server.concurrency.epoll import Epoll, EpollConnection
from server.concurrency.readiness import Interest

CHANGES = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET


class EdgeConnection(EpollConnection):
    """A connection that is registered once."""

    __slots__ = ()

    def watch(self, interest: Interest) -> None:
        """Have the kernel report changes, and see to it that none is missed."""
        if not self._events:
            self._events = CHANGES
            self._epoll.register(self.sock, CHANGES)  # reports also what is there already
        elif interest is Interest.WRITE or self._has_more():  # a turn may end while the socket still takes more
            self._epoll.modify(self.sock, CHANGES)

    def _has_more(self) -> bool:
        """Tell whether there is anything to read: bytes, the client's end, or an error."""
        try:
            self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:  # read for good, it will end the session
            return True
        return True


class EpollEdge(Epoll):
    """Have the kernel tell what has changed."""

    connection = EdgeConnection


MODEL = EpollEdge
