"""PEP 3333 on the way in: what an application is told of a request."""

import io
from typing import Any
from wsgiref.validate import validator

import pytest

from server.environ import Environ, Environs
from server.http11.fields import LONGEST_SECTION, parse_section
from server.http11.request import Request
from server.session import Endpoint
from tests.server.apps import Start
from tests.server.sansio import PEER, Client, answers, get, talk

POST = b"POST / HTTP/1.1\r\nHost: a\r\n"


def environ_of(data: bytes, **options: Any) -> Environ:
    """Return the environ that a request makes."""
    client = Client(**options).send(data)
    assert len(client.echo.calls) == 1
    return client.echo.calls[0].environ


def test_the_whole_environ() -> None:
    """Every variable of PEP 3333, each as it must be, and the server's extras."""
    environ = environ_of(b"GET /a%20b/%E4%B8%AD?q=1%202&r HTTP/1.1\r\nHost: example.com\r\nX-Some-Thing: b\r\n\r\n")
    assert callable(environ.pop("wsgi.early_hints"))
    assert callable(environ.pop("wsgi.file_wrapper"))
    assert hasattr(environ.pop("wsgi.errors"), "write")
    assert environ.pop("wsgi.input").read() == b""
    assert environ == {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a b/\xe4\xb8\xad",
        "QUERY_STRING": "q=1%202&r",
        "REQUEST_URI": "/a%20b/%E4%B8%AD?q=1%202&r",
        "RAW_URI": "/a%20b/%E4%B8%AD?q=1%202&r",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "192.0.2.1",
        "SERVER_PORT": "8000",
        "SERVER_SOFTWARE": "minnow",
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REMOTE_ADDR": PEER[0],
        "REMOTE_PORT": PEER[1],
        "HTTP_HOST": "example.com",
        "HTTP_X_SOME_THING": "b",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input_terminated": True,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def test_environs_share_nothing() -> None:
    """What an application puts into an environ is gone with the request, however alike the next one is."""
    client = Client()
    for number in range(4):
        client.send(b"GET /%d HTTP/1.1\r\nHost: a\r\nCookie: n=%d\r\n\r\n" % (number % 2, number))
        environ = client.echo.calls[-1].environ
        assert environ["HTTP_COOKIE"] == f"n={number}"
        assert environ["PATH_INFO"] == f"/{number % 2}"
        assert "x.mine" not in environ
        environ["x.mine"] = environ["HTTP_HOST"] = "changed"
    client.send(b"GET /0 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert "HTTP_COOKIE" not in client.echo.calls[-1].environ
    assert client.echo.calls[-1].environ["HTTP_HOST"] == "a"


def test_templates_are_bounded() -> None:
    """Templates are kept for sections that are remembered, up to a number."""
    environs = Environs("a", "80", multithread=False, multiprocess=False, file_wrapper=list)
    for number in range(environs.ROOM + 10):
        section, _ = parse_section(b"\r\nHost: a\r\nX-Number: %d" % number, "1", 10)
        assert environs.make(Request("GET", "/", "/", "", "HTTP/1.1", section, None))["HTTP_X_NUMBER"] == str(number)
        assert len(environs.templates) <= environs.ROOM
    known = dict(environs.templates)
    section, _ = parse_section(b"\r\nHost: a\r\nX-Long: " + b"a" * LONGEST_SECTION, "1", 10)
    environs.make(Request("GET", "/", "/", "", "HTTP/1.1", section, None))
    assert environs.templates == known


def test_a_unix_socket_has_a_name_and_a_port() -> None:
    """SERVER_NAME and SERVER_PORT are never empty (PEP 3333), even where there is no port."""
    environ = environ_of(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", address="/run/minnow.sock")
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("localhost", "80")


@pytest.mark.parametrize("framing", [b"Content-Length: 0\r\n", b"", b"Transfer-Encoding: chunked\r\n"])
def test_no_variable_poses_as_another(framing: bytes) -> None:
    """A field named as one of the server's own variables does not replace it."""
    names = (b"Request-Method", b"Path-Info", b"Remote-Addr", b"Wsgi.Input", b"Server-Port", b"Script-Name")
    lines = b"".join(name + b": evil\r\n" for name in names)
    environ = environ_of(POST + lines + framing + b"\r\n" + (b"0\r\n\r\n" if b"chunked" in framing else b""))
    evil = {name for name, value in environ.items() if value == "evil"}
    assert all(name.startswith("HTTP_") for name in evil)
    assert len(evil) == len(names)


def test_equal_requests_do_not_share_an_environ() -> None:
    """An application may change its environ; the next request, however equal, starts afresh."""
    seen = []

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        seen.append(environ.pop("app.mark", None))
        assert environ["REMOTE_ADDR"] == PEER[0]
        environ["app.mark"] = environ["REMOTE_ADDR"] = "changed"
        del environ["wsgi.version"], environ["HTTP_HOST"]
        start_response("200 OK", [])
        return []

    client = Client(app)
    for _ in range(3):
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 3)
    assert seen == [None] * 6
    assert [each.status for each in answers(client.output)] == [200] * 6


BODY = b"one\ntwo\r\nthree"


@pytest.mark.parametrize("memory", [0, 5, 256 << 10], ids=["file", "file after memory", "memory"])
@pytest.mark.parametrize(
    ("framing", "pieces"),
    [
        (b"Content-Length: 14\r\n\r\n", [BODY]),
        (b"Content-Length: 14\r\n\r\n", [BODY[:3], BODY[3:]]),
        (b"Transfer-Encoding: chunked\r\n\r\n", [b"3\r\none\r\n", b"b\r\n" + BODY[3:] + b"\r\n0\r\n\r\n"]),
    ],
    ids=["length", "length in pieces", "chunked"],
)
def test_input(framing: bytes, pieces: list[bytes], memory: int) -> None:
    """`wsgi.input` is a whole file, wherever it is kept, and ends where the body does."""
    read: list[Any] = []

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        body = environ["wsgi.input"]
        assert environ["wsgi.input_terminated"] is True
        assert environ["CONTENT_LENGTH"] == "14"
        read.extend([body.readline(), body.read(2), body.readline(100), body.read(), body.read(), body.readline()])
        body.seek(0)
        read.extend([body.readlines(), list(body)])
        start_response("200 OK", [])
        return []

    client = Client(app, body_memory=memory).send(POST + framing, *pieces, b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
    assert read[:6] == [b"one\n", b"tw", b"o\r\n", b"three", b"", b""]
    assert read[6:8] == [BODY.splitlines(keepends=True), []]
    assert len(answers(client.output)) == 2


def test_no_input() -> None:
    """A request without a body has an input that is empty, however it is read, and stays so for the next."""
    body = environ_of(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")["wsgi.input"]
    for _ in range(2):
        assert body.read() == body.read(5) == body.read(-1) == body.readline() == body.readline(5) == b""
        assert body.readlines() == body.readlines(5) == list(body) == []
        assert body.read(None) == body.read1() == body.readline(None) == b""
        assert body.readinto(bytearray(5)) == body.seek(0) == body.seek(0, io.SEEK_END) == body.tell() == 0
        assert next(body, None) is None
        assert io.TextIOWrapper(body).read() == ""
        with body:
            assert body.readable()
            assert body.seekable()
        body.close()
        assert not body.closed


def test_the_validator_finds_nothing() -> None:
    """`wsgiref.validate` agrees with every kind of request, asterisk-form and a body on disk included."""

    def app(environ: Environ, start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"]
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"%d %d" % (len(body.readline()), len(body.read(-1)))]

    checked = validator(app)
    for data in (
        b"GET /%E4%B8%AD?a=b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://b.example HTTP/1.0\r\n\r\n",
        POST + b"Content-Length: 14\r\nContent-Type: a/b\r\n\r\n" + BODY,
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n",
    ):
        assert talk(data, checked, body_memory=4).output.startswith(b"HTTP/1.1 200 OK\r\n")


def test_multithread_and_multiprocess_come_from_the_model() -> None:
    """The two flags are the model's word, not a guess."""
    endpoint = Endpoint(Client().service, ("::1", 80, 0, 0), multithread=True, multiprocess=True)
    _, environ = endpoint.open(b"GET / HTTP/1.1\r\nHost: a")
    assert (environ["wsgi.multithread"], environ["wsgi.multiprocess"]) == (True, True)
    assert environ["SERVER_NAME"] == "[::1]"  # RFC 3875 §4.1.14: an IPv6 address stands in brackets, as in a URL


def test_get_has_no_content_length() -> None:
    """CONTENT_LENGTH is absent when there is no body to tell of (RFC 3875 §4.1.2)."""

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        assert "CONTENT_LENGTH" not in environ
        assert "CONTENT_TYPE" not in environ
        start_response("200 OK", [])
        return []

    assert get(app).output.startswith(b"HTTP/1.1 200")
