"""What every model must answer, over a real socket."""

import json
from hashlib import sha256

from tests.server.models.harness import Site
from tests.server.models.site import BLOCK, BLOCKS

LARGE = sha256(BLOCK * BLOCKS).digest()


def test_hello(site: Site) -> None:
    """A request gets its response, with the length declared."""
    answer = site.fetch("/hello")
    assert (answer.status, answer.body, answer.fields["content-length"]) == (200, b"hello\n", "6")


def test_head(site: Site) -> None:
    """HEAD gets the head of GET and nothing behind it."""
    with site.connect() as client:
        client.ask("/hello", "HEAD", "Connection: close")
        answer = client.answer(to_head=True)
        assert (answer.status, answer.fields["content-length"]) == (200, "6")
        assert client.rest() == b""


def test_post(site: Site) -> None:
    """A body of known length reaches the application, whether it stays in memory or goes to a file."""
    for body in (b"x", b"a form's worth " * 100, BLOCK * 8):
        assert site.fetch("/echo", "POST", body=body).body == body


def test_chunked_request(site: Site) -> None:
    """A chunked body reaches the application whole."""
    with site.connect() as client:
        client.ask("/echo", "POST", "Transfer-Encoding: chunked")
        for chunk in (b"5\r\nhello\r\n", b"6;a=b\r\n world\r\n", b"0\r\nX-Sum: 1\r\n\r\n"):
            client.send(chunk)
        assert client.answer().body == b"hello world"


def test_chunked_response(site: Site) -> None:
    """A body of unknown length goes out in chunks."""
    answer = site.fetch("/stream")
    assert (answer.fields["transfer-encoding"], answer.body) == ("chunked", b"one two three")


def test_http_1_0(site: Site) -> None:
    """An old client gets no chunks, and the end of the connection is the end of the body."""
    with site.connect() as client:
        client.ask("/stream", version="1.0")
        answer = client.answer()
    assert "transfer-encoding" not in answer.fields
    assert answer.body == b"one two three"


def test_expect_continue(site: Site) -> None:
    """A client that asks before it sends its body is told to go on, then answered."""
    with site.connect() as client:
        client.ask("/echo", "POST", "Content-Length: 5", "Expect: 100-continue")
        assert client.answer().status == 100
        client.send(b"hello")
        assert client.answer().body == b"hello"


def test_keep_alive(site: Site) -> None:
    """A connection goes on if the model can afford it, and otherwise says that it ends and does."""
    with site.connect() as client:
        client.ask("/hello")
        first = client.answer()
        if site.traits.keep_alive:
            client.ask("/hello", "GET", "Connection: close")
            assert client.answer().fields["connection"] == "close"
        else:
            assert first.fields["connection"] == "close"
        assert client.rest() == b""


def test_pipelined(site: Site) -> None:
    """A hundred requests sent at once are answered in order; or the first, where a connection ends with it."""
    bodies = [b"%d" % number for number in range(100)]
    with site.connect() as client:
        client.send(
            b"".join(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(b), b) for b in bodies)
        )
        expected = bodies if site.traits.keep_alive else bodies[:1]
        assert [client.answer().body for _ in expected] == expected
        if not site.traits.keep_alive:
            assert client.rest() == b""


def test_malformed(site: Site) -> None:
    """What is no request gets 400 and the end of the connection."""
    with site.connect() as client:
        client.send(b"GET /hello HTTP/1.1\nHost: a\n\n\r\n\r\n")
        answer = client.answer()
        assert (answer.status, answer.fields["connection"], client.rest()) == (400, "close", b"")


def test_large(site: Site) -> None:
    """20 MiB arrive whole: by blocks, by `write` and by sendfile."""
    for path in ("/large", "/write", "/file"):
        assert sha256(site.fetch(path).body).digest() == LARGE


def test_environ(site: Site) -> None:
    """`wsgi.multithread` and `wsgi.multiprocess` are what the traits say, and the client is named."""
    with site.connect() as client:
        client.ask("/facts")
        told = json.loads(client.answer().body)
        assert (told["REMOTE_ADDR"], told["REMOTE_PORT"]) == ("127.0.0.1", str(client.sock.getsockname()[1]))
    assert (told["wsgi.multithread"], told["wsgi.multiprocess"]) == (site.traits.multithread, site.traits.multiprocess)
    assert (told["pid"] == site.worker) is not site.traits.multiprocess
