"""Two responses in the making at once: each keeps what belongs to it."""

from tests.server.models.client import Client
from tests.server.models.harness import Site
from tests.server.models.site import BLOCK, FLASK_BLOCKS

PIECES = 16


def _expected(name: str) -> bytes:
    line = f"{name} {name} {name * 2}\n".encode()
    return line * (len(BLOCK) // len(line)) * FLASK_BLOCKS


def _chunked_body(client: Client, name: str) -> bytes:
    client.ask(f"/flask/{name}?tag={name * 2}")
    return client.answer().body


def test_flask_streams_with_its_context(site: Site) -> None:
    """A response that asks for `flask.request` while it is streamed finds its own, to the last line."""
    with site.connect() as client:
        assert _chunked_body(client, "a") == _expected("a")


def test_two_flask_streams_in_turns(site: Site) -> None:
    """Two of them, read in turns, so that each is suspended while the other goes on, don't mix; no error is logged."""
    if site.is_alone:
        return  # one after the other is the test above
    before = len(site.said)
    with site.connect(buffer=8192) as one, site.connect(buffer=8192) as two:
        received = {one: b"", two: b""}
        for client, name in ((one, "a"), (two, "b")):
            client.ask(f"/flask/{name}?tag={name * 2}", "GET", "Connection: close")
        for _ in range(PIECES):
            for client in received:
                received[client] += client.read(len(BLOCK))
        for client, name in ((one, "a"), (two, "b")):
            assert _dechunked(received[client] + client.rest()) == _expected(name)
    assert site.said[before:] == []


def test_a_stream_left_by_its_client_ends_in_its_context(site: Site) -> None:
    """A client that goes in the middle of such a response costs nobody anything, and no error is logged."""
    before = len(site.said)
    with site.connect(buffer=8192) as client:
        client.ask("/flask/a?tag=aa")
        client.read(len(BLOCK))
        client.reset()
    assert site.fetch("/hello").status == 200
    assert site.said[before:] == []


def _dechunked(data: bytes) -> bytes:
    head, _, rest = data.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    pieces = []
    position = 0
    while True:
        end = rest.index(b"\r\n", position)
        size = int(rest[position:end], 16)
        pieces.append(rest[end + 2 : end + 2 + size])
        position = end + 2 + size + 2
        if not size:
            return b"".join(pieces)
