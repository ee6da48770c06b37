"""Every server that is compared: how it is started with one worker, and how its answer is checked."""

from __future__ import annotations

import http.client
import socket
import subprocess
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from apps import HELLO

from harness.processes import BENCH, HOST, ROOT, Server, python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OURS = "minnow"
COMPILED = ROOT / "var" / "compiled"
PATIENCE = 300  # seconds that an idle connection is kept: none may be closed for idleness while it is measured
CROWD = 12_000  # connections that a server must admit: 10,000 idle ones and the load


def ours(port: int, *options: str, app: str = "apps:hello", model: str = "coroutine") -> list[str]:
    """Return the command of this project's server."""
    command = [python(), "-m", "server", app, "--bind", f"{HOST}:{port}", "--workers", "1", "--model", model]
    return [*command, "--access-log", "off", "--max-connections", str(CROWD), *options]


def compiled(port: int) -> list[str]:
    """Return the command of this project's server, its core compiled by `make compiled`."""
    return ["env", "-C", str(COMPILED), *ours(port)]


def gunicorn(port: int, *options: str) -> list[str]:
    """Return the command of gunicorn."""
    command = [python(), "-m", "gunicorn", "apps:hello", "--bind", f"{HOST}:{port}", "--workers", "1"]
    return [
        *command,
        "--log-level",
        "warning",
        "--keep-alive",
        str(PATIENCE),
        "--worker-connections",
        str(CROWD),
        *options,
    ]


def granian(port: int) -> list[str]:
    """Return the command of granian."""
    command = [python(), "-m", "granian", "apps:hello", "--interface", "wsgi", "--host", HOST, "--port", str(port)]
    return [*command, "--workers", "1", "--no-access-log", "--log-level", "warning"]


def launched(peer: str, port: int) -> list[str]:
    """Return the command of a peer that bench/serve.py starts."""
    return [python(), str(BENCH / "serve.py"), peer, str(port)]


@dataclass(frozen=True)
class Peer:
    """A server to compare: its name in the tables, its command, and the module that must be installed."""

    name: str
    command: Callable[[int], list[str]]
    module: str
    exact: bool = True
    """Whether it runs the application; the limit answers fixed bytes instead."""

    def server(self) -> Server:
        """Return the server, not started."""
        return Server(self.command)

    def missing(self) -> bool:
        """Whether its library is not installed in the servers' interpreter, or what has to be compiled is not."""
        if self.command is compiled and not list(COMPILED.glob("server/session.*.so")):
            return True
        probe = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({self.module!r}) is None)"
        return bool(subprocess.run([python(), "-c", probe], cwd=BENCH.parent, check=False).returncode)


PEERS = {
    peer.name: peer
    for peer in (
        Peer(OURS, ours, "server"),
        Peer("minnow-compiled", compiled, "server"),
        Peer("bjoern", partial(launched, "bjoern"), "bjoern"),
        Peer("granian", granian, "granian"),
        Peer("gunicorn-gevent", lambda port: gunicorn(port, "--worker-class", "gevent"), "gunicorn"),
        Peer(
            "gunicorn-gthread", lambda port: gunicorn(port, "--worker-class", "gthread", "--threads", "4"), "gunicorn"
        ),
        Peer("pywsgi", partial(launched, "pywsgi"), "gevent"),
        Peer("waitress", partial(launched, "waitress"), "waitress"),
        Peer("cheroot", partial(launched, "cheroot"), "cheroot"),
        Peer("limit", partial(launched, "limit"), "gevent", exact=False),
    )
}


def verify(server: Server, kind: str, *, exact: bool = True) -> None:
    """Send two requests of the kind as wrk does; raise ValueError if either answer is not the application's."""
    form = b"code=000007&note=" + b"x" * 1007
    head = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    request = {
        "form": b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(form), form),
        "close": head + b"Connection: close\r\n\r\n",
    }.get(kind, head + b"\r\n")
    expected = 200, b"1024 bytes\n" if kind == "form" and exact else HELLO
    for found in _ask_twice(server.port, request, again=kind == "close"):
        if found != expected:
            raise ValueError(f"answered {found} to the {kind} request, expected {expected}")


def _ask_twice(port: int, request: bytes, *, again: bool) -> Iterator[tuple[int, bytes]]:
    """Yield two answers: on one connection, or on two when `again`."""
    client = socket.create_connection((HOST, port), 10)
    for _ in range(2):
        client.sendall(request)
        response = http.client.HTTPResponse(client)
        response.begin()
        yield response.status, response.read()
        if again:
            client.close()
            client = socket.create_connection((HOST, port), 10)
    client.close()
