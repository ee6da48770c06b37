"""Tracebacks in the browser: for the developer on this machine, and for nobody else."""

from collections.abc import Iterator
from typing import Any

import pytest

from server.errors import AppLoadError
from server.middleware.debug import DebugPages, broken_app, is_local
from server.middleware.proxy import TrustedProxies
from server.wsgi import Environ, WSGIApplication
from tests.server.middleware.calling import call, echo, environ_of
from tests.server.sansio import Client, get


def failing(_environ: Environ, _start_response: Any) -> list[bytes]:
    """Fail with what must be escaped."""
    raise ValueError("<script>alert(1)</script>")


def test_an_exception_is_shown_to_this_machine() -> None:
    """The page has the traceback, escaped, and status 500."""
    status, fields, body = call(DebugPages(failing), environ_of(REMOTE_ADDR="127.0.0.1"))
    assert status == 500
    assert fields["Content-Type"] == "text/html; charset=utf-8"
    assert b"in failing" in body
    assert b"ValueError: &lt;script&gt;alert(1)" in body
    assert b"<script>" not in body


def test_an_application_may_empty_its_environ_before_it_fails(caplog: pytest.LogCaptureFixture) -> None:
    """The environ is the application's to change (PEP 3333); the page and the log tell of the request as it came."""

    def app(environ: Environ, _start_response: Any) -> list[bytes]:
        environ.clear()
        raise ValueError("broken")

    output = get(from_here(DebugPages(app)), "/page").output
    assert b"ValueError: broken" in output
    assert "GET /page" in caplog.text


def test_an_exception_is_not_shown_to_others() -> None:
    """It goes on to the server, which answers with a plain 500."""
    with pytest.raises(ValueError, match="alert"):
        DebugPages(failing)(environ_of(REMOTE_ADDR="203.0.113.9"), None)


def test_without_an_exception_nothing_changes() -> None:
    """The application's own answer passes."""
    assert call(DebugPages(echo({})), environ_of()).body == b"the application"


@pytest.mark.parametrize(("peer", "shown"), [("::1", True), ("203.0.113.9", False)])
def test_a_broken_application_says_why(peer: str, shown: bool) -> None:
    """A 500 page in its place, its reason for this machine only."""
    app = broken_app(AppLoadError("cannot import shop: SyntaxError", trace='File "shop.py"\n'))
    status, _, body = call(app, environ_of(REMOTE_ADDR=peer))
    assert status == 500
    assert (b"SyntaxError" in body, b"shop.py" in body) == (shown, shown)


@pytest.mark.parametrize(
    ("peer", "local"),
    [
        *(("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("::ffff:127.0.0.1", True), ("", True)),
        *(("10.0.0.1", False), ("fe80::1%eth0", False), ("::ffff:10.0.0.1", False)),
    ],
)
def test_what_this_machine_is(peer: str, local: bool) -> None:
    """Loopback addresses and Unix sockets, but not where a proxy there speaks for somebody else."""
    assert is_local(environ_of(REMOTE_ADDR=peer)) is local
    assert not is_local({**environ_of(REMOTE_ADDR=peer), "minnow.forwarded": True})
    assert not is_local({**environ_of(REMOTE_ADDR=peer), "HTTP_VIA": "1.1 tunnel"})


def test_a_tunnel_to_this_machine_shows_nothing_to_the_world() -> None:
    """What connects from here for others, a proxy that nobody named for one, gets no traceback for them."""
    app = TrustedProxies(DebugPages(failing), [])
    with pytest.raises(ValueError, match="alert"):
        app(environ_of(REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9"), None)


class Late:
    """An iterable that fails after some blocks; its close() is counted."""

    def __init__(self, *blocks: bytes) -> None:
        self.blocks = blocks
        self.closed = 0

    def __call__(self, _environ: Environ, start_response: Any) -> "Late":
        """Answer with itself."""
        start_response("200 OK", [("Content-Type", "text/plain")])
        return self

    def __iter__(self) -> Iterator[bytes]:
        yield from self.blocks
        raise ValueError("broken in the middle")

    def close(self) -> None:
        """Count."""
        self.closed += 1


def from_here(app: WSGIApplication) -> WSGIApplication:
    """Have every client on this machine."""
    return lambda environ, start_response: app({**environ, "REMOTE_ADDR": "127.0.0.1"}, start_response)


def test_a_body_that_fails_before_its_first_block_is_shown_too() -> None:
    """The head has not gone, so there is still time for the page; `close()` is called."""
    app = Late(b"")
    output = get(from_here(DebugPages(app))).output
    assert output.startswith(b"HTTP/1.1 500 ")
    assert b"ValueError: broken in the middle" in output
    assert app.closed == 1


def test_a_request_cannot_write_a_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """The log has the target as it was sent: decoded, %0A would begin a line of its own."""
    Client(from_here(DebugPages(failing))).send(b"GET /x%0Aminnow:%1b[31mforged HTTP/1.1\r\nHost: a\r\n\r\n")
    assert caplog.messages == ["error in GET /x%0Aminnow:%1b[31mforged"]


def test_a_body_that_fails_later_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    """The head has gone: the server logs the error, once, and the client is told by the cut."""
    app = Late(b"begun")
    client = Client(from_here(DebugPages(app))).send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert client.ended
    assert client.output.endswith(b"5\r\nbegun\r\n")
    assert (app.closed, caplog.text.count("Traceback")) == (1, 1)
