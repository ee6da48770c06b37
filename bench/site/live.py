#!/usr/bin/env python3
"""Hold thousands of open pages on one worker, and let prices move while they watch: directly, and through nginx.

One worker on one core; the pages, the database and the market on the other. nginx runs the configuration that is
shipped, with one worker, on the core of the server. Reported: the memory that a page costs, how long after the commit
the first and the last page heard of it, and whether every page heard of every version.
"""

from __future__ import annotations

import argparse
import os
import selectors
import socket
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from database import seeded
from front import nginx
from harness.peers import ours
from harness.processes import HOST, Server, prepare
from harness.report import median, note, save, table
from sqlalchemy import make_url

from app.database import maintenance_engine
from app.simulation import Market

PER_ADDRESS = 4000  # connections from one source address: well inside the range of ephemeral ports
REQUEST = b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
PATIENCE = 30.0


class Audience:
    """Open pages: each a connection, of which the last version heard is known."""

    def __init__(self, port: int, count: int) -> None:
        self._selector = selectors.DefaultSelector()
        self.heard: dict[socket.socket, int] = {}
        self.missed = 0
        for index in range(count):
            page = socket.socket()
            page.bind((f"127.0.0.{2 + index // PER_ADDRESS}", 0))
            page.settimeout(10)
            page.connect((HOST, port))
            page.sendall(REQUEST)
            self._greet(page)
            page.setblocking(False)
            self._selector.register(page, selectors.EVENT_READ)
            self.heard[page] = 0

    def __len__(self) -> int:
        return len(self.heard)

    def listen(self, version: int, since: float) -> tuple[float, float]:
        """Return the seconds from `since` until the first and until the last page has heard of the version."""
        first = 0.0
        waiting = len(self.heard)
        while waiting:
            found = self._selector.select(PATIENCE)
            if not found:
                raise RuntimeError(f"{waiting} of {len(self)} pages did not hear of version {version}")
            first = first or time.monotonic() - since
            waiting -= sum(self._read(key.fileobj, version) for key, _ in found)
        return first, time.monotonic() - since

    def rest(self, seconds: float) -> int:
        """Read what comes for some seconds; return how many bytes came."""
        end, count = time.monotonic() + seconds, 0
        while (left := end - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                count += len(self._receive(key.fileobj))
        return count

    def close(self) -> None:
        """Close all pages."""
        for page in self.heard:
            page.close()
        self._selector.close()

    @staticmethod
    def _greet(page: socket.socket) -> None:
        greeting = b""
        while b": hello" not in greeting:
            data = page.recv(4096)
            if not data or (not greeting and not data.startswith(b"HTTP/1.1 200 ")):
                raise RuntimeError(f"no stream: {data[:200]!r}")
            greeting += data

    @staticmethod
    def _receive(page: Any) -> bytes:
        data: bytes = page.recv(65536)
        if not data:
            raise RuntimeError("a page was cut off")
        return data

    def _read(self, page: Any, version: int) -> bool:
        """Read from a page; tell whether it has just heard of the version."""
        if f"id: {version}\n".encode() not in self._receive(page):
            return False
        self.missed += self.heard[page] not in {0, version - 1}
        self.heard[page] = version
        return True


def watched(market: Market, audience: Audience, moves: int, share: float) -> list[tuple[float, float]]:
    """Move the market; return how long each move took to the first and to the last page, in seconds."""
    delays = []
    for _ in range(moves):
        version = market.tick(share)
        delays.append(audience.listen(version, time.monotonic()))
        note(f"version {version}: first page {delays[-1][0]:.2f} s, last {delays[-1][1]:.2f} s")
    return delays


def wait_until_left(server: Server, descriptors: int) -> float:
    """Return the seconds until the server has forgotten the pages that left."""
    begin = time.monotonic()
    while server.descriptors() > descriptors:
        if time.monotonic() - begin > 2 * PATIENCE:
            raise RuntimeError(f"{server.descriptors() - descriptors} descriptors are left")
        time.sleep(0.2)
    return time.monotonic() - begin


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=5000)
    parser.add_argument("--moves", type=int, default=10)
    parser.add_argument(
        "--share", type=float, default=0.2, help="of the stocks that move at a time (default: %(default)g)"
    )
    parser.add_argument(
        "--hold", type=float, default=35, help="seconds of silence, for heartbeats (default: %(default)g)"
    )
    chosen = parser.parse_args()
    prepare()
    with tempfile.TemporaryDirectory(prefix="bench-live-") as directory:
        url = os.environ.get("DATABASE_URL") or f"sqlite:///{directory}/minnow.db"
        environment = seeded({"DATABASE_URL": url, "SECRET_KEY": "only for a measurement"}, 0)
        # A server for each: the second would find the memory that the first had let go.
        with Server(lambda port: ours(port, app="app:create_app()"), environment=environment) as server:
            found = {"directly": measure(server, server, url, chosen)}
        Path(directory).chmod(0o755)  # nginx's worker is nobody
        with (
            Server(lambda port: ours(port, app="app:create_app()"), environment=environment) as server,
            nginx(Path(directory), server.port) as front,
        ):
            found["through nginx"] = measure(server, front, url, chosen)
    report(found)


def measure(server: Server, door: Server, url: str, chosen: argparse.Namespace) -> dict[str, float]:
    """Open the pages at a door, move the market, wait, close them; return what was found."""
    door.get("/index.html")
    before, descriptors, door_before = server.memory(), server.descriptors(), door.memory()
    audience = Audience(door.port, chosen.pages)
    time.sleep(3)  # the worker looks at the version once a second
    memory, door_memory = server.memory(), door.memory()
    note(f"{len(audience):,} pages are open, {(memory.pss - before.pss) / len(audience) / 1000:.1f} kB each")
    engine = maintenance_engine(make_url(url))
    market = Market(engine, Random("live"))
    cpu = server.cpu_seconds()
    delays = watched(market, audience, chosen.moves, chosen.share)
    cpu = server.cpu_seconds() - cpu
    heartbeats = audience.rest(chosen.hold)
    idle_cpu = server.cpu_seconds()
    missed, pages = audience.missed, len(audience)
    audience.close()
    left = wait_until_left(server, descriptors)
    engine.dispose()
    return {
        "pages": pages,
        "kB a page": (memory.pss - before.pss) / pages / 1000,
        "of nginx, kB a page": (door_memory.pss - door_before.pss) / pages / 1000 if door is not server else 0.0,
        "first page, s": median(first for first, _ in delays),
        "last page, s": median(last for _, last in delays),
        "slowest last page, s": max(last for _, last in delays),
        "versions missed": missed,
        "CPU ms a move": cpu * 1000 / chosen.moves,
        "heartbeat bytes a page": heartbeats / pages,
        "CPU s in all": idle_cpu,
        "s until all are forgotten": left,
    }


def report(found: dict[str, dict[str, float]]) -> None:
    """Write the table."""
    rows = [[what, *(each[what] for each in found.values())] for what in found["directly"]]
    save("site-live", found, table(["open pages on one worker", *found], rows))


if __name__ == "__main__":
    main()
