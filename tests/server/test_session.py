"""One connection from its first byte to its last: keep-alive, pipelining, 100-continue, deadlines, ends."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.http11 import fields
from server.http11.errors import RequestTimeout
from server.session import LONGEST_KNOWN, Act, Endpoint, Want, connection, turned_away
from server.wsgi import Environ
from tests.server.apps import Start
from tests.server.sansio import PEER, Client, Records, answer, answers, split, talk

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
CLOSE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def numbers(environ: Environ, start_response: Start) -> Iterator[bytes]:
    """Answer with the path, in two pieces."""
    start_response("200 OK", [("Content-Length", str(len(environ["PATH_INFO"])))])
    yield environ["PATH_INFO"][:1].encode()
    yield environ["PATH_INFO"][1:].encode()


@pytest.mark.parametrize("size", [1, 7, 50, 10_000])
def test_100_pipelined_requests(size: int) -> None:
    """Pipelined requests are answered one by one in their order, however they are cut (RFC 9112 §9.3.2)."""
    data = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(100))
    client = Client(numbers).send(*split(data, size))
    assert [each.body for each in answers(client.output)] == [b"/%d" % number for number in range(100)]
    assert client.wants is Want.REQUEST


def test_a_response_that_is_begun_after_the_drain_says_so() -> None:
    """A worker that has to stop while the application runs tells its client not to come again on this connection."""

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        client.service.keep_alive = False
        start_response("200 OK", [])
        return [b"ok"]

    client = Client(app)
    client.send(GET)
    assert answer(client.output).fields["connection"] == "close"
    assert Act.SHUTDOWN in client.steps


def test_the_next_request_is_not_begun_before_the_last_response_has_gone() -> None:
    """A response that is still going out keeps the next request waiting: back-pressure."""
    called = []

    def app(environ: Environ, start_response: Start) -> Iterator[bytes]:
        called.append(environ["PATH_INFO"])
        yield from numbers(environ, start_response)

    session = Client(app)._session
    session.send(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert called == ["/1"]
    next(session)
    assert called == ["/1"]
    next(session)
    assert called == ["/1", "/2"]
    session.close()


@pytest.mark.parametrize("data", [b"", GET, GET + b"\r\n", b"\r\n", POST + b"\r\nhello"])
def test_a_client_that_ends_between_requests(data: bytes) -> None:
    """The end of an idle connection is no event: nothing is sent, nothing is logged."""
    client = Client().send(data)
    assert client.wants is Want.REQUEST
    before, records = client.output, list(client.records)
    client.finish()
    assert client.output == before
    assert list(client.records) == records


@pytest.mark.parametrize(
    ("data", "wants"),
    [
        (b"", Want.REQUEST),
        (b"\r\n", Want.REQUEST),
        (b"\r", Want.HEAD),
        (b"G", Want.HEAD),
        (b"\r\nG", Want.HEAD),
        (GET + b"G", Want.HEAD),
        (GET[:-1], Want.HEAD),
        (GET, Want.REQUEST),
        (POST + b"\r\n", Want.BODY),
        (POST + b"\r\nhell", Want.BODY),
        (b"nonsense\r\n\r\n", Want.LINGER),
    ],
)
def test_what_it_waits_for(data: bytes, wants: Want) -> None:
    """Each phase has a wait of its own, as each has its own deadline."""
    assert Client().send(data).wants is wants
    assert Client().send(*split(data, 1)).wants is wants


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("data", [b"", b"\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell"], ids=["head", "body"])
def test_a_late_request_gets_408(data: bytes, method: str) -> None:
    """A head or body that does not come in time is answered with 408 (RFC 9110 §15.5.9), and the connection ends."""
    client = Client().send(f"{method} / HTTP/1.1".encode() + data)
    client.throw(RequestTimeout("too late"))
    told = answer(client.output)
    assert (told.status, told.fields["connection"]) == (408, "close")
    assert (told.body == b"") == (method == "HEAD" and data != b"")
    assert client.echo.calls == []
    assert client.records[0].status == 408
    assert (client.records[0].request is None) == (data == b"")
    client.finish()


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (b"Expect: 100-continue\r\n", CONTINUE),
        (b"Expect: 100-Continue\r\n", CONTINUE),
        (b"Expect: ,100-continue\r\nExpect: 100-continue\r\n", CONTINUE),
        (b"Expect: ,\r\n", b""),
        (b"", b""),
    ],
)
def test_100_continue(head: bytes, told: bytes) -> None:
    """Who waits for a 100 gets it when the head is accepted (RFC 9110 §10.1.1), and the answer after the body."""
    client = Client().send(POST + head + b"\r\n")
    assert client.output == told
    client.send(b"hello")
    assert client.output.startswith(told + b"HTTP/1.1 200")
    assert client.echo.calls[0].body == b"hello"


@pytest.mark.parametrize(
    "data",
    [
        POST + b"Expect: 100-continue\r\n\r\nhello",
        POST + b"Expect: 100-continue\r\n\r\nh",
        POST.replace(b"1.1", b"1.0") + b"Expect: 100-continue\r\n\r\n",
        POST.replace(b"5", b"0") + b"Expect: 100-continue\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
        POST.replace(b"5", b"999999999") + b"Expect: 100-continue\r\n\r\n",
    ],
    ids=["body is here", "body has begun", "HTTP/1.0", "empty body", "no body", "refused"],
)
def test_no_100_continue(data: bytes) -> None:
    """No 100 where the body is on its way, or none is wanted, or the client would not understand it."""
    assert CONTINUE not in Client().send(data).output


def test_the_end_waits_for_the_client() -> None:
    """After the last answer the session ends its side, and reads on until the client does (RFC 9112 §9.6)."""
    client = Client().send(CLOSE + GET)
    assert client.steps[-2:] == [Act.SHUTDOWN, Want.LINGER]
    client.send(GET, GET)
    assert client.wants is Want.LINGER
    assert len(client.echo.calls) == 1
    client.finish()


def test_the_end_waits_for_nobody_when_all_was_read() -> None:
    """Nothing unread, nothing to wait for: the session ends at once."""
    client = Client().send(CLOSE)
    assert client.ended
    assert Act.SHUTDOWN not in client.steps


def test_draining_ends_after_the_next_response() -> None:
    """When the worker drains, a connection ends with its next response, says so, and waits for the client to know."""
    client = Client().send(GET)
    client.service.keep_alive = False
    client.send(GET)
    first, second = answers(client.output)
    assert "connection" not in first.fields
    assert second.fields["connection"] == "close"
    assert client.steps[-2:] == [Act.SHUTDOWN, Want.LINGER]
    client.finish()
    assert client.ended


def test_one_too_many_is_told_so() -> None:
    """A connection that finds no place gets 503 before it has said a word, and a decent end."""
    client = Client()
    session = turned_away(client.service, ("192.0.2.9", "1"))
    told = answer(b"".join(step for step in [next(session)] if isinstance(step, bytes)))
    assert (told.status, told.fields["connection"]) == (503, "close")
    assert [next(session), next(session)] == [Act.SHUTDOWN, Want.LINGER]
    assert session.send(GET) is Want.LINGER
    with pytest.raises(StopIteration):
        session.send(b"")
    assert [(record.peer, record.request, record.status) for record in client.records] == [("192.0.2.9", None, 503)]


def test_every_end_is_logged_once() -> None:
    """One record an exchange: good, refused, and broken off."""

    def app(environ: Environ, start_response: Start) -> Any:
        return numbers(environ, start_response)

    client = talk(b"GET /ab HTTP/1.1\r\nHost: a\r\n\r\nHEAD /cd HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n", app)
    got = [(record.request and record.request.target, record.status, record.sent) for record in client.records]
    assert got == [("/ab", 200, 3), ("/cd", 200, 0), (None, 400, 0)]
    assert {record.peer for record in client.records} == {"192.0.2.7"}


def test_no_log() -> None:
    """Without an access log nothing is recorded, and nothing breaks."""
    client = Client()
    client.service.access_log = None
    client.send(GET, b"nonsense\r\n\r\n").finish()
    assert [each.status for each in answers(client.output)] == [200, 400]
    assert client.records == Records()


def test_closing_an_idle_session() -> None:
    """A driver may close a session wherever it waits."""
    for data in (b"", GET, GET[:-2], POST + b"\r\nhe", CLOSE + b"more"):
        client = Client().send(data)
        client.close()
        assert client.wants is None


def test_the_memory_of_requests_is_bounded() -> None:
    """Requests that come again are remembered the second time: few, short ones without a body, and only good ones."""
    client = Client()
    endpoint = client.endpoint
    for number in range(endpoint.ROOM + 10):
        request = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number
        client.send(request)
        assert request not in endpoint.known
        client.send(request)
        assert request in endpoint.known
        assert len(endpoint.known) <= endpoint.ROOM
        assert len(endpoint.seen) <= endpoint.ROOM
    known = set(endpoint.known)
    long = b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n" % (b"a" * LONGEST_KNOWN)
    client.send(long, long, POST + b"\r\nhello", POST + b"\r\nhello")
    just_too_long = b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n" % (b"a" * (LONGEST_KNOWN + 1 - len(GET)))
    client.send(just_too_long, just_too_long)
    client.send(b"GET  / HTTP/1.1\r\n\r\n")
    assert set(endpoint.known) == known
    assert len(client.echo.calls) == 2 * (endpoint.ROOM + 10) + 6


def test_a_remembered_request_is_the_same_request() -> None:
    """What comes from memory is what was parsed, for the application and for the log."""
    client = Client().send(GET, GET, GET + GET, *split(GET, 1))
    first, *others = [call.environ for call in client.echo.calls]
    hints = [environ.pop("wsgi.early_hints") for environ in (first, *others)]
    assert len(hints) == 5
    assert all(environ == first for environ in others)
    requests = [record.request for record in client.records]
    assert len({(request.method, request.target, request.version, request.section) for request in requests}) == 1
    assert requests[2] is requests[3]


LINES = st.sampled_from(
    [
        *("Host: a", "Host: b", "host: a", "Connection: keep-alive", "Connection: close", "Cookie: a=b", "Cookie: a=c"),
        *("cookie: d=e", "Cookie:  f ", "X-A: 1", "X-A: 2", "X_A: 3", "Expect: 100-continue", "Content-Length: 0"),
    ]
)
REQUESTS = st.builds(
    lambda target, minor, lines: "\r\n".join([f"GET {target} HTTP/1.{minor}", *lines, "", ""]).encode(),
    st.sampled_from(["/", "/?a", "/%41", "http://c/", "http://c:1/?a"]),
    st.sampled_from("01"),
    st.lists(LINES, max_size=4).map(lambda lines: ["Host: a", *lines]),
)


@given(st.lists(REQUESTS, min_size=2, max_size=12))
def test_nothing_that_is_remembered_reaches_another_request(requests: list[bytes]) -> None:
    """An application that spoils its environ spoils no other, and each is what it would be with nothing remembered."""
    seen: list[Environ] = []

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        seen.append({name: value for name, value in environ.items() if isinstance(value, (str, tuple, bool))})
        for name in list(environ)[::2]:
            del environ[name]
        environ.update(dict.fromkeys(environ, "spoilt"), HTTP_MORE="spoilt")
        start_response("200 OK", [])
        return []

    def ask(request: bytes, endpoint: Endpoint | None = None) -> tuple[Environ | None, list[int], bool]:
        client = Client(app)
        if endpoint is not None:
            client._session = connection(endpoint, PEER, client)
            next(client._session)
        client.send(request)
        return seen.pop() if seen else None, [each.status for each in answers(client.output)], client.ended

    endpoint = Client(app).endpoint
    remembered = [ask(request, endpoint) for request in requests * 3]
    fields._lines.clear()
    for memory in fields._sections.values():
        memory.clear()
    assert remembered == [ask(request) for request in requests] * 3
