"""A server under measurement: started on one core, asked until it answers, its whole process tree weighed."""

from __future__ import annotations

import contextlib
import http.client
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BENCH = Path(__file__).resolve().parent.parent
ROOT = BENCH.parent
HOST = "127.0.0.1"
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = _CORES[0], _CORES[-1]


class Memory(NamedTuple):
    """Memory of a process tree in bytes: pages counted whole (rss), and pages divided among their sharers (pss).

    Anonymous memory, swapped or not: what connections need comes from there. The pages of libraries are left out, since
    the kernel drops and reads them again as it likes, and by more than connections take.
    """

    rss: int
    pss: int


def python() -> str:
    """Return the interpreter that all servers run on: .venv-bench's where `bench/setup` has made it."""
    candidate = ROOT / ".venv-bench" / "bin" / "python"
    return str(candidate) if candidate.exists() else sys.executable


def free_port() -> int:
    """Return a TCP port of the loopback that nobody listens on."""
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])


def prepare() -> None:
    """Prepare a measuring process: off the server's core, with all the files it may open, and tidy when terminated."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `with Server(…)` stops its server
    os.sched_setaffinity(0, {LOAD_CORE})
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Server:
    """A server process and its children, pinned to one core; a context manager that stops it.

    `command` gets the port and returns the arguments. The server's output goes to a temporary file, shown if it fails.
    """

    def __init__(
        self,
        command: Callable[[int], Sequence[str]],
        *,
        core: int = SERVER_CORE,
        environment: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> None:
        self.port = port or free_port()
        self._command = ["taskset", "-c", str(core), *command(self.port)]
        self._environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{BENCH}", **(environment or {})}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id of the first process."""
        return self.process.pid

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the server
        self.process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )
        try:
            self._wait_until_it_answers(20)
        except BaseException:
            self.stop()
            raise

    def stop(self, seconds: float = 5) -> int | None:
        """Ask the server to end, make it end after `seconds`; return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # whatever children are left
        return self.process.wait()

    def output(self) -> str:
        """Return what the server has written so far."""
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def get(self, path: str = "/", *, timeout: float = 10) -> tuple[int, bytes]:
        """GET `path` on a connection of its own; return the status and the body."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=timeout)
        try:
            connection.request("GET", path, headers={"Connection": "close"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def cpu_seconds(self) -> float:
        """Return user + system seconds of the tree so far, children that were waited for included."""
        ticks = 0
        for pid in self.pids():
            fields = _stat(pid)
            ticks += sum(int(field) for field in fields[11:15]) if fields else 0
        return ticks / TICKS_PER_SECOND

    def memory(self) -> Memory:
        """Return the memory of the tree now."""
        rss = pss = 0
        for pid in self.pids():
            try:
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    rss += int(line.split()[1]) * 1024 if line.startswith(("Anonymous:", "Swap:")) else 0
                    pss += int(line.split()[1]) * 1024 if line.startswith(("Pss_Anon:", "SwapPss:")) else 0
            except (FileNotFoundError, ProcessLookupError):
                continue  # a child that has just ended
        return Memory(rss, pss)

    def descriptors(self) -> int:
        """Return how many file descriptors the tree holds."""
        return sum(_count(f"/proc/{pid}/fd") for pid in self.pids())

    def threads(self) -> int:
        """Return how many threads the tree has."""
        return sum(_count(f"/proc/{pid}/task") for pid in self.pids())

    def pids(self) -> list[int]:
        """Return the process ids of the tree, parents before children."""
        children: dict[int, list[int]] = {}
        for entry in Path("/proc").glob("[0-9]*"):
            if fields := _stat(int(entry.name)):
                children.setdefault(int(fields[1]), []).append(int(entry.name))
        tree = [self.process.pid]
        for pid in tree:  # grows while it is walked
            tree.extend(children.get(pid, ()))
        return tree

    def _wait_until_it_answers(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                self.get(timeout=5)
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"{' '.join(self._command)} does not answer:\n{self.output()[-2000:]}")


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the command name (which may hold spaces), or [] if it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _count(directory: str) -> int:
    try:
        return sum(1 for _ in Path(directory).iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return 0
