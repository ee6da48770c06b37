"""The test client, on an application that is not ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from wsgiref.validate import validator

import pytest

from framework import App, Request, Response, redirect
from framework.testing import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with what was asked."""
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(f"{environ['REQUEST_METHOD']} {environ['REQUEST_URI']} {environ.get('CONTENT_TYPE', '')} ".encode())
    return [environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))]


@pytest.mark.parametrize(
    ("method", "options", "text"),
    [
        ("GET", {}, "GET /a%2Fb?c=d  "),
        ("POST", {"form": {"x": "中"}}, "POST /a%2Fb?c=d application/x-www-form-urlencoded x=%E4%B8%AD"),
        ("PUT", {"json": {"x": 1}}, 'PUT /a%2Fb?c=d application/json {"x": 1}'),
        ("POST", {"body": b"z", "headers": {"Content-Type": "a/b"}}, "POST /a%2Fb?c=d a/b z"),
    ],
)
def test_any_wsgi_application(method: str, options: dict[str, Any], text: str) -> None:
    """Any application is called, write() included, with its target as it was given."""
    assert Client(echo).request(method, "/a%2Fb?c=d", **options).text == text


def test_valid_wsgi() -> None:
    """Our application and our client pass the standard library's validator, on either side of it."""
    app = App("valid")
    app.get("/<name>")(lambda _request, name: name)
    answer = Client(validator(app)).get("/%E4%B8%AD")
    assert (answer.status, answer.text) == (200, "中")


def test_cookies_and_redirects() -> None:
    """Cookies are kept and sent back, and redirects followed when asked."""
    app = App("jar")

    @app.post("/login")
    def login(request: Request) -> Response:
        response = redirect(request.url_for("home", name="me"))
        response.set_cookie("who", request.form["who"])
        return response

    @app.get("/home/<name>")
    def home(request: Request, name: str) -> Response:
        response = Response(f"{request.method} {name} {request.cookies['who']}")
        response.delete_cookie("who")
        return response

    client = app.test_client()
    assert client.post("/login", form={"who": "中"}).status == 303
    assert client.cookies == {"who": "%E4%B8%AD"}
    assert client.post("/login", form={"who": "中"}, follow=True).text == "GET me 中"
    assert client.cookies == {}


def test_json() -> None:
    """A JSON answer is parsed."""
    app = App("json")
    app.get("/")(lambda _request: {"a": [1]})
    assert app.test_client().get("/").json == {"a": [1]}
