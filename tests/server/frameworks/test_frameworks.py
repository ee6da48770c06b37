"""Applications of five frameworks run unmodified under `python -m server`, and `wsgiref.validate` finds no fault."""

import contextlib
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import quote, urlencode

import pytest

from tests.server.running import PATIENCE, Running, running

FRAMEWORKS = ["flask", "django", "pyramid", "bottle", "falcon"]

# The validator wants read() to have a size, which PEP 3333 does not: requests with a body go by it.
SITE = """
from wsgiref.validate import validator
from tests.server.frameworks.sites.{name} import app as plain

checked = validator(plain)

def app(environ, start_response):
    return (checked if environ["REQUEST_METHOD"] == "GET" else plain)(environ, start_response)
"""


class Browser:
    """A client with one connection and a cookie."""

    def __init__(self, server: Running) -> None:
        self.connection = HTTPConnection("127.0.0.1", server.port(), timeout=PATIENCE)
        self.cookie = ""

    def ask(self, method: str, target: str, body: bytes | None = None, **headers: str) -> tuple[HTTPResponse, bytes]:
        """Make one request; return the response and its body."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, target, body, named | ({"Cookie": self.cookie} if self.cookie else {}))
        response = self.connection.getresponse()
        self.cookie = (response.headers["Set-Cookie"] or self.cookie).partition(";")[0]
        return response, response.read()


@pytest.fixture(scope="module", params=FRAMEWORKS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run one framework's application under the default model."""
    site = SITE.format(name=request.param)
    with running(tmp_path_factory.mktemp(request.param), "--model", "coroutine", app=site) as server:
        yield server


@pytest.fixture
def browser(server: Running) -> Iterator[Browser]:
    """Talk to it."""
    browser = Browser(server)
    with contextlib.closing(browser.connection):
        yield browser


def test_pages_and_cookies(browser: Browser) -> None:
    """Pages come with a length over one connection, and a session is carried by its cookie."""
    for visit in (b"visit 1", b"visit 2", b"visit 3"):
        response, body = browser.ask("GET", "/")
        assert (response.status, body) == (200, visit)


def test_paths_and_queries_in_chinese(browser: Browser) -> None:
    """What was percent-coded UTF-8 arrives as text."""
    response, body = browser.ask("GET", f"/hello/{quote('中文')}?{urlencode({'greeting': '你好'})}")
    assert (response.status, body.decode()) == (200, "你好 中文")


def test_forms(browser: Browser) -> None:
    """A form is read from `wsgi.input`."""
    form = urlencode({"note": "a / ? # % 中文"}).encode()
    _, body = browser.ask("POST", "/form", form, Content_Type="application/x-www-form-urlencoded")
    assert body.decode() == "a / ? # % 中文"


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_uploads(browser: Browser, chunked: bool) -> None:
    """A file of 1 MB, spooled to the disk, arrives whole, whichever way it was framed."""
    content = b"x" * (1 << 20)
    head = b'--cut\r\nContent-Disposition: form-data; name="upload"; filename="a.bin"\r\n'
    head += b"Content-Type: application/octet-stream\r\n\r\n"
    data = head + content + b"\r\n--cut--\r\n"
    kind = "multipart/form-data; boundary=cut"
    if chunked:
        parts = (data[start : start + 50_000] for start in range(0, len(data), 50_000))
        browser.connection.request("POST", "/form", parts, {"Content-Type": kind}, encode_chunked=True)
        body = browser.connection.getresponse().read()
    else:
        _, body = browser.ask("POST", "/form", data, Content_Type=kind)
    assert body == b"%d" % len(content)


def test_streaming(browser: Browser) -> None:
    """A stream is chunked, and the request is still there while it is made."""
    response, body = browser.ask("GET", "/stream?word=line")
    assert body == b"line 0\nline 1\nline 2\n"
    assert response.headers["Transfer-Encoding"] == "chunked"
    assert browser.ask("GET", "/hello/again")[1] == b"hello again"


def test_files(browser: Browser) -> None:
    """What is handed to `wsgi.file_wrapper` arrives."""
    assert browser.ask("GET", "/file")[1] == b"file" * 1000


def test_head(browser: Browser) -> None:
    """HEAD has no body, and the connection goes on."""
    response, body = browser.ask("HEAD", "/missing")
    assert (response.status, body) == (404, b"")
    assert browser.ask("GET", "/hello/again")[1] == b"hello again"


@pytest.mark.parametrize(("target", "status"), [("/missing", 404), ("/boom", 500)])
def test_errors(browser: Browser, target: str, status: int) -> None:
    """An error is a response like any other."""
    assert browser.ask("GET", target)[0].status == status
    assert browser.ask("GET", "/hello/again")[1] == b"hello again"


def test_the_validator_had_nothing_to_say(server: Running, browser: Browser) -> None:
    """No AssertionError of `wsgiref.validate` was logged."""
    browser.ask("GET", "/")
    assert [line for line in server.said if "AssertionError" in line] == []
