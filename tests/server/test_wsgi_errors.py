"""PEP 3333 when something goes wrong: in the application, in what it says, or with its client."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from server.http11.errors import ResponseError
from server.session import Act, Want
from server.wsgi import Disconnected, Environ
from tests.server.apps import Closing, Start, respond, stream
from tests.server.sansio import Client, answer, answers, get

GET = b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n"


def test_exc_info_before_the_head() -> None:
    """With exc_info, a second start_response replaces the first while the head has not gone (PEP 3333)."""

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        start_response("200 OK", [("X-First", "yes")])
        try:
            int("oops")
        except ValueError:
            start_response("503 Service Unavailable", [("X-Second", "yes")], sys.exc_info())
        return [b"sorry"]

    told = answer(get(app).output)
    assert (told.status, told.body) == (503, b"sorry")
    assert "x-first" not in told.fields


def test_exc_info_after_the_head_is_raised(caplog: pytest.LogCaptureFixture) -> None:
    """When the head has gone, start_response raises what exc_info holds, and the connection is cut (PEP 3333)."""

    def app(environ: Environ, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"hello"
        try:
            int("too late for a 500")
        except ValueError:
            start_response("500 Oops", [], sys.exc_info())

    client = Client(app).send(GET)
    assert client.ended
    assert not client.output.endswith(b"0\r\n\r\n")
    assert "too late for a 500" in caplog.text
    assert Act.RESET not in client.steps  # the missing last chunk tells it


class Timeout(BaseException):
    """As gevent's time-outs are: no Exception, so that an application does not catch it by accident."""


