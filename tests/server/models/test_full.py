"""More clients than a worker has connections for."""

import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.server.models.client import Client
from tests.server.models.harness import serving
from tests.server.running import eventually, running

COUNTING = ["polling", "epoll", "epoll_edge", "coroutine"]
"""The models that hold many connections at once; with the others, clients wait in the backlog."""


@pytest.mark.parametrize("name", COUNTING)
def test_one_too_many(name: str) -> None:
    """The client over `max_connections` is told 503 at once; when another has gone, there is room again."""
    with serving(name, max_connections=2) as site, site.connect() as first, site.connect() as second:
        for client in (first, second):
            client.ask("/hello")
            assert client.answer().status == 200
        with site.connect() as third:
            answer = third.answer()
            assert (answer.status, answer.fields["connection"]) == (503, "close")
            assert third.rest() == b""
        first.close()
        eventually(lambda: site.fetch("/hello").status == 200, "room again")


STINGY = """
import os, pathlib, threading
fork, start = os.fork, threading.Thread.start

def no_fork():
    if pathlib.Path("nothing-left").exists():
        raise BlockingIOError(11, "Resource temporarily unavailable")
    return fork()

def no_start(thread):
    if pathlib.Path("nothing-left").exists():
        raise RuntimeError("can't start new thread")
    start(thread)

os.fork, threading.Thread.start = no_fork, no_start

def app(environ, start_response):
    start_response("200 OK", [])
    return [b"served"]
"""


@pytest.mark.parametrize("name", ["process", "fork", "thread"])
def test_no_more_processes_or_threads_to_be_had(name: str, tmp_path: Path) -> None:
    """A client for whom the system has none is cut off, which is told; the worker serves on."""
    with running(tmp_path, "--model", name, app=STINGY) as server:
        assert server.get() == (200, "served")
        workers = server.workers()
        (tmp_path / "nothing-left").touch()
        assert server.is_cut_off("/")
        server.wait_for("there is no (process|thread) for a client: ")
        (tmp_path / "nothing-left").unlink()
        assert server.get() == (200, "served")
        assert server.workers() == workers


@pytest.mark.parametrize("name", COUNTING)
def test_the_usual_limit_of_descriptors_is_no_limit_of_connections(name: str, tmp_path: Path) -> None:
    """A shell allows 1,024 files, which its user may raise: the server does so by itself."""
    launcher = ["sh", "-c", 'ulimit -S -n 50 && exec "$0" "$@"', sys.executable]
    with running(tmp_path, "--model", name, launcher=launcher) as server, ExitStack() as open_ones:
        clients = [open_ones.enter_context(Client(server.port())) for _ in range(80)]
        for client in clients:
            client.ask("/")
            assert client.answer().body == b"one"


@pytest.mark.parametrize("name", [*COUNTING, "thread"])
def test_no_more_descriptors_to_be_had(name: str, tmp_path: Path) -> None:
    """Clients beyond the hard limit wait in the backlog; those that are here are served, and then they."""
    launcher = ["sh", "-c", 'ulimit -n 50 && exec "$0" "$@"', sys.executable]
    with running(tmp_path, "--model", name, launcher=launcher) as server, ExitStack() as open_ones:
        server.wait_for(r"only 50 files may be open here \(ulimit -n\), too few for 10000 connections")
        clients = [open_ones.enter_context(Client(server.port())) for _ in range(60)]
        clients[0].ask("/")
        assert clients[0].answer().body == b"one"
        for client in clients[1:]:
            client.ask("/", "GET", "Connection: close")
        for client in clients[1:30]:
            assert client.answer().body == b"one"
            client.close()
        for client in clients[30:]:
            assert client.answer().body == b"one"
