"""The application: hooks, error handlers, groups, and what users learn of errors."""

from __future__ import annotations

import logging
import re
from functools import partial, wraps
from typing import Any

import pytest

from framework import App, HTTPError, Request, Response, RouteError, abort


class OutOfStockError(Exception):
    """Stand in for an application's own exception."""


async def later(_request: Request) -> str:
    """Stand in for a handler of another framework's kind."""
    return ""


def make() -> App:
    """Return an application that fails in several ways."""
    app = App("shop")

    @app.get("/")
    def home(request: Request) -> str:
        return "home"

    @app.get("/missing")
    def missing(request: Request) -> str:
        abort(404, "There is no such thing.", {"X-Reason": "gone"})

    @app.get("/crash")
    def crash(request: Request) -> str:
        raise OutOfStockError("password=hunter2")

    @app.get("/forgot")
    def forgot(request: Request) -> None:
        """Return nothing."""

    return app


def test_home() -> None:
    """A handler's text is the page; HEAD and OPTIONS come for free."""
    client = make().test_client()
    assert (client.get("/").status, client.get("/").text) == (200, "home")
    head = client.request("HEAD", "/")
    assert (head.status, head.text, head.headers["Content-Length"]) == (200, "", "4")
    options = client.request("OPTIONS", "/")
    assert (options.status, options.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")
    assert client.post("/").headers["Allow"] == "GET, HEAD, OPTIONS"


def test_abort() -> None:
    """An aborted request answers the status, the message and the fields."""
    answer = make().test_client().get("/missing")
    assert (answer.status, answer.text) == (404, "404 Not Found\n\nThere is no such thing.\n")
    assert answer.headers["X-Reason"] == "gone"
    with pytest.raises(ValueError, match="from 400 to 599"):
        abort(200)


@pytest.mark.parametrize("path", ["/crash", "/forgot"])
def test_crash(path: str, caplog: pytest.LogCaptureFixture) -> None:
    """A crash is a bare 500 for the user, and one record for the log: traceback, route and id."""
    answer = make().test_client().get(path)
    (record,) = caplog.records
    message = record.getMessage()
    number = message.rpartition("[")[2].rstrip("]")
    assert (record.name, record.levelno, record.exc_info is not None) == ("shop", logging.ERROR, True)
    assert f'<Request GET {path}> failed in route "{path}" ({path[1:]}, ' in message
    assert answer.status == 500
    assert answer.text == f"500 Internal Server Error\n\nThe error has been noted under {number}.\n"


def test_aborts_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """An error of the client is no error of ours."""
    make().test_client().get("/nowhere")
    assert caplog.records == []


def test_error_handlers() -> None:
    """Handlers answer statuses and classes, the nearest class first; the error's status is theirs by default."""
    app = make()
    app.errorhandler(404)(lambda request, error: f"no {request.path}: {error.message}")
    app.errorhandler(Exception)(lambda _request, _error: "something")
    app.errorhandler(OutOfStockError)(lambda _request, _error: Response("sold out", 409))
    client = app.test_client()
    for path, status, text in [
        ("/missing", 404, "no /missing: There is no such thing."),
        ("/nowhere", 404, "no /nowhere: "),
        ("/crash", 409, "sold out"),
        ("/forgot", 500, "something"),
    ]:
        answer = client.get(path)
        assert (answer.status, answer.text) == (status, text)
    assert client.post("/").status == 405


def test_error_handler_fails(caplog: pytest.LogCaptureFixture) -> None:
    """A failing error handler is logged, and the user gets the bare 500."""
    app = make()
    app.errorhandler(404)(lambda _request, _error: 1 / 0)
    answer = app.test_client().get("/missing")
    assert answer.status == 500
    assert "ZeroDivision" not in answer.text
    assert "ZeroDivisionError" in caplog.text


def test_hooks() -> None:
    """Before-hooks run in order, after-hooks in reverse, for errors too; teardown comes last."""
    app, calls = make(), list[str]()
    for name in ("one", "two"):
        app.before_request(partial(lambda name, _request: calls.append(f"before {name}"), name))
        app.after_request(partial(lambda name, _request, response: (calls.append(f"after {name}"), response)[1], name))
        app.teardown_request(partial(lambda name, _request, error: calls.append(f"{error!r} {name}"), name))
    client = app.test_client()
    client.get("/")
    assert calls == ["before one", "before two", "after two", "after one", "None two", "None one"]
    calls.clear()
    client.get("/crash")
    error = "OutOfStockError('password=hunter2')"
    assert calls == ["before one", "before two", "after two", "after one", f"{error} two", f"{error} one"]


@pytest.mark.parametrize(("answer", "name"), [(None, "NoneType"), ("text", "str")])
def test_after_request_must_answer(answer: Any, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """A hook that forgot to return the response is a 500, and the log names its line."""
    app = make()
    app.after_request(lambda _request, _response: answer)
    assert app.test_client().get("/").status == 500
    assert f"returns a Response, not {name}" in caplog.text
    assert "test_app.py:" in caplog.text


def test_a_failing_hook_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """A hook behind the handler that fails is logged once, and not called again for the error's page."""
    app, calls = make(), list[str]()

    def hook(request: Request, response: Response) -> Response:
        calls.append(request.raw_path)
        raise KeyError(response.status)

    app.after_request(hook)
    assert app.test_client().get("/").status == 500
    assert calls == ["/"]
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_before_request_may_answer() -> None:
    """A hook that returns a response ends the request; after-hooks still see it."""
    app = make()
    app.before_request(lambda request: "closed" if request.query.get("closed") else None)
    app.after_request(lambda _request, response: Response(response.text.upper()))
    client = app.test_client()
    assert [client.get(url).text for url in ("/?closed=1", "/")] == ["CLOSED", "HOME"]


def test_teardown_of_a_stopped_request() -> None:
    """A request that the server stops from outside, as by a time-out of gevent, is torn down too."""
    app, calls = make(), list[str]()

    class StoppedError(BaseException):
        """Stand in for what is no Exception."""

    @app.get("/stop")
    def stop(request: Request) -> str:
        raise StoppedError

    app.teardown_request(lambda _request, error: calls.append(type(error).__name__))
    with pytest.raises(StoppedError):
        app.test_client().get("/stop")
    assert calls == ["StoppedError"]


def test_failing_teardown_does_not_harm(caplog: pytest.LogCaptureFixture) -> None:
    """A teardown that fails is logged; the others still run and the response stands."""
    app, calls = make(), list[str]()
    app.teardown_request(lambda _request, _error: calls.append("ran"))
    app.teardown_request(lambda _request, _error: 1 / 0)
    assert app.test_client().get("/").text == "home"
    assert (calls, "ZeroDivisionError" in caplog.text) == (["ran"], True)


def test_groups() -> None:
    """A group has a prefix, a name, and hooks and error handlers that hold for it alone."""
    app = make()
    app.errorhandler(404)(lambda _request, _error: "outer")
    app.before_request(lambda request: request.environ.update(seen="app"))
    admin = app.group("/admin", name="admin")
    admin.before_request(lambda request: request.environ.update(seen=request.environ["seen"] + " admin"))
    admin.errorhandler(404)(lambda _request, _error: "inner")
    users = admin.group("/users", name="users")

    @users.get("/<n:int>")
    def user(request: Request, n: int) -> str:
        return f"{n} {request.environ['seen']}" if n else abort(404)

    client = app.test_client()
    assert app.url_for("admin.users.user", n=7) == "/admin/users/7"
    assert client.get("/admin/users/7").text == "7 app admin"
    assert client.get("/admin/users/0").text == "inner"
    assert client.get("/admin/nothing").text == "outer"


def show(_request: Request, row: str, place: int) -> str:
    """Answer in a handler's usual way."""
    return f"{row} {place}"


class Shelf:
    """Stand in for a handler that is no function."""

    def __call__(self, _request: Request, row: str, place: int) -> str:
        """Answer as an instance."""
        return f"{row} {place}"

    def show(self, _request: Request, row: str, place: int) -> str:
        """Answer as a method."""
        return f"{row} {place}"


@wraps(show)
def decorated(request: Request, **values: Any) -> str:
    """Answer as a decorated function does: what it shows is the signature inside."""
    return show(request, **values)


@pytest.mark.parametrize(
    "handler",
    [
        show,
        lambda _request, place, row: f"{row} {place}",
        lambda _request, other="x", *, place, row, **_more: f"{row} {place}" + other[1:],
        lambda _request, **values: f"{values['row']} {values['place']}",
        lambda _request, place, other=0, row="": f"{row} {place + other}",
        partial(lambda prefix, _request, place, row: f"{prefix}{row} {place}", ""),
        Shelf(),
        Shelf().show,
        decorated,
    ],
)
def test_values_go_by_name(handler: Any) -> None:
    """A handler gets the path's values under their names, in whatever order and by whatever way it takes them."""
    app = App("shelf")
    app.get("/<row>/<place:int>")(handler)
    assert app.test_client().get("/a/7").text == "a 7"


def test_middleware() -> None:
    """A WSGI middleware wraps the application; the last one added is the outermost."""
    app, calls = make(), list[str]()

    def middleware(name: str, inner: Any) -> Any:
        return lambda environ, start_response: (calls.append(name), inner(environ, start_response))[1]

    app.use(partial(middleware, "inner"))
    app.use(partial(middleware, "outer"))
    assert app.test_client().get("/").text == "home"
    assert calls == ["outer", "inner"]


def test_whole_path_regex() -> None:
    """Those who come from re.match dispatch pass a compiled expression for the whole path."""
    app = make()
    pattern = re.compile(r"/update/(?P<code>\d+)/(?P<note>.*)\.html")
    app.route(pattern, methods=["POST"])(lambda _request, code, note: f"{code}: {note}")
    assert app.test_client().post("/update/7/a%2Fb/%E4%B8%AD.html").text == "7: a/b/中"


@pytest.mark.parametrize(
    ("define", "message"),
    [
        (lambda app: app.get("stock")(print), 'begins with "/"'),
        (lambda app: app.get("/")(lambda _request: ""), r"test_app\.py:\d+\) answers the same GET requests as .*home"),
        (lambda app: app.get("/<code>")(lambda _request: ""), r"test_app\.py:\d+.*unexpected keyword argument .code"),
        (lambda app: app.get("/x", name="home")(print), r"\(home, .*\) has the name of .*test_app\.py:\d+"),
        (lambda app: app.get("/x")(lambda: ""), r"test_app\.py:\d+.*too many positional"),
        (
            lambda app: app.get("/x")(lambda _request, _code: ""),
            r"test_app\.py:\d+.*missing a required argument: ._code",
        ),
        (lambda app: app.get("/x", suffix="csv")(print), "a suffix is a dot and a word"),
        (lambda app: app.route("/x", methods="GET")(lambda _request: ""), "methods"),
        (lambda app: app.route("/x", methods=["get"])(lambda _request: ""), "methods"),
        (lambda app: app.errorhandler("404"), "a status or a class of exceptions"),
        (lambda app: app.errorhandler(200), "would never be asked"),
        (lambda app: app.get(show), r"test_app\.py:\d+: the decorator takes a pattern first"),
        (lambda app: app.get("/x")(later), r"\(later, .*test_app\.py:\d+\): the handler is async"),
        (lambda app: app.group("admin", name="admin"), 'begins with "/"'),
    ],
)
def test_mistakes(define: Any, message: str) -> None:
    """A wrong definition is refused when it is made, and names the line to change."""
    with pytest.raises(RouteError, match=message):
        define(make())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"secret_keys": "key"}, "a list of keys"),
        ({"secret_keys": ["new", ""]}, "none of them empty"),
        ({"hosts": "example.com"}, "take lists"),
        ({"trusted_origins": "https://example.com"}, "take lists"),
        ({"suffix": "html"}, 'such as ".html"'),
        ({"suffix": ".ht/ml"}, 'such as ".html"'),
    ],
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    """An option that would be misread is refused: a key given as text would be one key for each letter."""
    with pytest.raises(RouteError, match=message):
        App("x", **options)


