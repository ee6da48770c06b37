"""The whole stack of middleware under real servers: the standard library's and ours."""

from __future__ import annotations

import gzip
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request as Call
from urllib.request import urlopen
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.validate import validator

import pytest

from framework import App
from framework.middleware.gzip import Gzip
from framework.middleware.ip_filter import IPFilter
from framework.middleware.proxy_headers import ProxyHeaders
from framework.middleware.rate_limit import RateLimit
from framework.middleware.request_id import RequestId
from framework.middleware.timing import ServerTiming

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
DEADLINE = 20.0  # seconds for a server to come up


def make_app() -> App:
    """Return an application with all the middleware around it, each between two validators."""
    app = App("stack")
    app.get("/note/<note>")(lambda request, note: f"{note} {request.remote_addr} {request.id}\n" * 100)
    app.mount("/in", make_inner())
    for wrap in (
        ServerTiming,
        Gzip,
        lambda wsgi: RateLimit(wsgi, rate=0.001, burst=4),
        lambda wsgi: IPFilter(wsgi, deny=["192.0.2.66"]),
        lambda wsgi: ProxyHeaders(wsgi, trusted=["127.0.0.0/8"]),
        lambda wsgi: RequestId(wsgi, keep=True),
    ):
        app.use(lambda wsgi, wrap=wrap: validator(wrap(wsgi)))
    return app


def make_inner() -> App:
    """Return the application that is mounted."""
    app = App("inner")
    app.get("/note/<note>")(lambda _request, note: f"inner {note}")
    return app


class Quiet(WSGIRequestHandler):
    """Log nothing."""

    def log_message(self, *args: Any) -> None:
        """Keep silent."""


@contextmanager
def under_wsgiref() -> Iterator[str]:
    """Run the application on the standard library's server."""
    with make_server("127.0.0.1", 0, make_app(), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def under_our_server() -> Iterator[str]:
    """Run the application on Minnow's server, in a process of its own."""
    target = "tests.framework.middleware.test_servers:make_app()"
    options = ["--bind", "127.0.0.1:0", "--access-log", "off", "--trusted-proxies", "127.0.0.0/8"]
    command = [sys.executable, "-m", "server", target, *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield _address(process)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=DEADLINE)


def _address(process: subprocess.Popen[str]) -> str:
    """Read the server's words until it tells where it listens."""
    watchdog = threading.Timer(DEADLINE, process.kill)
    watchdog.start()
    said = []
    for line in process.stdout or ():
        said.append(line)
        found = re.search(r"http://127\.0\.0\.1:[1-9]\d*", line)
        if found:
            watchdog.cancel()
            return found[0]
    raise AssertionError(f"the server did not come up: {said}")


def fetch(url: str, client: str) -> tuple[int, dict[str, str], bytes]:
    """Send a request through what claims to be a proxy of ours."""
    fields = {"X-Forwarded-For": client, "X-Request-ID": "id-1", "Accept-Encoding": "gzip"}
    try:
        answer = urlopen(Call(url, headers=fields), timeout=10)
    except HTTPError as error:
        answer = error
    with answer:
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()


@pytest.mark.parametrize(
    ("running", "path", "note"),
    [
        (under_wsgiref, "a", "a"),  # it gives no request target, so a coded slash would be lost
        (under_our_server, "a%2Fb", "a/b"),
    ],
)
def test_whole_stack(running: Any, path: str, note: str) -> None:
    """Under each server the middleware do their work and keep PEP 3333, and paths come through whole."""
    with running() as url:
        status, fields, body = fetch(f"{url}/note/{path}", "192.0.2.1")
        assert (status, fields["content-encoding"], fields["x-request-id"]) == (200, "gzip", "id-1")
        assert gzip.decompress(body).decode() == f"{note} 192.0.2.1 id-1\n" * 100
        assert fields["server-timing"].startswith("app;dur=")
        assert fetch(f"{url}/in/note/x", "192.0.2.2")[2] == b"inner x"
        assert fetch(f"{url}/note/a", "192.0.2.66")[0] == 403
        assert [fetch(f"{url}/note/a", "192.0.2.3")[0] for _ in range(5)] == [200] * 4 + [429]
