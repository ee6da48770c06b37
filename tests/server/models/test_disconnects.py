"""Clients that go in the middle of it, politely or not."""

from pathlib import Path

import pytest

from tests.server.models.harness import Site
from tests.server.running import eventually

PHASES = {
    "idle": b"",
    "head": b"GET /hello HTTP/1.1\r\nHo",
    "body": b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello",
    "chunk": b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    "response": b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n",
    "file": b"GET /file HTTP/1.1\r\nHost: a\r\n\r\n",
    "write": b"GET /write HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("phase", PHASES)
def test_reset(site: Site, phase: str) -> None:
    """A client that vanishes is forgotten; the next one is served."""
    with site.connect(buffer=8192) as client:
        client.send(PHASES[phase])
        if phase in {"response", "file", "write"}:
            client.read(100)
        client.reset()
    assert site.fetch("/hello").body == b"hello\n"


@pytest.mark.parametrize(("phase", "said"), [("idle", b""), ("head", b"HTTP/1.1 400 "), ("body", b"HTTP/1.1 400 ")])
def test_half_close(site: Site, phase: str, said: bytes) -> None:
    """A client that ends its side before its request is whole is told so if it began one, and the connection ends."""
    with site.connect() as client:
        client.send(PHASES[phase])
        client.sock.shutdown(1)
        rest = client.rest()
    assert rest[:13] == said


def test_half_close_after_the_request(site: Site) -> None:
    """A client that ends its side after a whole request gets its response."""
    with site.connect() as client:
        client.ask("/large")
        client.sock.shutdown(1)
        assert client.answer().status == 200
        assert client.rest() == b""


@pytest.mark.parametrize("leave", ["close", "reset"])
@pytest.mark.parametrize("by", ["blocks", "file", "write"])
def test_the_response_is_closed(site: Site, tmp_path: Path, by: str, leave: str) -> None:
    """`close()` of the response is called when its client goes, and soon: what it holds is needed elsewhere."""
    with site.connect(buffer=8192) as client:
        client.ask(f"/endless?by={by}&closed={tmp_path / 'closed'}")
        client.read(100)
        getattr(client, leave)()
    eventually((tmp_path / "closed").exists, "the response to be closed")
