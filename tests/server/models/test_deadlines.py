"""Clients that never finish."""

import contextlib
from pathlib import Path

import pytest

from tests.server.models.harness import Site
from tests.server.running import eventually

LATE = {
    b"GET /hello HTTP/1.1\r\nHost: a": b"HTTP/1.1 408 ",
    b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello": b"HTTP/1.1 408 ",
    b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel": b"HTTP/1.1 408 ",
    b"": b"",
    b"\r\n": b"",
}


def test_unfinished_requests(hasty: Site) -> None:
    """A head or a body that stops gets 408, an idle connection no word; then all of them are closed."""
    with contextlib.ExitStack() as open_ones:
        clients = [open_ones.enter_context(hasty.connect()) for _ in LATE]
        for client, begun in zip(clients, LATE, strict=True):
            client.send(begun)
        for client, said in zip(clients, LATE.values(), strict=True):
            assert client.rest()[:13] == said
            client.close()  # or the server would wait a while for what else comes


def test_idle_after_a_response(hasty: Site) -> None:
    """A kept-alive connection whose client asks for no more is closed without a word."""
    with hasty.connect() as client:
        client.ask("/hello")
        assert client.answer().status == 200
        assert client.rest() == b""


@pytest.mark.parametrize("by", ["blocks", "file", "write"])
def test_a_response_that_nobody_takes(hasty: Site, tmp_path: Path, by: str) -> None:
    """A client that takes nothing is given up, however its response is sent; the next one is served."""
    with hasty.connect(buffer=8192) as client:
        client.ask(f"/endless?by={by}&closed={tmp_path / 'closed'}")
        eventually((tmp_path / "closed").exists, "the response to be closed")
        assert hasty.fetch("/hello").status == 200
