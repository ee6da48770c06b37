"""PEP 3333 on the way back: what an application answers becomes exactly these bytes."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar
from wsgiref.validate import validator

import pytest

from server.http11.writer import LAST_CHUNK, chunk
from server.session import Act, Want
from server.wsgi import Environ, WSGIApplication
from tests.server.apps import Closing, Start, respond, stream
from tests.server.sansio import Client, answer, get, talk


@pytest.mark.parametrize("body", [[b"hello"], [b"hel", b"lo"], (b"hello",), (b"", b"hello", b"")])
def test_a_list_gets_a_content_length(body: Iterable[bytes]) -> None:
    """The length of a list or tuple is known, so it is told; one write carries head and body."""
    client = get(respond(body, ("Content-Type", "text/plain")))
    assert len(client.writes) == 1
    told = answer(client.output)
    assert (told.status, told.reason, told.body) == (200, "OK", b"hello")
    assert told.fields["content-length"] == "5"
    assert told.fields["server"] == "minnow"
    assert told.fields["date"].endswith(" GMT")
    assert "connection" not in told.fields


def test_an_iterator_is_chunked() -> None:
    """A body of unknown length is chunked; empty items make no chunk, which would end it."""
    told = answer(get(respond(stream(b"", b"hello", b"", b" " * 17))).output)
    assert told.fields["transfer-encoding"] == "chunked"
    assert "content-length" not in told.fields
    assert told.body == b"5\r\nhello\r\n11\r\n" + b" " * 17 + b"\r\n0\r\n\r\n"


def test_an_iterator_with_a_declared_length_is_not_chunked() -> None:
    """Content-Length frames the body as it is."""
    client = get(respond(stream(b"hel", b"lo"), ("Content-Length", "5")))
    told = answer(client.output)
    assert "transfer-encoding" not in told.fields
    assert told.body == b"hello"
    assert client.records[0].sent == 5


@pytest.mark.parametrize("body", [[], (), [b""], stream(), stream(b"", b"")])
def test_an_empty_body_is_told(body: Any) -> None:
    """A body that turns out empty has a length, and the connection goes on."""
    client = Client(respond(body)).send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer(client.output).fields["content-length"] == "0"
    assert client.wants is Want.REQUEST


def test_http_1_0_without_length_ends_by_close() -> None:
    """An HTTP/1.0 client knows no chunks: the end of the connection is the end of the body (RFC 9112 §6.3)."""
    head = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    client = Client(respond(stream(b"hello"))).send(head)
    told = answer(client.output)
    assert (told.body, told.fields["connection"]) == (b"hello", "close")
    assert Act.SHUTDOWN in client.steps


def test_http_1_0_with_length_may_go_on() -> None:
    """An HTTP/1.0 client that asks for more is told that it may (RFC 9112 §9.3)."""
    client = Client(respond([b"hello"])).send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert answer(client.output).fields["connection"] == "keep-alive"
    assert client.wants is Want.REQUEST


def test_the_head_waits_for_the_first_non_empty_item() -> None:
    """Headers go with the first non-empty item, so that an application may still change its mind (PEP 3333)."""
    seen = []

    def app(environ: Environ, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b""
        seen.append(client.output)
        start_response("202 Accepted", [], (ValueError, ValueError("changed"), None))
        yield b"hello"
        seen.append(client.output)

    client = Client(app)
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert seen[0] == b""
    assert seen[1].startswith(b"HTTP/1.1 202 Accepted\r\n")
    assert seen[1].endswith(b"\r\n\r\n5\r\nhello\r\n")


def test_write_sends_at_once() -> None:
    """What `write` got has gone when it returns; the iterable comes after it (PEP 3333)."""
    seen = []

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        write = start_response("200 OK", [])
        write(b"")
        seen.append(client.output)
        write(b"one")
        seen.append(client.output)
        write(b"two")
        return [b"three"]

    client = Client(app)
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").finish()
    assert seen[0] == b""
    assert seen[1].endswith(b"3\r\none\r\n")
    assert answer(client.output).body == b"3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n"


@pytest.mark.parametrize("body", [[b"hello"], stream(b"hello"), lambda: Closing(b"hello")])
@pytest.mark.parametrize(
    ("method", "status", "length"),
    [("HEAD", "200 OK", True), ("GET", "204 No Content", False), ("GET", "304 Not Modified", False)],
)
def test_no_body_where_none_belongs(body: Any, method: str, status: str, length: bool) -> None:
    """HEAD, 204 and 304 carry no body, whatever the application returns (RFC 9110 §6.4.1)."""
    client = Client(respond(body, status=status)).send(f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    told = answer(client.output)
    assert told.body == b""
    assert "transfer-encoding" not in told.fields
    assert ("content-length" in told.fields) == (length and isinstance(body, list))
    assert client.wants is Want.REQUEST


@pytest.mark.parametrize(
    ("method", "status", "told"),
    [("HEAD", "200 OK", "5"), ("GET", "304 Not Modified", "5"), ("GET", "204 No Content", None)],
)
@pytest.mark.parametrize("body", [[], [b"hello"], stream(), stream(b"hello")])
def test_a_declared_length_without_a_body(body: Any, method: str, status: str, told: str | None) -> None:
    """HEAD and 304 tell the length of the 200 (RFC 9110 §8.6); a 204 must not tell any."""
    client = get(respond(body, ("Content-Length", "5"), ("X-A", "b"), status=status), method=method)
    got = answer(client.output)
    assert (got.status, got.body) == (int(status[:3]), b"")
    assert got.fields.get("content-length") == told
    assert got.fields["x-a"] == "b"


def test_write_to_head_sends_only_the_head() -> None:
    """`write` in answer to HEAD makes no body (RFC 9110 §9.3.2)."""

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        start_response("200 OK", [])(b"hello")
        return [b"world"]

    assert answer(get(app, method="HEAD").output).body == b""


@pytest.mark.parametrize("date_and_server", [("Date", "now"), ("Server", "mine")])
def test_own_date_and_server_are_kept(date_and_server: tuple[str, str]) -> None:
    """A Date or Server that the application gives is not given twice."""
    output = get(respond([b"a"], date_and_server)).output
    name, value = date_and_server
    assert answer(output).fields[name.lower()] == value
    assert output.count(b"\r\nDate: ") == output.count(b"\r\nServer: ") == 1


class Text(str):
    """A string that shows itself as something else, as markup and members of an enumeration do."""

    __slots__ = ()

    def __str__(self) -> str:
        return "shown\r\nX-Evil: yes"

    def __format__(self, _spec: str, /) -> str:
        return str(self)

    def lower(self) -> str:
        """Return anything else."""
        return str(self)


@pytest.mark.parametrize("known", [False, True], ids=["new", "remembered"])
def test_strings_of_any_class_are_what_they_hold(known: bool) -> None:
    """A Django `SafeString` or a `Markup` is text: as good as the plain string, whether that came before or not."""
    plain = f"200 {known}", (f"X-{known}", "value")
    if known:
        get(respond([], plain[1], status=plain[0]))
    output = get(respond([], (Text(plain[1][0]), Text(plain[1][1])), status=Text(plain[0]))).output
    assert output.startswith(f"HTTP/1.1 200 {known}\r\nX-{known}: value\r\n".encode())
    assert b"Evil" not in output


@pytest.mark.parametrize("name", ["Connection", "Transfer-Encoding"])
def test_no_class_of_string_hides_a_hop_by_hop_field(name: str) -> None:
    """What a name looks like to itself does not matter."""
    assert answer(get(respond([], (Text(name), "close"))).output).status == 500


class Bytes(bytes):
    """Bytes that add up to something else, as numpy's do."""

    def __radd__(self, other: object) -> str:
        return "evil"


