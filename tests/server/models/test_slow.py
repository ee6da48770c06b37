"""Clients that take their time."""

import contextlib
from hashlib import sha256

from tests.server.models.harness import PROCESSES, Site, descendants, threads
from tests.server.models.site import BLOCK, BLOCKS
from tests.server.running import eventually

LARGE = sha256(BLOCK * BLOCKS).digest()


def test_slow_reader(site: Site) -> None:
    """A client that does not read 20 MiB yet keeps nobody else waiting, and gets all of them in the end."""
    with site.connect(buffer=8192) as slow:
        slow.ask("/large")
        begun = slow.read(len("HTTP/1.1 200 OK\r\n"))
        if not site.is_alone:
            assert site.fetch("/hello").status == 200
        head, _, body = (begun + slow.read(1024)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert sha256(body + slow.read(len(BLOCK) * BLOCKS - len(body))).digest() == LARGE


def test_slow_writer(site: Site) -> None:
    """A request that comes a byte at a time, head and body, is served when it is whole."""
    request = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    with site.connect() as slow:
        for position in range(len(request)):
            slow.send(request[position : position + 1])
            if position == len(request) // 2 and not site.is_alone:
                assert site.fetch("/hello").status == 200
        assert slow.answer().body == b"hello"


def test_more_clients_than_hands(site: Site) -> None:
    """Twenty clients that have all begun are all served, by no more threads or processes than are allowed."""
    hands = 6 + 2  # the pool, the main thread, and one of gevent's own
    with contextlib.ExitStack() as open_ones:
        clients = [open_ones.enter_context(site.connect()) for _ in range(20)]
        for client in clients:
            client.send(b"GET /hello HTTP/1.1\r\nHost: a\r\n")
        if site.traits.multiprocess:
            eventually(lambda: len(descendants(site.worker)) == PROCESSES, "the processes to be taken")
        assert threads(site.worker) <= hands
        for client in clients:
            client.send(b"Connection: close\r\n\r\n")
        assert [client.answer().status for client in clients] == [200] * 20
