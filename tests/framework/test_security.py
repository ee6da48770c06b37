"""Safety by default: confining header fields, trusted hosts, and who sees a traceback."""

from __future__ import annotations

from typing import Any

import pytest

from framework import App, Request, Response, RouteError
from framework.middleware.proxy_headers import ProxyHeaders
from framework.security import FIELDS, bare_host, host_is_trusted
from framework.testing import Client


def make(**options: Any) -> App:
    """Return an application with a page and a crash."""
    app = App("safe", **options)

    @app.get("/")
    def home(_request: Request) -> Response:
        return Response("home", headers={"x-frame-options": "SAMEORIGIN"})

    @app.get("/crash")
    def crash(_request: Request) -> str:
        raise RuntimeError("hunter2")

    return app


@pytest.mark.parametrize("path", ["/", "/crash", "/nowhere"])
def test_fields_are_there(path: str) -> None:
    """Every response carries the fields, errors too."""
    headers = make().test_client().get(path).headers
    assert FIELDS.keys() <= {"X-Frame-Options" if name == "x-frame-options" else name for name, _ in headers}


def test_fields_can_be_changed() -> None:
    """A response's own field wins over the application's, and that over the default; None drops one."""
    app = make(security_headers={"referrer-policy": "no-referrer", "X-Content-Type-Options": None, "X-New": "1"})
    headers = app.test_client().get("/").headers
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert (headers["Referrer-Policy"], headers["X-New"]) == ("no-referrer", "1")
    assert "X-Content-Type-Options" not in headers


@pytest.mark.parametrize(
    ("host", "bare"),
    [("Example.COM:80", "example.com"), ("[::1]:80", "::1"), ("[::1]", "::1"), ("a", "a"), ("", "")],
)
def test_bare_host(host: str, bare: str) -> None:
    """Port and brackets are taken off."""
    assert bare_host(host) == bare


@pytest.mark.parametrize(
    ("host", "trusted"),
    [
        ("example.com", True),
        ("EXAMPLE.com:8000", True),
        ("a.shop.example", True),
        ("shop.example", True),
        ("[::1]:80", True),
        ("a.example.com", False),
        ("evilshop.example", False),
        ("shop.example.evil", False),
        ("", False),
    ],
)
def test_trusted_hosts(host: str, trusted: bool) -> None:
    """A listed name stands for itself, one with a dot for what is below it as well."""
    assert host_is_trusted(host, ("example.com", ".shop.example", "::1")) is trusted


def test_other_hosts_are_refused() -> None:
    """A request for a host that is not ours is a 400."""
    client = make(hosts=["Example.com"]).test_client()
    assert client.get("http://example.com/").status == 200
    assert client.get("http://evil.example/").status == 400


@pytest.mark.parametrize(
    ("scheme", "ends"), [("http", ("x=1", "SameSite=Lax")), ("https", ("x=1; Secure", "; Secure"))]
)
def test_cookies_are_secure(scheme: str, ends: tuple[str, str]) -> None:
    """On https no cookie goes without Secure, whoever set it; on http it would not come back."""
    app = App("cookies")

    @app.get("/")
    def home(_request: Request) -> Response:
        response = Response("home", headers=[("Set-Cookie", "x=1")])
        response.set_cookie("a", "b")
        response.set_cookie("c", "d", secure=True)
        return response

    plain, ours, secure = app.test_client().get(f"{scheme}://localhost/").headers.getlist("Set-Cookie")
    assert plain == ends[0]
    assert ours.endswith(ends[1])
    assert secure.count("Secure") == 1


SECRET = "hunter2"


@pytest.mark.parametrize(
    ("address", "headers", "seen"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {"Host": "[::1]:8000"}, True),
        ("127.0.0.1", {"Host": "127.0.0.1:8000"}, True),
        ("192.0.2.1", {}, False),
        ("", {}, False),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, False),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, False),
        ("127.0.0.1", {"Via": "1.1 nginx"}, False),
        ("127.0.0.1", {"X-Real-IP": "127.0.0.1"}, False),
        ("127.0.0.1", {"Host": "example.com"}, False),
    ],
)
def test_tracebacks(address: str, headers: dict[str, str], seen: bool) -> None:
    """A traceback is shown in debug mode to this machine alone, and to no proxy on it."""
    url = "http://localhost/crash"
    answer = make(debug=True).test_client(REMOTE_ADDR=address).get(url, headers=headers)
    assert (answer.status, SECRET in answer.text) == (500, seen)
    answer = make().test_client(REMOTE_ADDR=address).get(url, headers=headers)
    assert (answer.status, SECRET in answer.text) == (500, False)


def test_debug_page_tells_all() -> None:
    """Developers see what was asked, which route answered with which values, and the way to the error."""
    app = App("debug", debug=True)
    app.post("/buy/<code:int>", name="buy")(lambda _request, code: code.nothing)
    page = app.test_client().post("/buy/7?n=1").text
    for part in ("POST /buy/7?n=1", '"/buy/<code:int>" (buy, ', "{'code': 7}", "test_security.py", "AttributeError"):
        assert part in page


@pytest.mark.parametrize(
    "environ", [{"SERVER_PROTOCOL": "HTTP/1.0"}, {"wsgi.multiprocess": True}, {"minnow.forwarded": True}]
)
def test_no_traceback_in_production(environ: dict[str, Any]) -> None:
    """Several workers, HTTP/1.0 and fields that the server removed tell of a deployment: no traceback then."""
    answer = make(debug=True).test_client(**environ).get("http://localhost/crash")
    assert (answer.status, SECRET in answer.text) == (500, False)


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded"])
@pytest.mark.parametrize("trusted", [[], ["127.0.0.1"]])
def test_no_traceback_through_proxy_headers(name: str, trusted: list[str]) -> None:
    """A proxy on this machine stays one after its fields have been read or removed."""
    client = Client(ProxyHeaders(make(debug=True), trusted=trusted))
    assert SECRET in client.get("http://localhost/crash").text
    assert SECRET not in client.get("http://localhost/crash", headers={name: "localhost"}).text


def test_definition_errors_name_the_directory() -> None:
    """A directory of static files that is not there is found at definition."""
    with pytest.raises(RouteError, match=r"no directory .*nowhere"):
        App("x", static="nowhere")
