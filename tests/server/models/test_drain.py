"""SIGTERM, and ends that are less polite."""

import os
import signal
import socket
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from server.concurrency import load_model
from server.concurrency.readiness import Connection
from server.concurrency.watched import REPRIEVE
from server.config import Settings
from tests.server.models.client import Client
from tests.server.models.harness import Site, descendants, is_at_rest, serving, sockets
from tests.server.models.site import app
from tests.server.running import eventually, is_alive


def test_drain(model: str, tmp_path: Path) -> None:
    """After SIGTERM what was sent is answered whole, an idle connection ends without a word, the exit code is 0."""
    with serving(model) as site, ExitStack() as open_ones, site.connect() as busy:
        busy.ask(f"/gate?until={tmp_path / 'open'}")
        busy.read(len("HTTP/1.1 200 OK"))
        with site.connect() as idle:
            if site.traits.keep_alive and not site.traits.views_block_others:
                idle.ask("/hello")
                idle.answer()
            late = [open_ones.enter_context(site.connect()) for _ in range(150)]  # more than are accepted at once
            for client in late:
                client.ask("/hello")
            os.killpg(site.pid, signal.SIGTERM)  # as service managers do: every process gets it
            # The supervisor sends its signal on and closes its listeners right after.
            eventually(lambda: sockets(site.pid) == 0, "the signal to be passed on")
            if not site.traits.views_block_others:
                assert idle.rest() == b""
            (tmp_path / "open").touch()
            assert busy.rest().endswith(b"\r\n6\r\nbegun \r\n5\r\nended\r\n0\r\n\r\n")
            assert idle.rest() == b""
            for client in late:
                assert client.answer().status == 200
                client.close()  # or the server would wait a while for what else comes
        assert site.ended() == 0


def test_nobody_is_lost(model: str) -> None:
    """Clients that come one after another, each with a connection of its own: all are answered or never let in."""
    with serving(model) as site:
        port, ends = site.port(), Counter[str]()

        def come_and_go() -> None:
            while True:
                try:
                    client = Client(port)
                except ConnectionRefusedError:
                    return
                with client:
                    try:
                        client.ask("/hello", "GET", "Connection: close")
                        ends[client.answer().body.decode()] += 1
                    except (OSError, EOFError) as error:
                        ends[repr(error)] += 1

        clients = [threading.Thread(target=come_and_go) for _ in range(20)]
        for each in clients:
            each.start()
        eventually(lambda: ends["hello\n"] > len(clients), "the clients to be served", ends)
        site.signal(signal.SIGTERM)
        for each in clients:
            each.join()
        assert set(ends) == {"hello\n"}
        assert site.ended() == 0


def test_what_is_said_after_sigterm(model: str, tmp_path: Path) -> None:
    """Whoever waits for an answer is told `Connection: close`, whoever asks whether the server is ready 503."""
    with serving(model) as site, site.connect() as busy, site.connect() as probe:
        busy.ask(f"/hold?begun={tmp_path / 'begun'}&until={tmp_path / 'open'}")
        eventually((tmp_path / "begun").exists, "the view to begin")
        site.signal(signal.SIGTERM)
        eventually(lambda: sockets(site.pid) == 0, "the signal to be passed on")
        time.sleep(REPRIEVE + 0.1)  # nothing shows from outside when whoever holds a connection has heard of it
        probe.send(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
        (tmp_path / "open").touch()
        answer = probe.answer()
        probe.close()
        assert (answer.status, answer.fields["connection"], answer.body) == (503, "close", b"draining\n")
        late = busy.answer()
        busy.close()
        assert (late.status, late.fields["connection"], late.body) == (200, "close", b"hello\n")
        assert site.ended() == 0


def test_an_idle_connection_keeps_a_moment(model: str) -> None:
    """Whether it became idle before the end was asked for or after: its next request may be on its way."""
    driver = load_model(model)(app, Settings(), None)
    ours, theirs = socket.socketpair()
    with ours, theirs, socket.create_server(("127.0.0.1", 0)) as listener:
        connection = Connection(driver, driver.endpoint(listener), ours, ("192.0.2.1", 1))
        driver.drain()
        connection.run()
        before = connection.deadline
        connection.hasten()
        assert connection.deadline == before
        connection.close()
    driver.stopping.close()


def test_an_event_stream_ends(model: str) -> None:
    """An event stream ends whole soon after SIGTERM, also one that a child sends which has not been told yet."""
    with serving(model, grace=20) as site, site.connect() as client:
        client.ask("/events")
        client.read(len("HTTP/1.1 200 OK"))
        site.signal(signal.SIGTERM)
        assert client.rest().endswith(b"data: now\n\n\r\n0\r\n\r\n")
        assert site.ended() == 0


def test_a_view_that_never_ends(model: str, tmp_path: Path) -> None:
    """What outlasts the grace is ended by force, with every process that it had."""
    with serving(model, grace=0.1) as site, site.connect() as client:
        client.ask(f"/gate?until={tmp_path / 'never'}")
        client.read(len("HTTP/1.1 200 OK"))
        family = descendants(site.pid)
        site.signal(signal.SIGTERM)
        site.ended()
        eventually(lambda: not any(map(is_alive, family)), "all processes to end", family)


def test_a_killed_worker_leaves_nobody_behind(site: Site) -> None:
    """Children follow a worker that was killed; another worker takes its place and serves."""
    with site.connect() as client:
        client.send(b"GET /hello HTTP/1.1\r\n")
        if not site.is_alone:
            assert site.fetch("/hello").status == 200
        old = site.worker
        family = descendants(old)
        os.kill(old, signal.SIGKILL)
    eventually(lambda: not any(map(is_alive, [old, *family])), "the children to follow", family)
    assert site.fetch("/hello").status == 200


def test_a_killed_process_of_a_pool_is_replaced() -> None:
    """The pool is full again soon, and says why."""
    with serving("process_pool") as site:
        eventually(lambda: is_at_rest(site), "the pool to be full")
        victim = descendants(site.worker)[0]
        os.kill(victim, signal.SIGKILL)
        site.wait_for("a process of the pool has died")
        eventually(lambda: is_at_rest(site) and not is_alive(victim), "the pool to be full again")
        assert site.fetch("/hello").status == 200


@pytest.mark.parametrize("by", ["blocks", "drops"])
def test_the_end_closes_responses(model: str, tmp_path: Path, by: str) -> None:
    """A response without end, or whose client does not read, is closed at the end: what it holds may not just die."""
    closed = tmp_path / "closed"
    with serving(model) as site, site.connect(buffer=8192) as slow:
        slow.ask(f"/endless?by={by}&closed={closed}")
        slow.read(200)
        site.signal(signal.SIGINT)
        assert site.ended() == 0
        assert closed.exists()
