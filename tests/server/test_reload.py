"""SIGHUP: a new version takes over only when it can serve."""

import contextlib
import signal
import threading
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.server.running import APP, PATIENCE, eventually, running

NEW = APP.replace('"one"', '"two"')


@pytest.mark.parametrize("model", ["coroutine", "thread"])
def test_a_new_version_takes_over(tmp_path: Path, model: str) -> None:
    """Every worker is replaced, the port stays, and what was in flight is answered by the old version."""
    with running(tmp_path, "--workers", "2", "--model", model) as server:
        assert server.get() == (200, "one")
        old = server.workers()
        answers: list[tuple[int, str]] = []
        client = threading.Thread(target=lambda: answers.append(server.get("/slow")))
        client.start()
        eventually((tmp_path / "slow-began").exists, "the request to begin")
        (tmp_path / "site_app.py").write_text(NEW)
        server.signal(signal.SIGHUP)
        server.wait_for("reloaded: 2 workers of the new version")
        (tmp_path / "slow-may-end").touch()
        client.join()
        eventually(lambda: not server.workers() & old, "the old workers to go")
        assert answers == [(200, "slow but whole")]
        assert {server.get()[1] for _ in range(10)} == {"two"}
        assert len(server.workers()) == 2


def test_a_broken_version_leaves_the_old_one_serving(tmp_path: Path) -> None:
    """The log says why, the same workers go on, and the next good version is taken."""
    with running(tmp_path, "--workers", "2") as server:
        server.port()
        old = server.workers()
        (tmp_path / "site_app.py").write_text("raise RuntimeError('half finished')")
        server.signal(signal.SIGHUP)
        server.wait_for("^minnow: the new version cannot start: .*half finished; the old one goes on serving")
        eventually(lambda: server.workers() == old, "the failed workers to go")
        assert server.get() == (200, "one")
        (tmp_path / "site_app.py").write_text(NEW)
        server.signal(signal.SIGHUP)
        server.wait_for("reloaded: ")
        eventually(lambda: not server.workers() & old, "the old workers to go")
        assert server.get() == (200, "two")


def test_a_reload_that_is_asked_for_too_early_is_made_up_for(tmp_path: Path) -> None:
    """Who saves a file while the first version still loads gets the new one all the same."""
    slow = "import pathlib, time\nwhile not pathlib.Path('may-load').exists(): time.sleep(0.01)\n" + APP
    with running(tmp_path, app="import pathlib\npathlib.Path('loading').touch()\n" + slow) as server:
        eventually((tmp_path / "loading").exists, "the import to begin")
        (tmp_path / "site_app.py").write_text(NEW)
        server.signal(signal.SIGHUP)
        server.signal(signal.SIGTTIN)  # news that is told: the supervisor has read both
        server.wait_for("2 workers wanted")
        (tmp_path / "may-load").touch()
        server.wait_for("reloaded: 2 workers of the new version")
        eventually(lambda: server.get() == (200, "two"), "the new version")


def test_a_later_reload_replaces_one_that_hangs(tmp_path: Path) -> None:
    """A version whose import never ends is given up for the next one; the old serves all the while."""
    with running(tmp_path) as server:
        server.port()
        (tmp_path / "site_app.py").write_text("import pathlib, time\npathlib.Path('hangs').touch()\ntime.sleep(1000)\n")
        server.signal(signal.SIGHUP)
        eventually((tmp_path / "hangs").exists, "the import to begin")
        assert server.get() == (200, "one")
        (tmp_path / "site_app.py").write_text(NEW)
        server.signal(signal.SIGHUP)
        server.wait_for("reloaded: 1 worker of the new version")
        eventually(lambda: len(server.workers()) == 1, "the others to go")
        assert server.get() == (200, "two")


def test_no_request_is_lost_while_versions_change(tmp_path: Path) -> None:
    """Clients that open a connection for each request notice nothing of three reloads in a row."""
    with running(tmp_path, "--workers", "2", "--model", "coroutine") as server:
        server.port()
        stop = threading.Event()
        statuses: list[int] = []

        def ask() -> None:
            while not stop.is_set():
                statuses.append(server.get()[0])

        client = threading.Thread(target=ask)
        client.start()
        for times in (1, 2, 3):
            server.signal(signal.SIGHUP)
            server.wait_for("reloaded: ", count=times)
        stop.set()
        client.join()
        assert len(statuses) > 10
        assert set(statuses) == {200}


def test_a_kept_alive_connection_learns_that_its_worker_goes(tmp_path: Path) -> None:
    """Its next request is answered by the old worker with `Connection: close`, or it is closed while idle."""
    with running(tmp_path, "--model", "coroutine") as server:
        with contextlib.closing(HTTPConnection("127.0.0.1", server.port(), timeout=PATIENCE)) as client:
            client.request("GET", "/pid")
            old = client.getresponse().read().decode()
            server.signal(signal.SIGHUP)
            server.wait_for("reloaded: ")
            eventually(lambda: int(old) not in server.workers(), "the old worker to go")
            assert client.sock.recv(1) == b""
        assert server.get("/pid")[1] != old


class Regular(threading.Thread):
    """A client that asks again and again on one connection, and opens another when it is told that this one ends."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port
        self.answered = 0
        self.lost: list[str] = []
        self.is_last_signal_sent = False

    def run(self) -> None:
        """Go on until nobody listens."""
        while True:
            with contextlib.closing(HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)) as connection:
                try:
                    connection.connect()
                except OSError as error:
                    return self._mind(error, may_be_the_end=True)
                self._ask(connection)

    def _ask(self, connection: HTTPConnection) -> None:
        is_first, goes_on = True, True
        try:
            while goes_on:
                connection.request("GET", "/")
                response = connection.getresponse()
                goes_on = (response.status, response.read()) in {
                    (200, b"one"),
                    (200, b"two"),
                } and not response.will_close
                self.answered += 1
                is_first = False
        except OSError as error:
            # Between a listener's last accept and its close a client may slip in: nobody has promised it anything.
            self._mind(error, may_be_the_end=is_first)

    def _mind(self, error: OSError, *, may_be_the_end: bool) -> None:
        if not (may_be_the_end and self.is_last_signal_sent):
            self.lost.append(repr(error))


@pytest.mark.parametrize("model", ["coroutine", "thread", "epoll"])
def test_no_request_of_a_kept_alive_connection_is_lost(tmp_path: Path, model: str) -> None:
    """Neither by reloads nor by the end: what was sent on an open connection is answered."""
    with running(tmp_path, "--workers", "2", "--model", model, "--access-log", "off") as server:
        clients = [Regular(server.port()) for _ in range(4)]
        for client in clients:
            client.start()
        for times, version in ((1, NEW), (2, APP)):
            (tmp_path / "site_app.py").write_text(version)
            server.signal(signal.SIGHUP)
            server.wait_for("reloaded: ", count=times)
        for client in clients:
            client.is_last_signal_sent = True
        server.signal(signal.SIGTERM)
        assert server.ended() == 0
        for client in clients:
            client.join()
    assert [client.lost for client in clients] == [[]] * len(clients)
    assert all(client.answered > 10 for client in clients)
