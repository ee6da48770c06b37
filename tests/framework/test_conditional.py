"""Conditional requests and ranges, with and without a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from framework import App, HTTPError, Request, Response
from framework.conditional import evaluate, http_date, wanted_range
from framework.files import guess_type, send_file

if TYPE_CHECKING:
    from pathlib import Path

THEN = 1_700_000_000
ETAG, DATE, LATER, BEFORE = '"a"', http_date(THEN), http_date(THEN + 1), http_date(THEN - 1)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 200),
        ({"IF_NONE_MATCH": '"a"'}, 304),
        ({"IF_NONE_MATCH": 'W/"a"'}, 304),
        ({"IF_NONE_MATCH": '"b", "a"'}, 304),
        ({"IF_NONE_MATCH": '"b,", "c"'}, 200),
        ({"IF_NONE_MATCH": "*"}, 304),
        ({"IF_NONE_MATCH": "a"}, 200),
        ({"IF_NONE_MATCH": '"b"', "IF_MODIFIED_SINCE": LATER}, 200),
        ({"IF_MODIFIED_SINCE": DATE}, 304),
        ({"IF_MODIFIED_SINCE": LATER}, 304),
        ({"IF_MODIFIED_SINCE": BEFORE}, 200),
        ({"IF_MODIFIED_SINCE": "yesterday"}, 200),
        ({"IF_MODIFIED_SINCE": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}, 200),
        ({"IF_MODIFIED_SINCE": "Mon, 01 Jan 9999 00:00:00 +99999999999999999999"}, 200),
        ({"IF_MATCH": '"a"'}, 200),
        ({"IF_MATCH": 'W/"a"'}, 412),
        ({"IF_MATCH": '"b"'}, 412),
        ({"IF_MATCH": "*"}, 200),
        ({"IF_MATCH": '"a"', "IF_UNMODIFIED_SINCE": BEFORE}, 200),
        ({"IF_UNMODIFIED_SINCE": BEFORE}, 412),
        ({"IF_UNMODIFIED_SINCE": DATE}, 200),
        ({"IF_UNMODIFIED_SINCE": "yesterday"}, 200),
        ({"IF_MATCH": '"a"', "IF_NONE_MATCH": '"a"'}, 304),
    ],
)
def test_preconditions(fields: dict[str, str], status: int) -> None:
    """The preconditions are weighed in the order of RFC 9110 §13.2.2."""
    assert evaluate({f"HTTP_{name}": value for name, value in fields.items()}, ETAG, THEN + 0.5) == status


@pytest.mark.parametrize(
    ("header", "if_range", "wanted"),
    [
        ("bytes=0-0", None, range(1)),
        ("bytes=2-", None, range(2, 10)),
        ("bytes=-3", None, range(7, 10)),
        ("bytes=-99", None, range(10)),
        ("bytes=8-99", None, range(8, 10)),
        ("bytes=5-4", None, None),
        ("bytes=-", None, None),
        ("bytes=0-1,3-4", None, None),
        ("lines=0-1", None, None),
        ("", None, None),
        ("bytes=0-0", ETAG, range(1)),
        ("bytes=0-0", DATE, range(1)),
        ("bytes=0-0", '"b"', None),
        ("bytes=0-0", LATER, None),
    ],
)
def test_ranges(header: str, if_range: str | None, wanted: range | None) -> None:
    """One satisfiable range is taken; an invalid one, or one of another state, is ignored."""
    environ = {"REQUEST_METHOD": "GET", "HTTP_RANGE": header}
    if if_range is not None:
        environ["HTTP_IF_RANGE"] = if_range
    assert wanted_range(environ, 10, ETAG, THEN) == wanted
    assert wanted_range({**environ, "REQUEST_METHOD": "HEAD"}, 10, ETAG, THEN) is None


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=-0", "bytes=99-100"])
def test_ranges_behind_the_end(header: str) -> None:
    """Bytes that are not there are a 416 that tells the length."""
    with pytest.raises(HTTPError) as caught:
        wanted_range({"REQUEST_METHOD": "GET", "HTTP_RANGE": header}, 10, ETAG)
    assert (caught.value.status, caught.value.headers) == (416, {"Content-Range": "bytes */10"})


def test_tagged_pages() -> None:
    """A tagged page is sent once, and confirmed by 304 until it changes; HEAD too, POST never."""
    app, text = App("tags"), ["one"]

    @app.route("/", methods=["GET", "POST"])
    def home(_request: Request) -> Response:
        response = Response(text[0])
        response.add_etag()
        return response

    client = app.test_client()
    etag = client.get("/").headers["ETag"]
    for method, status, body in [("GET", 304, ""), ("HEAD", 304, ""), ("POST", 200, "one")]:
        answer = client.request(method, "/", headers={"If-None-Match": etag})
        assert (answer.status, answer.text, answer.headers["ETag"]) == (status, body, etag)
    text[0] = "two"
    assert client.get("/", headers={"If-None-Match": etag}).text == "two"


def test_versions_save_the_work() -> None:
    """A handler may ask whether the client has its data's version before it does any work."""
    app, worked = App("versions"), list[str]()

    @app.get("/")
    def home(request: Request) -> Response:
        if request.has_current("v1"):
            return Response(status=304, headers={"ETag": '"v1"'})
        worked.append("again")
        response = Response("page")
        response.add_etag("v1")
        return response

    client = app.test_client()
    etag = client.get("/").headers["ETag"]
    assert (etag, client.get("/", headers={"If-None-Match": etag}).status, worked) == ('"v1"', 304, ["again"])


