"""Tracebacks in the browser: for the developer on this machine, and for nobody else."""

from typing import Any

import pytest

from server.errors import AppLoadError
from server.middleware.debug import DebugPages, broken_app, is_local
from server.wsgi import Environ
from tests.server.middleware.calling import call, echo, environ_of


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
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("", True), ("10.0.0.1", False), ("fe80::1%eth0", False)],
)
def test_what_this_machine_is(peer: str, local: bool) -> None:
    """Loopback addresses and Unix sockets."""
    assert is_local(peer) is local
