"""What all models share."""

import socket
from pathlib import Path

from server.concurrency.base import MOST_AT_UNIX, last_turns
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


def test_those_who_wait_are_counted() -> None:
    """A listener that is about to be closed has as many turns as clients wait there, and none once they are taken."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        assert last_turns([one, other]) == []
        clients = [socket.create_connection(listener.getsockname()) for listener in (one, other, one)]
        assert last_turns([one, other]) == [one, one, other]
        one.accept()[0].close()
        assert last_turns([one]) == [one]
        for client in clients:
            client.close()


def test_those_who_wait_at_a_unix_socket_are_not_told(tmp_path: Path) -> None:
    """The kernel does not count them, so a fixed number of turns is left."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        listener.listen()
        assert len(last_turns([listener])) == MOST_AT_UNIX
