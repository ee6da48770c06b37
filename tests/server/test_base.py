"""What all models share."""

import socket

from server.concurrency.iterative import Iterative
from server.config import Settings


def test_no_delay() -> None:
    """An accepted connection sends each block at once and does not wait for the last one's acknowledgement."""
    model = Iterative(lambda _environ, _start_response: [], Settings(), None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        model.endpoint(listener)
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    model.stopping.close()
