"""Thousands of idle keep-alive connections, held by a process of its own.

As a script (`crowd.py PORT COUNT`) it is that process: each connection makes one request, then says nothing more.
It prints `ready COUNT` when all have been answered, and leaves when its standard input ends.
"""

from __future__ import annotations

import resource
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from harness.processes import Server

REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
PER_ADDRESS = 4000  # connections from one source address: well inside the range of ephemeral ports
BATCH = 50


class Crowd:
    """`count` idle connections to a server while the context lasts; each has made one request first."""

    def __init__(self, server: Server, count: int) -> None:
        self._command = [sys.executable, __file__, str(server.port), str(count)]
        self.count = count

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if said != f"ready {self.count}\n":
            self._process.kill()
            self._process.communicate()
            raise RuntimeError(f"not all of {self.count:,} connections were answered: {said.strip()}")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)

    def left(self) -> int:
        """Return how many of the connections are still open."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("count\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def bytes_per_connection(server: Server, count: int) -> tuple[float, float]:
    """Return the server's memory (PSS, RSS) for each of `count` idle connections, in bytes."""
    time.sleep(0.5)
    before = server.memory()
    with Crowd(server, count) as crowd:
        time.sleep(1.5)
        after = server.memory()
        if (left := crowd.left()) != count:
            raise RuntimeError(f"the server closed {count - left:,} of {count:,} idle connections meanwhile")
    return (after.pss - before.pss) / count, (after.rss - before.rss) / count


def _connect(port: int, index: int) -> socket.socket:
    client = socket.socket()
    client.bind((f"127.0.0.{2 + index // PER_ADDRESS}", 0))
    client.settimeout(5)
    client.connect(("127.0.0.1", port))
    client.sendall(REQUEST)
    return client


def _answered(client: socket.socket) -> bool:
    received = b""
    while not received.endswith(b"world!\n"):
        data = client.recv(4096)
        if not data:
            return False
        received += data
    client.setblocking(False)
    return received.startswith(b"HTTP/1.1 200 ")


def _is_open(client: socket.socket) -> bool:
    try:
        return client.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def main() -> None:
    """Open the connections, then hold them."""
    port, count = int(sys.argv[1]), int(sys.argv[2])
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    clients: list[socket.socket] = []
    try:
        while len(clients) < count:
            batch = [_connect(port, len(clients) + i) for i in range(min(BATCH, count - len(clients)))]
            if not all(map(_answered, batch)):
                raise ConnectionError("no whole answer with status 200")
            clients += batch
    except OSError as error:
        print(f"after {len(clients)} connections: {error}", flush=True)
        return
    print("ready", len(clients), flush=True)
    for _ in sys.stdin:
        print(sum(map(_is_open, clients)), flush=True)


if __name__ == "__main__":
    main()
