"""A session on a real socket: what is waited for, until when, and how it ends."""

import contextlib
import select
import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from server.concurrency.iterative import Iterative
from server.concurrency.readiness import SENDFILE, Connection, Interest
from server.config import Settings
from server.environ import Environ
from server.wsgi import TURN, Disconnected
from tests.server.apps import Start, respond
from tests.server.running import PATIENCE

HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
BODY = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd"


class Pair:
    """A connection and its client.

    Args:
        app: what answers.
        settings: by their names.
    """

    def __init__(self, app: Any, **settings: Any) -> None:
        model = Iterative(app, Settings(**settings), None)
        model.service.keep_alive = True
        ours, self.client = socket.socketpair()
        self.client.settimeout(PATIENCE)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.connection = Connection(model, model.endpoint(listener), ours, ("192.0.2.1", 1))
        self.deadlines = model.deadlines
        self.close = (self.client.close, ours.close, model.stopping.close)
        assert self.connection.run() is Interest.READ

    def send(self, data: bytes) -> Interest:
        """Send, and let the session go on."""
        self.client.sendall(data)
        return self.connection.run()


@pytest.fixture
def clock() -> list[float]:
    """Have the connections of `pair` be told the time by the list's one item."""
    return [1000.0]


@pytest.fixture
def pair(clock: list[float]) -> Iterator[Callable[..., Pair]]:
    """Make pairs, and close them at the end."""
    made: list[Pair] = []

    def make(app: Any, **settings: Any) -> Pair:
        made.append(Pair(app, **settings))
        made[-1].deadlines.now = lambda: clock[0]
        return made[-1]

    yield make
    for each in made:
        for close in each.close:
            close()


def test_a_dripping_head_gains_no_time(pair: Callable[..., Pair], clock: list[float]) -> None:
    """All of a head has to come within `head_timeout` of its first byte; then it is a 408."""
    one = pair(respond([b"ok"]))
    one.send(HEAD[:1])
    end = clock[0] + Settings().head_timeout
    for position in range(1, 15):
        clock[0] += 1
        one.send(HEAD[position : position + 1])
        assert one.connection.deadline == end
    assert one.connection.expire() is Interest.READ
    assert one.client.recv(100).startswith(b"HTTP/1.1 408 ")


