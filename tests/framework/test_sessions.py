"""Sessions in a signed cookie."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from framework import App, Request
from framework.sessions import LIFETIME, REFRESH

if TYPE_CHECKING:
    from framework.testing import TestResponse


def make(*keys: str) -> App:
    """Return an application that counts visits."""
    app = App("sessions", secret_keys=keys)

    @app.get("/count")
    def count(request: Request) -> str:
        seen = request.session.setdefault("seen", [])
        seen.append("中;")
        return str(len(seen))

    @app.get("/look")
    def look(request: Request) -> str:
        return str(len(request.session))

    @app.get("/leave")
    def leave(request: Request) -> str:
        request.session.clear()
        return "bye"

    @app.get("/other")
    def other(request: Request) -> str:
        return "no session"

    @app.get("/flash")
    def flash(request: Request) -> str:
        request.session.flash("saved", "good")
        return "flashed"

    @app.get("/flashes")
    def flashes(request: Request) -> str:
        return repr(request.session.flashes())

    return app


def cookie_of(answer: TestResponse) -> str:
    """Return the Set-Cookie field."""
    return answer.headers.get("Set-Cookie") or ""


def test_it_is_kept() -> None:
    """What one request leaves, the next one finds: changes deep inside too."""
    client = make("key").test_client()
    assert [client.get("/count").text for _ in range(3)] == ["1", "2", "3"]


@pytest.mark.parametrize(("scheme", "secure"), [("http", False), ("https", True)])
def test_cookie_is_safe(scheme: str, secure: bool) -> None:
    """The cookie is HttpOnly, SameSite=Lax, and Secure on https."""
    cookie = cookie_of(make("key").test_client().get(f"{scheme}://localhost/count"))
    assert cookie.endswith(f"; Max-Age={LIFETIME}; Path=/; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}")


def test_cookie_is_sent_when_needed() -> None:
    """An untouched session costs no cookie; one that was read makes the response vary."""
    client = make("key").test_client()
    client.get("/count")
    look, other = client.get("/look"), client.get("/other")
    assert (cookie_of(look), look.headers["Vary"]) == ("", "Cookie")
    assert (cookie_of(other), "Vary" in other.headers) == ("", False)


def test_leaving_deletes_the_cookie() -> None:
    """An emptied session takes its cookie along; an empty new one never makes a cookie."""
    client = make("key").test_client()
    assert cookie_of(client.get("/leave")) == ""
    client.get("/count")
    assert "Max-Age=0" in cookie_of(client.get("/leave"))
    assert client.cookies == {}


@pytest.mark.parametrize("forge", ["x{}", "{}x", "{{}}.a.b", "", "nonsense"])
def test_forged_cookies_are_ignored(forge: str) -> None:
    """A cookie that we did not sign is an empty session, and no error."""
    client = make("key").test_client()
    client.get("/count")
    client.cookies["session"] = forge.format(client.cookies["session"])
    assert client.get("/count").text == "1"


def test_key_rotation() -> None:
    """The first key signs, all keys verify, and a dropped key verifies no more."""
    client = make("old").test_client()
    client.get("/count")
    client.app = make("new", "old")
    assert client.get("/count").text == "2"
    client.app = make("new")
    assert client.get("/count").text == "3"
    client.app = make("old")
    assert client.get("/count").text == "1"


def test_lifetime(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session in use is signed anew each day, and one that is not ends."""
    client = make("key").test_client()
    client.get("/count")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + REFRESH + 1)
    assert cookie_of(client.get("/look"))
    monkeypatch.setattr(time, "time", lambda: now + REFRESH + 2 + LIFETIME + 1)
    assert client.get("/look").text == "0"


def test_flashes() -> None:
    """A flashed message is there once."""
    client = make("key").test_client()
    client.get("/flash")
    assert client.get("/flashes").text == "[('good', 'saved')]"
    assert client.get("/flashes").text == "[]"


def test_without_keys() -> None:
    """An application without keys says what is missing: to the log, not to the user."""
    app = make()
    with pytest.raises(RuntimeError, match="secret_keys"):
        app.open_session(Request({"REQUEST_METHOD": "GET"}, app))
    assert app.test_client().get("/count").status == 500