@pytest.fixture
def app(tmp_path: Path) -> App:
    """Return an application that sends a file."""
    (tmp_path / "数据.csv").write_bytes(b"0123456789")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "a.css").write_text("a {}")
    (tmp_path / "static" / "link").symlink_to(tmp_path / "secret")
    app = App("files", static=tmp_path / "static", suffix=".html")

    @app.get("/data", suffix=".csv")
    def data(request: Request) -> Response:
        return send_file(request, tmp_path / "数据.csv", download_as="数据.csv")

    @app.get("/gone", suffix="")
    def gone(request: Request) -> Response:
        return send_file(request, tmp_path / "gone")

    return app


def test_whole_file(app: App) -> None:
    """A file comes whole, with its type, length, validators and name; HEAD sends all but the bytes."""
    client = app.test_client()
    answer = client.get("/data.csv")
    assert (answer.status, answer.body) == (200, b"0123456789")
    assert (answer.headers["Content-Type"], answer.headers["Content-Length"]) == ("text/csv; charset=utf-8", "10")
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%E6%95%B0%E6%8D%AE.csv"
    head = client.request("HEAD", "/data.csv")
    assert (head.body, list(head.headers)) == (b"", list(answer.headers))
    assert client.get("/gone").status == 404


def test_part_of_a_file(app: App) -> None:
    """A range is a 206, a copy that is still good a 304, and a range that is not there a 416."""
    client = app.test_client()
    part = client.get("/data.csv", headers={"Range": "bytes=2-4"})
    assert (part.status, part.body, part.headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    for headers, status in [
        ({"If-None-Match": part.headers["ETag"]}, 304),
        ({"If-Modified-Since": part.headers["Last-Modified"]}, 304),
        ({"If-Match": '"other"'}, 412),
        ({"Range": "bytes=10-"}, 416),
    ]:
        assert client.get("/data.csv", headers=headers).status == status


def test_file_wrapper(app: App) -> None:
    """The server's own way of sending files is used, and the file closed by whoever has it."""
    sent: list[Any] = []

    def wrapper(file: Any, _block: int) -> Any:
        sent.append(file)
        return iter([file.read()])

    answer = app.test_client(**{"wsgi.file_wrapper": wrapper}).get("/data.csv")
    assert (answer.body, len(sent)) == (b"0123456789", 1)
    sent[0].close()


def test_static_files(app: App) -> None:
    """Static files are served, for ever under their hashed address, and nothing else is."""
    client = app.test_client()
    hashed = client.get(app.static_url("a.css"))
    plain = client.get("/static/a.css")
    assert (hashed.text, hashed.headers["Content-Type"]) == ("a {}", "text/css; charset=utf-8")
    assert hashed.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert plain.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["../secret", "%2e%2e/secret", "..%2Fsecret", "%2Fetc%2Fpasswd", "link", "", ".", "a.css/", "%00", "x" * 300],
)
def test_traversal(app: App, path: str) -> None:
    """No path, however coded, leads out of the directory."""
    assert app.test_client().get(f"/static/{path}").status == 404


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.html", "text/html; charset=utf-8"),
        ("a.png", "image/png"),
        ("a.csv.gz", "application/octet-stream"),
        ("a.nonsense", "application/octet-stream"),
    ],
)
def test_guess_type(name: str, kind: str) -> None:
    """The name tells the type; text is UTF-8, and what is packed is not unpacked on the way."""
    assert guess_type(name) == kind
