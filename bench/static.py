#!/usr/bin/env python3
"""Compare files with nginx: the CPU time of 100 MB by sendfile, and of a file of 1 kB."""

from __future__ import annotations

import argparse
import os
import socket
import sys
import tempfile
from functools import partial
from pathlib import Path

from harness.load import run
from harness.nginx import nginx
from harness.peers import OURS, ours
from harness.processes import HOST, Server, prepare
from harness.report import interleave, median, note, save, table

LARGE = 100 * 10**6
SMALL = 1000
TRANSFERS = 5
"""Large files fetched in one measurement, and six times as many rounds of them as of the small one: the clock of /proc
ticks a hundred times a second only."""


def fetch(port: int, path: str, size: int) -> None:
    """Fetch a file and throw it away; raise ValueError if it is not as long as it should be."""
    with socket.create_connection((HOST, port), 30) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        buffer = bytearray(2**20)
        received = client.recv_into(buffer)
        status, head, _ = bytes(buffer[:received]).partition(b"\r\n\r\n")
        received -= len(status) + len(head)
        while count := client.recv_into(buffer):
            received += count
    if received != size or not status.startswith(b"HTTP/1.1 200 "):
        raise ValueError(f"{path}: {received:,} of {size:,} bytes, {status[:40]!r}")


def large(server: Server) -> float:
    """Return the server's CPU milliseconds for one large file."""
    before = server.cpu_seconds()
    for _ in range(TRANSFERS):
        fetch(server.port, "/static/large.bin", LARGE)
    return (server.cpu_seconds() - before) / TRANSFERS * 1000


def small(server: Server, seconds: float) -> float:
    """Return the server's CPU microseconds for one small file."""
    load = run(server, seconds=seconds, path="/static/small.css")
    if load.errors or load.size < SMALL:
        raise ValueError(f"{load.errors} errors, {load.size:.0f} bytes an answer")
    return load.micros


def main() -> None:
    """Measure both and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of load by the small file (default: %(default)s)")
    chosen = parser.parse_args()
    prepare()
    with tempfile.TemporaryDirectory(prefix="bench-static-") as name:
        directory = Path(name)
        files = directory / "files"
        files.mkdir()
        (files / "large.bin").write_bytes(os.urandom(10**6) * (LARGE // 10**6))
        (files / "small.css").write_bytes(b"/* 1 kB */" * (SMALL // 10))
        directory.chmod(0o755)  # a root's nginx has workers that are nobody
        other = nginx(directory, files)
        if other is None:
            sys.exit("bench/static.py: needs nginx: apt-get install nginx-light")
        measure(other, Server(partial(ours_with, files)), chosen)


def ours_with(files: Path, port: int) -> list[str]:
    """Return the command of our server with the files at /static."""
    return ours(port, "--static", f"/static={files}")


def measure(theirs: Server, ours_: Server, chosen: argparse.Namespace) -> None:
    """Measure the two in turn."""
    with theirs, ours_:
        servers = {OURS: ours_, "nginx": theirs}
        for server in servers.values():
            fetch(server.port, "/static/large.bin", LARGE)
            small(server, 1)
        large_ones = interleave(list(servers), chosen.rounds * 6, lambda name: large(servers[name]))
        note("large", large_ones)
        small_ones = interleave(list(servers), chosen.rounds, lambda name: small(servers[name], chosen.seconds))
        note("small", small_ones)
    rows = []
    for what, found in (("100 MB by sendfile, CPU ms", large_ones), ("1 kB, CPU µs", small_ones)):
        mine, its = median(found[OURS]), median(found["nginx"])
        rows.append([what, mine, its, mine / its])
    save("static", {"large": large_ones, "small": small_ones}, table(["file", OURS, "nginx", "ratio"], rows))


if __name__ == "__main__":
    main()
