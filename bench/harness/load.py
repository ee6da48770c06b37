"""Load by wrk: one thread on the load core, the request kinds from bench/load/*.lua."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.processes import BENCH, HOST, LOAD_CORE
from harness.report import note

if TYPE_CHECKING:
    from harness.processes import Server

KINDS = {
    "minimal": "`GET /` with nothing but Host",
    "browser": "a browser's twelve fields; cookie and URL differ from request to request",
    "form": "POST of a form of 1 kB",
    "close": "the minimal request, each on a connection of its own",
}


@dataclass(frozen=True)
class Load:
    """What one run of wrk found, and what the server spent on it. Latencies are in microseconds."""

    requests: int
    seconds: float
    bytes: int
    errors: int
    p50: float
    p99: float
    cpu: float

    @property
    def rate(self) -> float:
        """Requests answered a second."""
        return self.requests / self.seconds

    @property
    def micros(self) -> float:
        """CPU microseconds of the server a request."""
        return self.cpu * 1e6 / max(self.requests, 1)

    @property
    def size(self) -> float:
        """Bytes of one answer, head included."""
        return self.bytes / max(self.requests, 1)

    @property
    def busy(self) -> float:
        """How much of its core the server used: below 0.9, something else was the bottleneck."""
        return self.cpu / self.seconds


TRACKED = Path("/proc/sys/net/netfilter")
"""What a firewall, Docker's among them, remembers of connections; the kernel drops packets when there is no room."""


def wait_for_room() -> None:
    """Wait until the kernel's table of connections is half empty: ended ones stay in it for two minutes.

    Raises RuntimeError if it does not get there in four.
    """
    if not TRACKED.exists():
        return
    room = int((TRACKED / "nf_conntrack_max").read_text()) // 2
    deadline = time.monotonic() + 240
    while (count := int((TRACKED / "nf_conntrack_count").read_text())) > room:
        if time.monotonic() > deadline:
            raise RuntimeError(f"the kernel tracks {count:,} connections and would drop packets of more")
        note(f"waiting: the kernel still tracks {count:,} connections, most of which have ended")
        time.sleep(10)


def run(
    server: Server,
    kind: str = "minimal",
    *,
    seconds: float = 3,
    connections: int = 50,
    path: str = "/",
    timeout: int = 10,
) -> Load:
    """Load the server with requests of one kind for `seconds`, and weigh what it spent."""
    script = (BENCH / "load" / f"{kind}.lua").read_text() + (BENCH / "load" / "report.lua").read_text()
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = ["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s"]
        command += [f"--timeout={timeout}s", "-s", file.name, f"http://{HOST}:{server.port}{path}"]
        wait_for_room()
        before = server.cpu_seconds()
        begin = time.monotonic()
        output = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=True).stdout
        elapsed = time.monotonic() - begin
        cpu = server.cpu_seconds() - before
    found = json.loads(output.rpartition("REPORT ")[2])
    return Load(
        requests=found["requests"],
        seconds=min(found["seconds"], elapsed),
        bytes=found["bytes"],
        errors=found["errors"],
        p50=found["p50"],
        p99=found["p99"],
        cpu=cpu,
    )