@pytest.mark.parametrize(
    "define",
    [
        lambda app, x: app.route(re.compile("/old/(?P<code>.*)"), name=f"old{x}")(lambda _request, code: f"{x}{code}"),
        lambda app, x: app.errorhandler(404)(lambda _request, _error: x),
        lambda app, x: app.errorhandler(ValueError)(lambda _request, _error: x),
        lambda app, x: app.mount("/sub", App(x)),
    ],
)
def test_duplicates(define: Any) -> None:
    """What would take the place of another, or never be asked, is refused, and both are named."""
    app = App("twice")
    define(app, "1")
    both = r"test_app\.py:\d+.*test_app\.py:\d+|<App 2 .*<App 1 "
    with pytest.raises(RouteError, match=both):
        define(app, "2")


def test_same_expression_for_other_methods() -> None:
    """One expression may lead to two handlers by method."""
    app = App("methods")
    for method in ("GET", "POST"):
        app.route(re.compile("/x"), methods=[method], name=method)(lambda _request, method=method: method)
    assert app.test_client().post("/x").text == "POST"


def test_hooks_come_before_requests() -> None:
    """A hook that some requests would have missed is refused."""
    app = make()
    app.test_client().get("/")
    with pytest.raises(RouteError, match="comes too late"):
        app.before_request(lambda _request: None)
    with pytest.raises(RouteError, match="comes too late"):
        app.use(lambda wsgi: wsgi)
    with pytest.raises(RouteError, match="comes too late"):
        app.mount("/x", app)


def test_error_str() -> None:
    """An HTTPError reads well in a log."""
    assert str(HTTPError(404, "x")) == "404 Not Found: x"
    assert str(HTTPError(499)) == "499 Error"