@pytest.mark.parametrize("error", [ValueError("broken"), SystemExit(3), Timeout(), Disconnected()])
def test_an_exception_before_the_head_gives_500(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever an application raises, its client gets an answer, and the next request is served."""

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        start_response("200 OK", [("X-Secret", "a")])
        raise error

    client = Client(app).send(GET + GET)
    first, second = answers(client.output)
    assert first.status == second.status == 500
    assert "x-secret" not in first.fields
    assert b"broken" not in client.output
    assert client.wants is Want.REQUEST
    assert [record.status for record in client.records] == [500, 500]
    assert ("GET /page failed" in caplog.text) == (not isinstance(error, Disconnected))


@pytest.mark.parametrize("error", [ValueError("broken"), SystemExit(3), Timeout()])
def test_an_exception_of_the_iterable_before_its_first_item_gives_500(error: BaseException) -> None:
    """The head has not gone before the first non-empty item, so there is still time for a 500."""

    def app(environ: Environ, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b""
        raise error

    client = Client(app).send(GET)
    assert answer(client.output).status == 500
    assert client.wants is Want.REQUEST


@pytest.mark.parametrize("error", [ValueError("broken"), SystemExit(3), Timeout()])
@pytest.mark.parametrize("headers", [[], [("Content-Length", "10")]])
def test_an_exception_after_the_head_cuts(
    error: BaseException, headers: list[tuple[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    """The client can tell that something is missing: the last chunk, or octets of the Content-Length."""

    def app(environ: Environ, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", headers)
        yield b"hello"
        raise error

    client = Client(app).send(GET + GET)
    assert client.output.count(b"HTTP/1.1 ") == 1
    assert client.output.endswith((b"hello", b"hello\r\n"))
    assert Act.RESET not in client.steps
    client.finish()
    assert "GET /page failed" in caplog.text


class Interrupted(Closing):
    """A body whose end is interrupted."""

    def close(self) -> None:
        """Raise."""
        raise KeyboardInterrupt


@pytest.mark.parametrize("body", [None, Closing(KeyboardInterrupt()), Interrupted(b"hello")])
def test_an_interrupt_is_nobody_s_response(body: Closing | None) -> None:
    """Ctrl-C during a request is meant for the server, not for the client."""

    def app(environ: Environ, start_response: Start) -> Any:
        if body is None:
            raise KeyboardInterrupt
        start_response("200 OK", [])
        return body

    with pytest.raises(KeyboardInterrupt):
        Client(app).send(GET)


def test_an_exception_after_the_head_resets_where_only_the_end_tells() -> None:
    """HTTP/1.0 without a length: an orderly end would look like a whole body, so the connection is reset."""
    body = Closing(b"hello", ValueError("broken"))
    client = get(respond(body), version="1.0")
    assert client.steps[-1] is Act.RESET
    assert client.ended
    assert get(respond(Closing(b"hello")), version="1.0").steps[-1] is Want.REQUEST


def test_an_exception_after_the_end_by_write_cuts() -> None:
    """What `write` has sent can't be unsaid."""

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        start_response("200 OK", [])(b"hello")
        raise ValueError

    client = Client(app).send(GET)
    assert client.ended
    assert client.output.endswith(b"5\r\nhello\r\n")


BAD_HEADERS: list[tuple[str, Any]] = [
    *((f"hop-by-hop-{name}", [(name, "a")]) for name in ("Connection", "keep-alive", "Transfer-Encoding", "Upgrade")),
    *((f"hop-by-hop-{name}", [(name, "a")]) for name in ("TE", "Trailer", "Proxy-Authenticate", "Proxy-Connection")),
    ("cr-lf-in-value", [("X-A", "b\r\nX-Evil: c")]),
    ("lf-in-value", [("X-A", "b\nX-Evil: c")]),
    ("cr-in-value", [("X-A", "b\rc")]),
    ("nul-in-value", [("X-A", "b\0c")]),
    ("not-latin-1", [("X-A", "中文")]),
    ("unpaired-surrogate-in-value", [("X-A", "b\udce9")]),
    ("unpaired-surrogate-in-name", [("X-\udce9", "b")]),
    ("cr-lf-in-name", [("X-A: b\r\nX-Evil", "c")]),
    ("colon-in-name", [("X-A:", "b")]),
    ("space-in-name", [("X A", "b")]),
    ("empty-name", [("", "b")]),
    ("bytes-name", [(b"X-A", "b")]),
    ("bytes-value", [("X-A", b"b")]),
    ("number", [("Content-Length", 5)]),
    ("three", [("X-A", "b", "c")]),
    ("lists", [["X-A", "b"]]),
    ("string", "X-A: b"),
    ("strings", ["ab"]),
    ("none", None),
    ("none-inside", [None]),
    ("length-twice", [("Content-Length", "5"), ("content-length", "5")]),
    ("length-negative", [("Content-Length", "-5")]),
    ("length-words", [("Content-Length", "five")]),
    ("length-list", [("Content-Length", "5, 5")]),
    ("length-empty", [("Content-Length", "")]),
]


@pytest.mark.parametrize("headers", [value for _, value in BAD_HEADERS], ids=[name for name, _ in BAD_HEADERS])
def test_bad_headers_are_refused(headers: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Headers that are not the application's to set, or would forge a response, make a 500 that is logged."""

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        start_response("200 OK", headers)
        return [b"hello"]

    client = get(app, "/page")
    assert answer(client.output).status == 500
    assert b"Evil" not in client.output
    assert "GET /page failed" in caplog.text


@pytest.mark.parametrize(
    "status",
    [
        *("", "OK", "20", "2000 OK", "200OK", "200 OK\r\nX-Evil: a", "200 \n", "100 Continue", "103 Early Hints"),
        *("600 Odd", "²00 OK", "200 中文", "200 \udce9", b"200 OK", 200, None, ["200 OK"]),
    ],
)
def test_bad_statuses_are_refused(status: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A status is three digits and a reason; informational ones are the server's business."""
    client = get(respond([b"hello"], status=status), "/page")
    assert answer(client.output).status == 500
    assert b"Evil" not in client.output
    assert "GET /page failed" in caplog.text


@pytest.mark.parametrize("status", ["200 OK", "200", "200 ", "299 Whatever it is", "404 Not Found", "599 é"])
def test_good_statuses(status: str) -> None:
    """Any three digits from 200 on, with any reason or none (RFC 9112 §4)."""
    told = answer(get(respond([], status=status)).output)
    assert (told.status, told.reason) == (int(status[:3]), status[4:])


@pytest.mark.parametrize("hint", [("Link", "a\r\nX-Evil: b"), ("Connection", "Evil"), ("Content-Length", "5")])
def test_early_hints_are_held_to_the_rules(hint: tuple[str, str]) -> None:
    """Nor can hints forge a response, or tell the length of a body that they never have (RFC 9110 §8.6)."""

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        environ["wsgi.early_hints"]([hint])
        return []

    output = get(app).output
    assert answer(output).status == 500
    assert b"Evil" not in output


@pytest.mark.parametrize("body", [[b"hell"], [b"hello!"], [], stream(b"hello!"), stream(b"hello", b"!")])
def test_a_wrong_length_in_sight_gives_500_or_cuts(body: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A body that is not as long as it says is never sent as if it were; nothing is sent beyond the length."""
    client = Client(respond(body, ("Content-Length", "5"))).send(GET)
    told = answer(client.output)
    if told.status == 200:  # the head had gone before the fault was known
        assert told.body == b"hello"
        assert client.ended
    else:
        assert told.status == 500
        assert len(told.body) == int(told.fields["content-length"])
    assert "Content-Length" in caplog.text


def test_a_first_item_beyond_the_length_gives_500() -> None:
    """The head waits for the first item, so its fault can still be told."""
    assert answer(get(respond(stream(b"hello!"), ("Content-Length", "5"))).output).status == 500


@pytest.mark.parametrize("body", [stream(), stream(b"", b"")])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_nothing_at_all_of_a_length_gives_500(body: Any, version: str, caplog: pytest.LogCaptureFixture) -> None:
    """The head waits for the first item, so there is still time to tell when none comes."""
    client = Client(respond(body, ("Content-Length", "5"))).send(GET.replace(b"1.1", version.encode()))
    assert answer(client.output).status == 500
    assert "Content-Length says 5" in caplog.text


@pytest.mark.parametrize("body", [stream(b"hell"), stream(b"h", b"e")])
def test_too_little_cuts(body: Any) -> None:
    """The client waits for the rest, so only the end of the connection can tell that it won't come."""
    client = Client(respond(body, ("Content-Length", "5"))).send(GET + GET).finish()
    assert client.output.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("body", ["hello", ["hello"], [b"a", "b"], [bytearray(b"a")], [None], [5], None, 5, object()])
def test_a_body_that_is_no_bytes_gives_500(body: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A body is an iterable of bytes and of nothing else (PEP 3333)."""
    assert answer(get(respond(body), "/page").output).status == 500
    assert "GET /page failed" in caplog.text


def test_write_of_text_gives_500() -> None:
    """`write` takes bytes."""

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        start_response("200 OK", [])("hello")  # type: ignore[arg-type] # the fault under test
        return []

    assert answer(get(app).output).status == 500


@pytest.mark.parametrize("body", [[b"hello"], stream(b"hello"), []])
def test_no_start_response_gives_500(body: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A body needs a head."""

    def app(environ: Environ, start_response: Start) -> Any:
        return body() if callable(body) else body

    assert answer(get(app).output).status == 500
    assert "start_response" in caplog.text


def test_start_response_twice_gives_500(caplog: pytest.LogCaptureFixture) -> None:
    """A second call needs exc_info (PEP 3333)."""

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        start_response("200 OK", [])
        start_response("200 OK", [])
        return []

    assert answer(get(app).output).status == 500
    assert "exc_info" in caplog.text


def test_write_to_a_client_that_has_gone(caplog: pytest.LogCaptureFixture) -> None:
    """`write` raises Disconnected into the application; that is no failure worth a line in the error log."""
    raised: list[Disconnected] = []

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        client.gone = True
        try:
            start_response("200 OK", [])(b"hello")
        except Disconnected as error:
            raised.append(error)
            raise
        return []

    client = Client(app)
    client.send(GET)
    assert raised
    assert client.ended
    assert not caplog.records


@pytest.mark.parametrize("headers", [[], [("Content-Length", "5")]], ids=["chunked", "length"])
@pytest.mark.parametrize("body", [[b"hello"], stream(b"hello"), ValueError("broken")], ids=["list", "stream", "broken"])
def test_write_after_the_end_is_refused(body: Any, headers: list[tuple[str, str]]) -> None:
    """A `write` that was kept says nothing any more: it would stand in the midst of the next response."""
    kept: list[Any] = []

    def app(environ: Environ, start_response: Start) -> Any:
        if kept:
            with pytest.raises(ResponseError, match="end"):
                kept[0](b"HTTP/1.1 200 Forged\r\n\r\n")
            start_response("200 OK", [])
            return [b"second"]
        kept.append(start_response("200 OK", headers))
        if isinstance(body, ValueError):
            raise body
        return body() if callable(body) else body

    client = Client(app).send(GET + GET)
    assert b"Forged" not in client.output
    assert client.output.endswith(b"\r\n\r\nsecond")
