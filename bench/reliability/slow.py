"""Thousands of clients that send their head or their body a byte a second, and ten that do not.

As a script (`slow.py PORTS HEADS BODIES`) it is the slow clients: it prints how they ended when all of them have.

They share a core with wrk, and cost it time. So it is measured before with just as many of them that send to nobody.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import resource
import selectors
import socket
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reliability.outcome import Outcome

HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
BODY = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n"
PER_ADDRESS = 2000
TURNS = 1000
"""Parts of a second; in each of them one part of the clients sends its byte: strangers do not act in step."""
PATIENCE = 90
"""Seconds after which a slow client that is still served counts as never ended."""


def check(heads: int = 5000, bodies: int = 2000) -> Outcome:
    """Hold the slow clients while wrk measures what ten others get."""
    from harness.load import run  # noqa: PLC0415 - the script below needs none of these
    from harness.peers import ours  # noqa: PLC0415
    from harness.processes import HOST, Server  # noqa: PLC0415
    from harness.report import median  # noqa: PLC0415

    from reliability.outcome import Outcome  # noqa: PLC0415

    with Server(partial(ours, app="apps:trials")) as server:
        run(server, seconds=1)
        with contextlib.ExitStack() as stack:
            nobody = [stack.enter_context(socket.create_server((HOST, 0), backlog=PER_ADDRESS)) for _ in range(4)]
            with _slow_clients([each.getsockname()[1] for each in nobody], heads, bodies) as clients:
                before = median(run(server, seconds=2, connections=10).p99 for _ in range(3))
                clients.kill()
        memory = server.memory().pss
        with _slow_clients([server.port], heads, bodies) as clients:
            assert clients.stdout is not None
            p99s, memories = [], []
            for _ in range(3):
                p99s.append(run(server, seconds=2, connections=10).p99)
                memories.append(server.memory().pss)
            ends = json.loads(clients.stdout.readline())
        time.sleep(1)
        during, after = median(p99s), server.memory().pss
    figures = {
        "p99 µs before": before,
        "p99 µs among the slow": during,
        "ends": ends,
        "bytes a slow client": (max(memories) - memory) / (heads + bodies),
        "bytes kept afterwards": after - memory,
    }
    claims = {
        "the others' p99 at most doubles": during <= 2 * before,
        "every slow client gets 408 or is closed": not ends.get("never ended"),
        "memory stays flat (under 8 kB a slow client)": max(memories) - memory < 8192 * (heads + bodies),
    }
    return Outcome("slow clients", claims, figures)


def _slow_clients(ports: list[int], heads: int, bodies: int) -> subprocess.Popen[str]:
    """Start the slow clients; all of them are connected on return."""
    command = [sys.executable, __file__, ",".join(map(str, ports)), str(heads), str(bodies)]
    clients = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert clients.stdout is not None
    assert clients.stdout.readline() == "all here\n"
    return clients


def _connect(port: int, index: int, beginning: bytes) -> socket.socket:
    client = socket.socket()
    client.bind((f"127.0.0.{20 + index // PER_ADDRESS}", 0))
    client.settimeout(10)
    client.connect(("127.0.0.1", port))
    client.sendall(beginning)
    client.setblocking(False)
    return client


def _end(client: socket.socket) -> str | None:
    """Return how a readable client ended; None when it has not."""
    try:
        answer = client.recv(4096)
    except BlockingIOError:
        return None
    except OSError:
        return "reset"
    return answer.split(b" ", 2)[1].decode() if answer else "closed"


def _drip(clients: Iterable[socket.socket]) -> None:
    for client in clients:
        with contextlib.suppress(OSError):  # it has ended: the selector tells how
            client.send(b"x")


def main() -> None:
    """Be the slow clients."""
    ports = [int(each) for each in sys.argv[1].split(",")]
    heads, bodies = map(int, sys.argv[2:])
    # wrk is on this core, too, and goes first: what it measures has to be the server's delay, not its neighbour's.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    waiting = selectors.EpollSelector()
    clients = [
        _connect(ports[index % len(ports)], index, HEAD if index < heads else BODY) for index in range(heads + bodies)
    ]
    for index, client in enumerate(clients):
        waiting.register(client, selectors.EVENT_READ, index < heads)
    print("all here", flush=True)
    ends: collections.Counter[str] = collections.Counter()
    begin, turn = time.monotonic(), 0
    while waiting.get_map() and (elapsed := time.monotonic() - begin) < PATIENCE:
        if elapsed * TURNS > turn:  # each client sends once a second, and not all at the same moment
            _drip(clients[turn % TURNS :: TURNS])
            turn += 1
        for key, _ in waiting.select(0.5 / TURNS):
            assert isinstance(key.fileobj, socket.socket)
            if (end := _end(key.fileobj)) is not None:
                ends[f"{'head' if key.data else 'body'} {end}"] += 1
                waiting.unregister(key.fileobj)
                key.fileobj.close()
    if waiting.get_map():
        ends["never ended"] = len(waiting.get_map())
    print(json.dumps(ends), flush=True)


if __name__ == "__main__":
    main()
