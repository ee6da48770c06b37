"""Clients that vanish at random moments leave nothing behind."""

from __future__ import annotations

import random
import socket
import struct
import tempfile
import time
from functools import partial
from pathlib import Path

from harness.peers import ours
from harness.processes import HOST, Server

from reliability.outcome import Outcome
from reliability.upload import spooled

RESET = struct.pack("ii", 1, 0)
BODY = 2 * 2**20
REQUESTS = {
    "head": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: " + b"x" * 1000 + b"\r\n\r\n",
    "body": b"POST /upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n%b" % (BODY, bytes(BODY)),
    "response": b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "view": b"GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
}


def check(clients: int = 1000, seed: int = 7) -> Outcome:
    """Send requests and cut each at a random place in its head, its body or its response; then as many again."""
    chance = random.Random(seed)
    with (
        tempfile.TemporaryDirectory(prefix="bench-spool-") as spool,
        Server(partial(ours, app="apps:trials"), environment={"TMPDIR": spool}) as server,
    ):
        states = []
        for _ in range(2):  # what is made once and kept, pools and caches, is made in the first half
            for _ in range(clients):
                _vanish(server.port, chance.choice(list(REQUESTS)), chance)
            time.sleep(3)
            states.append(_state(server, Path(spool)))
        goes_on = server.get()[0] == 200
    before, after = states
    claims = {
        "no descriptor is left": after["descriptors"] <= before["descriptors"],
        "no greenlet is left (a pool may hold some)": after["greenlets"] <= before["greenlets"] + clients // 100,
        "no thread is left": after["threads"] <= before["threads"],
        "no temporary file is left": not after["files"],
        "the server goes on": goes_on,
    }
    return Outcome("vanishing clients", claims, {"before": before, "after": after})


def _vanish(port: int, phase: str, chance: random.Random) -> None:
    request = REQUESTS[phase]
    cut = chance.randrange(1, len(request)) if phase in {"head", "body"} else len(request)
    with socket.create_connection((HOST, port), 10) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.sendall(request[:cut])
        if phase == "response":
            client.recv(chance.randrange(1, 65536))
        elif phase == "view":
            time.sleep(chance.random() * 0.03)


def _state(server: Server, spool: Path) -> dict[str, int]:
    return {
        "descriptors": server.descriptors(),
        "greenlets": int(server.get("/greenlets")[1]),
        "threads": server.threads(),
        "files": len(spooled(server, spool)),
        "pss": server.memory().pss,
    }
