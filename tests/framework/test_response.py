"""Responses: bodies, content types, redirects, and what WSGI sees of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from markupsafe import Markup

from framework import App
from framework.response import HTML, TEXT, Response, as_response, json_response, redirect
from framework.testing import Client

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize(
    ("value", "body", "content_type"),
    [
        ("中 <b>", "中 <b>".encode(), TEXT),
        (Markup("<b>"), b"<b>", HTML),
        (b"\0", b"\0", None),
        ({"a": ["中"]}, '{"a":["中"]}'.encode(), "application/json"),
        ([1], b"[1]", "application/json"),
        (Response("x", content_type="text/css"), b"x", "text/css"),
        (Response("x", headers={"content-type": "text/css"}), b"x", "text/css"),
        (Response("x", headers={"content-type": "text/css"}, content_type=HTML), b"x", HTML),
    ],
)
def test_as_response(value: Any, body: bytes, content_type: str | None) -> None:
    """Text is plain text unless marked as safe HTML, and dicts and lists are JSON."""
    response = as_response(value)
    assert (response.body, response.headers.get("Content-Type")) == (body, content_type)


@pytest.mark.parametrize("value", [None, 7, object()])
def test_as_response_refuses(value: object) -> None:
    """A handler that forgot its return is told what it may return."""
    with pytest.raises(TypeError, match=f"not {type(value).__name__}"):
        as_response(value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Response(5), "not int"),
        (lambda: Response({"a": 1}), "not dict"),
        (lambda: Response("x", "404 Not Found"), "a status is a number such as 404, not '404 Not Found'"),
        (lambda: Response("x", 20), "not 20"),
        (lambda: json_response({"a": float("nan")}), "not JSON compliant"),
        (lambda: as_response(("x", 201)), r"not tuple; Response\(text, 201\) has a status"),
    ],
)
def test_mistakes(make: Any, message: str) -> None:
    """What would fail on the way out fails where it is made, and says what to write."""
    with pytest.raises((TypeError, ValueError), match=message):
        make()


@pytest.mark.parametrize(
    ("method", "status", "body", "length"),
    [
        ("GET", 200, "中".encode(), "3"),
        ("HEAD", 200, b"", "3"),
        ("GET", 204, b"", None),
        ("GET", 304, b"", None),
        ("GET", 299, "中".encode(), "3"),
    ],
)
def test_length_and_body(method: str, status: int, body: bytes, length: str | None) -> None:
    """The length counts bytes; HEAD keeps it but sends no body; 204 and 304 have neither."""
    answer = Client(Response("中", status)).request(method, "/")
    assert (answer.status, answer.body, answer.headers.get("Content-Length")) == (status, body, length)


def test_streaming() -> None:
    """An iterable is streamed without a length, and closed with the callbacks when the server is done."""
    closed: list[str] = []

    def items() -> Iterator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            closed.append("body")

    response = Response(items())
    response.on_close(lambda: closed.append("callback"))
    answer = Client(response).get("/")
    assert (answer.body, answer.headers.get("Content-Length"), closed) == (b"ab", None, ["body", "callback"])


def test_head_closes_what_it_does_not_send() -> None:
    """The body of a HEAD answer is closed though nobody reads it."""

    class Body:
        closed = False

        def __iter__(self) -> Iterator[bytes]:
            raise AssertionError("read")

        def close(self) -> None:
            self.closed = True

    body = Body()
    assert Client(Response(body)).request("HEAD", "/").body == b""
    assert body.closed


def test_cookies() -> None:
    """Cookies are safe by default, and deleted by their path."""
    response = Response()
    response.set_cookie("a", "中;")
    response.delete_cookie("b", path="/x")
    assert response.headers.getlist("Set-Cookie") == [
        "a=%E4%B8%AD%3B; Path=/; HttpOnly; SameSite=Lax",
        "b=; Max-Age=0; Path=/x; HttpOnly; SameSite=Lax",
    ]


def test_json_response() -> None:
    """JSON has its type, status and fields."""
    response = json_response({"n": None}, 201, {"Location": "/n"})
    assert (response.text, response.status, response.headers["Location"]) == ('{"n":null}', 201, "/n")


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("/a?b=c#d", "/a?b=c#d"),
        ("a.html", "a.html"),
        ("./a:b", "./a:b"),
        ("?page=2", "?page=2"),
        ("/中 文", "/%E4%B8%AD%20%E6%96%87"),
        ("/a%2Fb", "/a%2Fb"),
        ("/x?next=http://y", "/x?next=http://y"),
    ],
)
def test_redirect(url: str, location: str) -> None:
    """A redirect makes the client GET an address on this host."""
    response = redirect(url)
    assert (response.status, response.headers["Location"]) == (303, location)


@pytest.mark.parametrize(
    "url",
    [
        "http://evil",
        "//evil",
        "/\\evil",
        "\\\\evil",
        "javascript:alert(1)",
        " //evil",
        "\t//evil",
        "/\t/evil",
        "",
        "h:x",
    ],
)
def test_open_redirect(url: str) -> None:
    """An address that may leave this host needs the word external."""
    with pytest.raises(ValueError, match="may leave this host"):
        redirect(url)


@pytest.mark.parametrize(
    ("send", "status"),
    [
        (lambda client: client.get("/query?next=//evil"), 400),
        (lambda client: client.get("/query?next=/%5Cevil&%zz=1"), 400),
        (lambda client: client.get("/query"), 500),
        (lambda client: client.get("/path/https:%2F%2Fevil"), 400),
        (lambda client: client.get("/cookie", headers={"Cookie": "next=//evil"}), 400),
        (lambda client: client.get("/referer", headers={"Referer": "http://evil/"}), 400),
        (lambda client: client.post("/form", form={"next": "javascript:alert(1)"}), 400),
        (lambda client: client.post("/form", form={"next": "/a"}), 303),
        (lambda client: client.get("/ours"), 500),
        (lambda client: client.get("/ours?next=//evil&%zz=1"), 500),
        (lambda client: client.post("/ours", form={"next": "//evil"}), 500),
    ],
)
def test_whose_fault_an_unsafe_redirect_is(send: Any, status: int, caplog: pytest.LogCaptureFixture) -> None:
    """A target that the client sent is a 400; one that the application wrote is its own mistake, and in the log."""
    app = App("redirects")
    app.get("/query")(lambda request: redirect(request.query.get("next")))
    app.get("/path/<next>")(lambda _request, next: redirect(next))  # noqa: A006 - the name that people give it
    app.get("/cookie")(lambda request: redirect(request.cookies["next"]))
    app.get("/referer")(lambda request: redirect(request.headers["Referer"]))
    app.post("/form")(lambda request: redirect(request.form["next"]))
    app.route("/ours", methods=["GET", "POST"])(lambda _request: redirect("//evil"))
    assert send(app.test_client()).status == status
    assert ("external=True" in caplog.text) == (status == 500)


def test_external_redirect() -> None:
    """With the word it goes, but it cannot break out of its header line."""
    assert redirect("https://example.com/x", 302, external=True).headers["Location"] == "https://example.com/x"
    assert "\n" not in redirect("https://example.com/\r\nX: y", external=True).headers["Location"]
