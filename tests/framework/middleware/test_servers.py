"""Each middleware under real servers: the standard library's, ours and gunicorn."""

from __future__ import annotations

import gzip
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request as Call
from urllib.request import urlopen
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.validate import validator

import pytest

from framework import App
from framework.middleware.dispatch import Dispatch
from framework.middleware.forward import Forwarder
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
UPSTREAM = "MINNOW_TEST_UPSTREAM"  # the variable that tells the applications, in whatever process, where to forward to


def make_app() -> App:
    """Return an application with all the middleware around it, each between two validators."""
    app = App("stack")
    app.get("/note/<note>")(lambda request, note: f"{note} {request.remote_addr} {request.id}\n" * 100)
    app.mount("/in", make_inner())
    app.mount("/far", validator(Forwarder([os.environ[UPSTREAM]])))
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
def under_wsgiref(application: Any = None) -> Iterator[str]:
    """Run an application on the standard library's server."""
    with make_server("127.0.0.1", 0, application or make_app(), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def under(*command: str) -> Iterator[str]:
    """Run the application on a server in a process of its own."""
    options = ["tests.framework.middleware.test_servers:make_app()", "--bind", "127.0.0.1:0"]
    line = [sys.executable, "-m", *command, *options]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield _address(process)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=DEADLINE)


SERVERS = {
    "wsgiref": under_wsgiref,
    "minnow": partial(under, "server", "--access-log", "off", "--trusted-proxies", "127.0.0.0/8"),
    "gunicorn": partial(under, "gunicorn", "--threads", "2", "--no-control-socket"),
}


@pytest.fixture(scope="module", params=SERVERS)
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the application under each server, and an upstream for it; return its address."""
    with pytest.MonkeyPatch.context() as patch, under_wsgiref(Dispatch(None, {"/far": make_inner()})) as upstream:
        patch.setenv(UPSTREAM, upstream)
        with SERVERS[request.param]() as address:
            yield address


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


def test_addresses(url: str) -> None:
    """The client's address and id come from the proxy, the id goes back, and the denied client stays out."""
    status, fields, body = fetch(f"{url}/note/a", "192.0.2.1")
    assert (status, fields["x-request-id"]) == (200, "id-1")
    assert gzip.decompress(body).decode() == "a 192.0.2.1 id-1\n" * 100
    assert fetch(f"{url}/note/a", "192.0.2.66")[0] == 403


def test_compression_and_timing(url: str) -> None:
    """The page comes compressed, with the time that it took."""
    _, fields, body = fetch(f"{url}/note/a", "192.0.2.4")
    assert (fields["content-encoding"], len(body) < 100) == ("gzip", True)
    assert re.fullmatch(r"app;dur=\d+\.\d", fields["server-timing"])


def test_rate_limit(url: str) -> None:
    """After a burst the client is told to wait, and only that one."""
    answers = [fetch(f"{url}/note/a", "192.0.2.3") for _ in range(5)]
    assert [status for status, _, _ in answers] == [200] * 4 + [429]
    assert int(answers[-1][1]["retry-after"]) > 900
    assert fetch(f"{url}/note/a", "192.0.2.5")[0] == 200


def test_dispatch(url: str) -> None:
    """An application below a prefix gets its requests."""
    assert fetch(f"{url}/in/note/x", "192.0.2.2")[2] == b"inner x"


def test_forwarding(url: str) -> None:
    """What is forwarded to another server comes back whole; that server's 404 is its own."""
    status, _, body = fetch(f"{url}/far/note/x", "192.0.2.6")
    assert (status, body) == (200, b"inner x")
    assert fetch(f"{url}/far/nothing", "192.0.2.6")[0] == 404


def test_coded_slashes(url: str, request: pytest.FixtureRequest) -> None:
    """A slash within a value comes through where the server gives the request target; wsgiref does not."""
    status, _, body = fetch(f"{url}/note/a%2Fb", "192.0.2.7")
    if "wsgiref" in request.node.name:
        assert status == 404
    else:
        assert gzip.decompress(body).startswith(b"a/b 192.0.2.7")