@pytest.mark.parametrize("body", [[Bytes(b"hello")], (Bytes(b"hel"), Bytes(b"lo")), stream(Bytes(b"hello"))])
@pytest.mark.parametrize("headers", [[], [("Content-Length", "5")]], ids=["", "length"])
def test_bytes_of_any_class_are_bytes(body: Any, headers: list[tuple[str, str]]) -> None:
    """A subclass of bytes, such as a database driver's, is a body however it comes."""
    client = get(respond(body, *headers))
    assert answer(client.output).body in (b"hello", b"5\r\nhello\r\n0\r\n\r\n")
    assert {type(each) for each in client.writes} == {bytes}


def test_repeated_headers_stay_apart() -> None:
    """Two cookies are two fields, in their order (RFC 6265 §3)."""
    output = get(respond([], ("Set-Cookie", "a=b"), ("Set-Cookie", "c=d"))).output
    assert b"\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n" in output


@pytest.mark.parametrize("keep_alive", [True, False])
def test_a_model_without_keep_alive_says_so(keep_alive: bool) -> None:
    """A connection that ends is announced (RFC 9112 §9.6)."""
    client = Client(respond([b"a"]), keep_alive=keep_alive).send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (answer(client.output).fields.get("connection") == "close") == (not keep_alive)
    assert client.ended == (not keep_alive)


