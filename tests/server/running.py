"""Run `python -m server` as a process of its own, on a port that the system chooses."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import IO, TypeVar

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0
"""Seconds that a test waits for what must happen; it never waits when it has happened."""

T = TypeVar("T")

APP = '''
import os, signal, sys, threading, time
VERSION = "one"

def app(environ, start_response):
    path = environ["PATH_INFO"]
    body = VERSION
    if path == "/pid":
        body = str(os.getpid())
    elif path == "/slow":
        open("slow-began", "w").close()
        while not os.path.exists("slow-may-end"):
            time.sleep(0.01)
        body = "slow but whole"
    elif path == "/stuck":
        open("stuck-began", "w").close()
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
        signal.pause()
    elif path == "/fork":
        body = str(fork_an_orphan())
    data = body.encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(data)))])
    return [data]

def fork_an_orphan():
    """Leave a grandchild that outlives its parent by a moment; return its process id."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        grandchild = os.fork()
        if grandchild == 0:
            time.sleep(0.2)
            os._exit(0)
        os.write(writing, str(grandchild).encode())
        os._exit(0)
    os.waitpid(child, 0)
    return os.read(reading, 20).decode()
'''


class Running:
    """A server process, what it has said on standard error so far, and ways to talk to it."""

    def __init__(
        self,
        arguments: Sequence[str],
        cwd: Path,
        inherited: Sequence[int] = (),
    ) -> None:
        """Start `arguments`, a whole command line."""
        variables = {key: value for key, value in os.environ.items() if not key.startswith("MINNOW_")}
        self.process = subprocess.Popen(
            arguments,
            cwd=cwd,
            env={**variables, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            pass_fds=inherited,
        )
        self.said: list[str] = []
        self.logged: list[str] = []
        self._readers = [self._collect(self.process.stderr, self.said), self._collect(self.process.stdout, self.logged)]

    def _collect(self, stream: IO[str] | None, lines: list[str]) -> threading.Thread:
        thread = threading.Thread(target=lambda: lines.extend(stream or ()))
        thread.start()
        return thread

    @property
    def pid(self) -> int:
        """The supervisor's process id."""
        return self.process.pid

    def wait_for(self, pattern: str, count: int = 1) -> re.Match[str]:
        """Return the `count`th line on standard error that matches, waiting for it."""
        return eventually(lambda: self.told(pattern, count), f"{count} lines like {pattern!r}", self.said)

    def told(self, pattern: str, count: int = 1) -> re.Match[str] | None:
        """Return the `count`th line on standard error that matches, None while there is none."""
        found = [match for line in list(self.said) if (match := re.search(pattern, line))]
        return found[count - 1] if len(found) >= count else None

    def port(self) -> int:
        """Return the port of the first listener, once the server says that it is ready."""
        return int(self.wait_for(r"^minnow: listening on http://127\.0\.0\.1:(\d+) ")[1])

    def get(self, path: str = "/", **headers: str) -> tuple[int, str]:
        """Make one request on a connection of its own; return status and body."""
        with contextlib.closing(HTTPConnection("127.0.0.1", self.port(), timeout=PATIENCE)) as connection:
            connection.request("GET", path, headers=headers)
            response: HTTPResponse = connection.getresponse()
            return response.status, response.read().decode()

    def is_cut_off(self, path: str) -> bool:
        """Make one request; tell whether the connection ended without an answer."""
        try:
            self.get(path)
        except OSError:
            return True
        return False

    def workers(self) -> set[int]:
        """Return the process ids of the supervisor's children that live."""
        return {pid for pid in children(self.pid) if is_alive(pid)}

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the supervisor alone."""
        self.process.send_signal(number)

    def ended(self) -> int:
        """Wait for the end; return the exit code."""
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return code

    def close(self) -> None:
        """End it whatever its state, and every worker that it may have left."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self.ended()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


@contextlib.contextmanager
def running(
    cwd: Path,
    *arguments: str,
    app: str = APP,
    launcher: Sequence[str] = (sys.executable,),
    inherited: Sequence[int] = (),
) -> Iterator[Running]:
    """Run `python -m server` in `cwd` with `app` as its module `site_app`, and a model that starts fast."""
    model = () if "--model" in arguments else ("--model", "thread")
    bind = () if "--bind" in arguments else ("--bind", "127.0.0.1:0")
    with started([*launcher, "-m", "server", "site_app:app", *bind, *model, *arguments], cwd, app, inherited) as server:
        yield server


@contextlib.contextmanager
def started(command: Sequence[str], cwd: Path, app: str = APP, inherited: Sequence[int] = ()) -> Iterator[Running]:
    """Run any command in `cwd`, with `app` as the module `site_app`."""
    (cwd / "site_app.py").write_text(app)
    server = Running(command, cwd, inherited)
    try:
        yield server
    finally:
        server.close()


def eventually(condition: Callable[[], T | None], what: str, seen: object = "") -> T:
    """Return the condition's value once it is true."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}; seen: {seen}"
        time.sleep(0.01)
    return value


def children(pid: int) -> list[int]:
    """Return the process ids of a process's children."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in path.read_text().split()] if path.exists() else []


def is_alive(pid: int) -> bool:
    """Tell whether a process exists and is no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def refuses(port: int) -> bool:
    """Tell whether nothing listens on a port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
    except ConnectionRefusedError:
        return True
    return False
