"""Run the site under one model, and look into the processes that serve it."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from server.concurrency import load_model
from server.concurrency.base import Traits
from tests.server.models.client import Answer, Client
from tests.server.running import ROOT, Running, children, eventually, is_alive

PROCESSES = 3
THREADS = 6


class Site(Running):
    """The site, served by one worker under `model`; `settings` are flags without their dashes."""

    def __init__(self, model: str, **settings: object) -> None:
        named = {"processes": PROCESSES, "threads": THREADS, "access_log": "off", **settings}
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in named.items()]
        command = [sys.executable, "-m", "server", "tests.server.models.site:app", "--bind=127.0.0.1:0"]
        super().__init__([*command, f"--model={model}", *flags], ROOT)
        self.model = model
        self.at_rest: list[tuple[int, int]] = []
        """What the worker owned before the first test."""
        self._port = 0

    @property
    def traits(self) -> Traits:
        """What the model says of itself."""
        return load_model(self.model).traits

    @property
    def is_alone(self) -> bool:
        """Whether the model serves one connection at a time, so that a test may not wait for two at once."""
        return self.model == "iterative"

    def connect(self, buffer: int | None = None) -> Client:
        """Open a connection."""
        self._port = self._port or self.port()
        return Client(self._port, buffer)

    def fetch(self, path: str, method: str = "GET", *fields: str, body: bytes = b"") -> Answer:
        """Make one request on a connection of its own."""
        with self.connect() as client:
            client.ask(path, method, *fields, body=body)
            return client.answer(to_head=method == "HEAD")

    @property
    def worker(self) -> int:
        """The process id of the one worker."""
        (pid,) = self.workers()
        return pid

    def stop(self) -> int:
        """Ask for the end and wait for it; return the exit code."""
        self.signal(signal.SIGTERM)
        return self.ended()


@contextlib.contextmanager
def serving(model: str, **settings: object) -> Iterator[Site]:
    """Serve for a while; nothing may be left afterwards."""
    site = Site(model, **settings)
    try:
        site.port()
        yield site
        family = descendants(site.pid)
        if site.process.poll() is None:
            assert site.stop() == 0, site.said
        eventually(lambda: not any(map(is_alive, family)), "all processes to end", family)
    finally:
        with contextlib.suppress(ProcessLookupError):  # whoever is left would keep the pipes open, and us waiting
            os.killpg(site.pid, signal.SIGKILL)
        site.close()


def descendants(pid: int) -> list[int]:
    """Return the process ids of children, their children, and so on."""
    return [each for child in children(pid) for each in (child, *descendants(child))]


def belongings(pid: int) -> list[tuple[int, int]]:
    """Return the numbers of descriptors and threads of a process and all its descendants, zombies included."""
    return [(len(_links(each)), threads(each)) for each in (pid, *descendants(pid))]


def is_at_rest(site: Site) -> bool:
    """Tell whether all threads and children of a pool are there, and no connection is."""
    family = [site.worker, *descendants(site.worker)]
    return (
        len(family) == 1 + PROCESSES * (site.model == "process_pool")
        and threads(site.worker) == 1 + THREADS * (site.model == "thread_pool")
        and all(sockets(pid) == 1 for pid in family)
    )


def settled(site: Site) -> list[tuple[int, int]] | None:
    """Return what belongs to a worker at rest; None while it changes, as that of a child does that was just forked."""
    before = belongings(site.worker)
    time.sleep(0.1)
    return before if is_at_rest(site) and belongings(site.worker) == before else None


def sockets(pid: int) -> int:
    """Return how many sockets a process has open, listeners included."""
    return sum(link.startswith("socket:") for link in _links(pid))


def threads(pid: int) -> int:
    """Return how many threads a process has."""
    path = Path(f"/proc/{pid}/task")
    return len([*path.iterdir()]) if path.exists() else 0


def _links(pid: int) -> list[str]:
    """Return what a process's descriptors stand for; nothing is left of a zombie's."""
    links = []
    with contextlib.suppress(OSError):
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # closed just now
                links.append(str(each.readlink()))
    return links
