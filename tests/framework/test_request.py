"""The request, as handlers see it."""

from __future__ import annotations

from typing import Any

import pytest

from framework import App, HTTPError, Request
from framework.testing import make_environ

app = App("request", suffix=".html", body_limit=100)


@app.get("/stock/<code>")
def stock(request: Request, code: str) -> str:
    """Stand in for a route to build addresses of."""
    return code


def make(method: str = "GET", url: str = "/", **options: Any) -> Request:
    """Return a request to the application."""
    return Request(make_environ(method, url, **options), app)


def test_line() -> None:
    """Method, path and query are there, decoded."""
    request = make("PUT", "/a%2Fb/%E4%B8%AD?q=%E4%B8%AD&page=2")
    assert (request.method, request.path, request.raw_path) == ("PUT", "/a/b/中", "/a%2Fb/%E4%B8%AD")
    assert (request.query["q"], request.query.int("page", 1)) == ("中", 2)
    assert repr(request) == "<Request PUT /a%2Fb/%E4%B8%AD>"


def test_headers() -> None:
    """Fields are found in any case, those without HTTP_ in the environ too."""
    request = make("POST", headers={"X-One": "1", "Content-Type": "text/plain; charset=x"}, body=b"ab")
    assert (request.headers["x-ONE"], request.headers.get("X-Two"), "X-Two" in request.headers) == ("1", "", False)
    assert (request.headers["content-length"], request.content_type) == ("2", "text/plain")
    assert "X-One" in list(request.headers)
    with pytest.raises(HTTPError, match="400"):
        request.headers["X-Two"]


def test_cookies() -> None:
    """Cookies are read."""
    assert make(headers={"Cookie": "a=1; b=%E4%B8%AD"}).cookies == {"a": "1", "b": "中"}


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "application/problem+json"])
def test_json(kind: str) -> None:
    """A body that is declared as JSON is parsed."""
    assert make("POST", body='{"a": "中"}'.encode(), headers={"Content-Type": kind}).json == {"a": "中"}
    assert make("POST", body=b'["\\ud83d\\ude00", 1.5, -1e3]', headers={"Content-Type": kind}).json == [
        "😀",
        1.5,
        -1000,
    ]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "text/plain", 415),
        (b"{}", "", 415),
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 99, "application/json", 400),
        (b"[NaN]", "application/json", 400),
        (b"[-Infinity]", "application/json", 400),
        (b"[1e999]", "application/json", 400),
        (b'["\\ud800"]', "application/json", 400),
        (b'{"\\uDFFF": 1}', "application/json", 400),
        (b"1" * 101, "application/json", 413),
    ],
)
def test_bad_json(body: bytes, kind: str, status: int) -> None:
    """What is not JSON, or too much of it, is the client's fault."""
    with pytest.raises(HTTPError) as caught:
        _ = make("POST", body=body, headers={"Content-Type": kind}).json
    assert caught.value.status == status


def test_body_and_form_are_read_once() -> None:
    """Asking twice gives the same body or form, though the stream can be read once."""
    request = make("POST", body=b"abc")
    assert request.body == request.body == b"abc"
    request = make("POST", form={"a": "1"})
    assert (request.form["a"], request.form["a"], request.files) == ("1", "1", {})


def test_client_and_host() -> None:
    """Address, scheme and host are the environ's; forwarded fields alone change nothing."""
    request = make(url="https://example.com:8443/", headers={"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "ftp"})
    assert (request.remote_addr, request.scheme, request.host) == ("127.0.0.1", "https", "example.com:8443")


@pytest.mark.parametrize(
    ("scheme", "port", "host"), [("http", "80", "s"), ("https", "443", "s"), ("http", "8000", "s:8000")]
)
def test_host_of_http_1_0(scheme: str, port: str, host: str) -> None:
    """Without a Host field the server's own name stands in."""
    environ = {"REQUEST_METHOD": "GET", "wsgi.url_scheme": scheme, "SERVER_NAME": "s", "SERVER_PORT": port}
    assert Request(environ, app).host == host


def test_languages() -> None:
    """The client's languages come best first."""
    request = make(headers={"Accept-Language": "en;q=0.5, zh-CN, de;q=0"})
    assert (request.accept_languages, request.best_language(["en", "zh"])) == (["zh-CN", "en"], "zh")
    assert make().best_language(["en", "zh"]) == "en"


def test_accepts() -> None:
    """The client says what it takes."""
    request = make(headers={"Accept": "text/html"})
    assert (request.accepts("text/html"), request.accepts("application/json")) == (True, False)


def test_url_for_below_a_mount_point() -> None:
    """Addresses begin with the mount point; external ones with scheme and host."""
    request = make(url="https://example.com/x", environ={"SCRIPT_NAME": "/shop"})
    assert request.url_for("stock", code="7", q=1) == "/shop/stock/7.html?q=1"
    assert request.url_for("stock", external=True, code="7") == "https://example.com/shop/stock/7.html"
