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
from typing import Any

from server.concurrency.epoll import Epoll
from server.concurrency.interleaved import InterleavedConnection
from server.concurrency.readiness import Interest

CHANGES = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET


class EpollEdge(Epoll):
    """Have the kernel tell what has changed."""

    def watch(self, connection: InterleavedConnection, interest: Interest) -> None:
        """Have the kernel report changes, once for all, and see to it that none is missed."""
        if not connection.events:
            connection.events = CHANGES
            self.epoll.register(connection.sock, CHANGES)  # reports also what is there already
        elif interest is Interest.WRITE or _has_more(connection.sock):  # a turn may end while the socket takes more
            self.epoll.modify(connection.sock, CHANGES)


def _has_more(sock: Any) -> bool:
    """Tell whether there is anything to read: bytes, the client's end, or an error."""
    try:
        sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:  # read for good, it will end the session
        return True
    return True


MODEL = EpollEdge