def test_a_body_has_to_keep_up_its_rate(pair: Callable[..., Pair], clock: list[float]) -> None:
    """At `body_rate` it may take for ever, below it runs out of time, and a burst is no store to live on."""
    rate, timeout = Settings().body_rate, Settings().body_timeout
    one = pair(respond([b"ok"]))
    one.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n")
    for _ in range(1000):
        clock[0] += 1
        one.send(b"x" * rate)
        assert one.connection.deadline > clock[0]
    one.send(b"x" * rate * 100)
    assert one.connection.deadline <= clock[0] + timeout
    begun = clock[0]
    while clock[0] < one.connection.deadline:
        clock[0] += 1
        one.send(b"x" * (rate // 2))
    assert timeout <= clock[0] - begun <= 2 * timeout + 1
    assert one.connection.expire() is Interest.READ
    assert one.client.recv(100).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("request_", [HEAD, BODY], ids=["head", "body"])
def test_each_request_has_a_deadline_of_its_own(pair: Callable[..., Pair], clock: list[float], request_: bytes) -> None:
    """A request whose beginning came with the end of the one before it has all its time, not what that one left."""
    one = pair(respond([b"ok"]))
    cut = len(request_) - 2
    one.send(request_[:cut])
    begun = one.connection.deadline
    clock[0] += 5
    assert one.send(request_[cut:-1]) is Interest.READ
    assert one.connection.deadline <= begun + 1
    assert one.send(request_[-1:] + request_[:cut]) is Interest.READ
    assert b"ok" in one.client.recv(1000)
    assert one.connection.deadline >= begun + 5


def test_so_has_one_behind_a_response_that_had_to_wait(pair: Callable[..., Pair], clock: list[float]) -> None:
    """The same when the response did not leave in one piece."""
    one = pair(respond([b"a" * 5_000_000]))
    one.send(HEAD[:-2])
    begun = one.connection.deadline
    assert one.send(HEAD[-2:] + HEAD[:-2]) is Interest.WRITE
    clock[0] += 5
    interest = Interest.WRITE
    while interest is Interest.WRITE:
        one.client.recv(1 << 20)
        interest = one.connection.run()
    assert interest is Interest.READ
    assert one.connection.deadline == begun + 5


def test_a_last_response_that_had_to_wait_is_the_end(pair: Callable[..., Pair]) -> None:
    """When the rest of it has gone, the connection is closed and waits for nothing more."""
    one = pair(respond([b"a" * 5_000_000]))
    interest = one.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    while interest is Interest.WRITE:
        one.client.recv(1 << 20)
        interest = one.connection.run()
    assert interest is Interest.CLOSE
    assert one.connection.sock.fileno() < 0


def test_a_file_goes_in_turns(pair: Callable[..., Pair], tmp_path: Path) -> None:
    """However fast its client reads, a large file leaves in pieces, so that others get their turns."""
    path = tmp_path / "large"
    path.write_bytes(b"a" * (2 * SENDFILE + 1))

    def app(environ: Environ, start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        wrapper: Iterable[bytes] = environ["wsgi.file_wrapper"](path.open("rb"))
        return wrapper

    one = pair(app)
    received = bytearray()

    def read() -> None:
        while data := one.client.recv(1 << 20):
            received.extend(data)

    reader = Thread(target=read)
    reader.start()
    turns = 1
    interest = one.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    while interest is Interest.WRITE:
        turns += 1
        interest = one.connection.run()
    reader.join(PATIENCE)
    assert interest is Interest.CLOSE
    assert turns >= 3
    assert received.endswith(b"a" * (2 * SENDFILE + 1))


def interrupted(_environ: object, _start_response: object) -> list[bytes]:
    """Raise what no application may raise, and no server may answer."""
    raise KeyboardInterrupt


def test_what_escapes_a_session_ends_its_connection(pair: Callable[..., Pair]) -> None:
    """Whoever drives it decides what to do about it; the client is not left waiting."""
    one = pair(interrupted)
    with pytest.raises(KeyboardInterrupt):
        one.send(HEAD)
    assert one.client.recv(1) == b""


@pytest.mark.parametrize("length", [[], [("Content-Length", "6000006")]], ids=["chunked", "length"])
def test_nothing_stands_in_the_place_of_what_write_did_not_send(
    pair: Callable[..., Pair], length: list[tuple[str, str]]
) -> None:
    """An application that goes on after `write` has failed adds nothing to what its client got, and that is cut."""

    def app(_environ: Environ, start_response: Start) -> Iterable[bytes]:
        write = start_response("200 OK", length)
        with pytest.raises(Disconnected):
            write(b"a" * 6_000_000)
        with contextlib.suppress(Disconnected):
            got.append(one.client.recv(1 << 20))
            write(b"bbb")
        return [b"ccc"]

    got: list[bytes] = []
    one = pair(app, write_timeout=0.01)
    assert one.send(HEAD) is Interest.CLOSE
    with contextlib.suppress(ConnectionResetError):
        while data := one.client.recv(1 << 20):
            got.append(data)
    assert b"".join(got).endswith(b"aaa")
    assert b"bbb" not in b"".join(got)


@pytest.mark.parametrize("item", [b"x", b""])
def test_a_stream_that_never_waits_lets_others_go_on(pair: Callable[..., Pair], item: bytes) -> None:
    """Small items don't fill the socket, so a turn ends after some of them; the next one goes on from there."""
    made: list[int] = []

    def app(_environ: Environ, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", [])
        for number in range(1000):
            made.append(number)
            yield item
        yield b"end"

    one, got = pair(app), b""
    interest, turns = one.send(HEAD), 1
    while interest is Interest.WRITE:
        assert len(made) <= turns * TURN
        if select.select([one.client], [], [], 0)[0]:
            got += one.client.recv(1 << 20)
        interest, turns = one.connection.run(), turns + 1
    assert interest is Interest.READ
    assert turns > 1000 // TURN
    got += one.client.recv(1 << 20)
    assert got.endswith(item + b"\r\n3\r\nend\r\n0\r\n\r\n")