class Instance:
    """An application as an object."""

    def __call__(self, _environ: Environ, start_response: Start) -> list[bytes]:
        """Answer."""
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    def method(self, environ: Environ, start_response: Start) -> list[bytes]:
        """Answer, too."""
        return self(environ, start_response)


class Class:
    """An application as a class: calling it makes the iterable."""

    environs: ClassVar[list[Environ]] = []

    def __init__(self, environ: Environ, start_response: Start) -> None:
        self.environs.append(environ)
        self.start_response = start_response

    def __iter__(self) -> Iterator[bytes]:
        self.start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"hello"


def function(environ: Environ, start_response: Start) -> list[bytes]:
    """Answer: an application as a function."""
    return Instance()(environ, start_response)


def generator(environ: Environ, start_response: Start) -> Iterator[bytes]:
    """Answer: an application as a generator function."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"hello"


CALLABLES = [function, generator, Instance(), Instance().method, Class]


@pytest.mark.parametrize("app", CALLABLES, ids=["function", "generator", "instance", "method", "class"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_callables_of_each_kind(app: WSGIApplication, method: str) -> None:
    """Function, generator, instance, bound method and class are applications; the validator agrees with all."""
    checked: Any = validator(app)
    data = f"{method} / HTTP/1.1\r\nHost: a\r\n".encode()
    data += b"Content-Length: 2\r\n\r\nhi" if method == "POST" else b"\r\n"
    output = talk(data, checked).output
    assert output.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (b"hello" in output) == (method != "HEAD")


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("text/event-stream", 2),
        ("Text/Event-Stream; charset=utf-8", 2),
        ("text/plain", 3),
    ],
)
def test_an_event_stream_ends_when_the_worker_drains(kind: str, sent: int) -> None:
    """It ends after an event, closed and told as any end is; every other response is sent whole."""
    closed: list[bool] = []

    def app(_environ: Environ, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", kind)])
        try:
            yield b"data: 1\n\n"
            client.service.is_draining = lambda: True
            yield b"data: 2\n\n"
            yield b"data: 3\n\n"
        finally:
            closed.append(True)

    client = Client(app)
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    events = [b"data: 1\n\n", b"data: 2\n\n", b"data: 3\n\n"]
    assert answer(client.output).body == b"".join(map(chunk, events[:sent])) + LAST_CHUNK
    assert closed == [True]


def test_close_is_called_when_all_has_gone() -> None:
    """The iterable's close() comes after the last byte, once (PEP 3333)."""
    body = Closing(b"hello")
    get(respond(body))
    assert body.closed == 1


def test_close_is_called_when_the_iterable_raises(caplog: pytest.LogCaptureFixture) -> None:
    """An exception does not save the server from calling close()."""
    body = Closing(b"hello", ValueError("broken"))
    get(respond(body))
    assert body.closed == 1
    assert "GET / failed" in caplog.text


def test_close_is_called_when_the_client_goes() -> None:
    """Nor does a client that leaves in the middle of the response."""
    body = Closing(b"hello")
    client = Client(respond(body))
    session = client._session
    session.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert body.closed == 0
    client.close()
    assert body.closed == 1
    assert [record.status for record in client.records] == [200]


@pytest.mark.parametrize("kind", [staticmethod, property], ids=["called", "looked up"])
@pytest.mark.parametrize("error", [ValueError("close is broken"), SystemExit("close is broken")])
def test_close_that_raises_is_logged(caplog: pytest.LogCaptureFixture, error: BaseException, kind: Any) -> None:
    """What close() raises is logged; the response was whole and the connection goes on."""

    def fail(*_: object) -> None:
        raise error

    broken = type("Broken", (), {"__iter__": lambda _: iter([b"hello"]), "close": kind(fail)})
    client = Client(respond(broken())).send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert client.wants is Want.REQUEST
    assert "close is broken" in caplog.text


def test_early_hints() -> None:
    """`wsgi.early_hints` sends a 103 at once (RFC 8297), to HTTP/1.1 and before the response only."""

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        environ["wsgi.early_hints"]([("Link", "</app.css>; rel=preload")])
        write = start_response("200 OK", [])
        write(b"a")
        environ["wsgi.early_hints"]([("Link", "</late.css>; rel=preload")])
        return []

    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </app.css>; rel=preload\r\n\r\n"
    assert get(app).output.startswith(hints + b"HTTP/1.1 200 OK\r\n")
    assert b"103" not in get(app, version="1.0").output
    assert b"late" not in get(app).output
