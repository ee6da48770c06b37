"""The forwarder, to real servers on the loopback."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.validate import validator

import pytest

from framework import App, Request, Response
from framework.middleware.forward import Forwarder
from framework.testing import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Quiet(WSGIRequestHandler):
    """Log nothing."""

    def log_message(self, *args: Any) -> None:
        """Keep silent."""


@contextmanager
def upstream(name: str, calls: list[str], port: int = 0) -> Iterator[str]:
    """Run a server; yield its address."""
    app = App(name)

    @app.route("/<path:path>", methods=["GET", "POST"])
    def show(request: Request, path: str) -> Response:
        calls.append(name)
        fields = {key: value for key, value in request.environ.items() if key.startswith("HTTP_")}
        text = (
            f"{name} {request.method} {path} {request.query.get('q')} {request.body.decode()} {sorted(fields.items())}"
        )
        return Response(text, 201, {"X-Name": name})

    class Server(WSGIServer):
        def handle_error(self, *_args: Any) -> None:
            """Keep silent."""

    with make_server("127.0.0.1", port, app, Server, Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def nobody() -> str:
    """Return an address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def mute(answer: bytes, received: list[bytes] | None = None) -> Iterator[str]:
    """Run a server that reads a request, sends ``answer`` whatever it was and closes; or holds still without one."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held: list[socket.socket] = []

        def accept() -> None:
            try:
                while True:
                    connection, _ = listener.accept()
                    held.append(connection)
                    if answer:
                        request = connection.recv(65536)
                        while b"chunked" in request and not request.endswith(b"0\r\n\r\n"):
                            request += connection.recv(65536)
                        (received if received is not None else []).append(request)
                        connection.sendall(answer)
                        connection.close()
            except OSError:
                pass

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in held:
                connection.close()


def test_passes_on() -> None:
    """Method, path as sent, query, body and fields go there; status, fields and body come back."""
    calls: list[str] = []
    with upstream("a", calls) as url:
        client = Client(validator(Forwarder([f"{url}/base"])))
        answer = client.post("/x%2Fy?q=%E4%B8%AD", body=b"body", headers={"X-One": "1", "Connection": "close"})
    assert answer.status == 201
    assert answer.text.startswith("a POST base/x/y 中 body ")
    for part in ("('HTTP_X_ONE', '1')", "('HTTP_X_FORWARDED_FOR', '127.0.0.1')", "('HTTP_HOST', 'localhost')"):
        assert part in answer.text
    assert "HTTP_CONNECTION" not in answer.text
    assert answer.headers["X-Name"] == "a"


def test_hop_by_hop_fields() -> None:
    """Fields that speak of the connection to the upstream end here, those that Connection names too."""
    with mute(b"HTTP/1.1 200 OK\r\nKeep-Alive: x\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX-Name: a\r\n\r\nok") as url:
        answer = Client(Forwarder([url])).get("/x")
    assert (answer.text, [name for name, _ in answer.headers]) == ("ok", ["X-Name"])


def test_forged_forwarding() -> None:
    """What the client says of itself in X-Forwarded fields does not get through."""
    with upstream("a", []) as url:
        answer = Client(Forwarder([url])).get("/x", headers={"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Evil": "1"})
    assert "6.6.6.6" not in answer.text
    assert "EVIL" not in answer.text


def test_chunked_bodies() -> None:
    """A body without a length is passed on in chunks; none stays none."""
    received: list[bytes] = []
    with mute(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", received) as url:
        client = Client(Forwarder([url]), {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""})
        client.post("/x", body=b"body")
        client.get("/x")
    assert b"transfer-encoding: chunked" in received[0]
    assert received[0].endswith(b"\r\n\r\n4\r\nbody\r\n0\r\n\r\n")
    assert b"transfer-encoding" not in received[1]


def test_shares_the_load() -> None:
    """Requests spread over the upstreams."""
    calls: list[str] = []
    with upstream("a", calls) as one, upstream("b", calls) as two:
        client = Client(Forwarder([one, two]))
        for _ in range(6):
            client.get("/x")
    assert sorted(calls) == ["a"] * 3 + ["b"] * 3


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unreachable(method: str) -> None:
    """A request that never got there goes to another, and the dead one is left alone for a while."""
    calls: list[str] = []
    with upstream("a", calls) as url:
        forwarder = Forwarder([nobody(), url])
        assert [Client(forwarder).request(method, "/x").status for _ in range(4)] == [201] * 4
    dead = forwarder._upstreams[0]
    assert (dead.served, dead.busy, len(calls)) == (1, 0, 4)


def test_repeats_only_what_is_safe() -> None:
    """A request that got there and was not answered is repeated if that is safe, else it is a 502."""
    for method, status in (("GET", 201), ("POST", 502)):
        with mute(b"nonsense\r\n\r\n") as bad, upstream("a", []) as good:
            assert Client(Forwarder([bad, good])).request(method, "/x").status == status


def test_nobody_left() -> None:
    """With no upstream left the answer is 502, or 504 if it was too slow."""
    assert Client(validator(Forwarder([nobody(), nobody()]))).get("/x").status == 502
    with mute(b"") as slow:
        assert Client(Forwarder([slow], timeout=0.05)).get("/x").status == 504


def test_comes_back() -> None:
    """An upstream that was down is tried again after its pause, or when nobody else is left."""
    with upstream("a", []) as url:
        forwarder = Forwarder([url], pause=1000)
        forwarder._upstreams[0].down_until = float("inf")
        assert Client(forwarder).get("/x").status == 201
        assert forwarder._upstreams[0].down_until == 0.0


def test_half_open() -> None:
    """An upstream whose pause is over gets one request, and no second one until that has succeeded."""
    calls: list[str] = []
    with upstream("a", calls) as one, upstream("b", calls) as two:
        forwarder = Forwarder([one, two])
        recovering = forwarder._upstreams[0]
        recovering.down_until = 1e-9
        with Client(forwarder).stream("GET", "/x") as trial:
            assert [Client(forwarder).get("/x").headers["X-Name"] for _ in range(3)] == ["b"] * 3
            assert (trial.headers["X-Name"], recovering.down_until) == ("a", 1e-9)
        assert recovering.down_until == 0.0
        assert Client(forwarder).get("/x").headers["X-Name"] == "a"


@pytest.mark.parametrize("ill", [b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", b"nonsense\r\n\r\n"])
def test_check_keeps_visitors_away(ill: bytes) -> None:
    """With a check, an upstream that failed gets no request but those for its health, until that is good."""
    received: list[bytes] = []
    with mute(ill, received) as bad, upstream("a", []) as good:
        forwarder = Forwarder([bad, good], pause=0.01, check="/healthz")
        forwarder._upstreams[0].busy += 1
        forwarder._release(forwarder._upstreams[0], failed=True)
        assert [Client(forwarder).get("/x").headers["X-Name"] for _ in range(5)] == ["a"] * 5
        wait_until(lambda: len(received) >= 3)
        assert {request.split(b"\r\n")[0] for request in received} == {b"GET /healthz HTTP/1.1"}
        forwarder._upstreams[0].down_until = 0.0
        wait_until(lambda: not forwarder._upstreams[0].watched)


def test_check_brings_it_back() -> None:
    """An upstream that was not there is back when its check is answered, and takes its share."""
    dead = nobody()
    with upstream("a", []) as good:
        forwarder = Forwarder([dead, good], pause=0.01, check="/healthz")
        assert Client(forwarder).get("/x").headers["X-Name"] == "a"
        with upstream("b", [], int(dead.rpartition(":")[2])):
            wait_until(lambda: not forwarder._upstreams[0].watched)
            assert {Client(forwarder).get("/x").headers["X-Name"] for _ in range(4)} == {"a", "b"}


def wait_until(true: Callable[[], bool]) -> None:
    """Wait; pytest's own time-out ends it."""
    while not true():
        time.sleep(0.005)


def test_check_is_a_path() -> None:
    """A check that could not be asked for is refused at once."""
    with pytest.raises(ValueError, match="begins with a slash"):
        Forwarder(["http://x"], check="healthz")


@pytest.mark.parametrize("upstreams", [[], ["localhost:8000"], ["ftp://x"]])
def test_mistakes(upstreams: list[str]) -> None:
    """Addresses that cannot work are refused at once."""
    with pytest.raises(ValueError, match="upstream"):
        Forwarder(upstreams)
