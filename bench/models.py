#!/usr/bin/env python3
"""Measure the concurrency models of this server against one another, for docs/models.md.

Each model: requests a second with keep-alive and without, at 50 and at 1,000 connections; the latency of 99 %;
the memory of an idle connection; and what is left to the others when one client sends its head and never ends it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import subprocess
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.chart import bars
from harness.crowd import bytes_per_connection
from harness.load import Load, run
from harness.peers import ours
from harness.processes import HOST, ROOT, Server, prepare, python
from harness.report import RESULTS, note, save, table

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = [
    "model",
    *("keep-alive, 50", "keep-alive, 1,000", "a connection each, 50", "a connection each, 1,000"),
    *("time-outs at 1,000", "p99 ms at 50", "kB an idle connection", "left beside a slow client"),
]
IDLE = (500, 30)
"""Idle connections that the memory is divided by, and how many when a model can't hold so many."""


def names() -> list[str]:
    """Return the models that the server has."""
    program = "import json, server.concurrency as c; print(json.dumps(list(c.MODELS)))"
    found = subprocess.run([python(), "-c", program], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return list(json.loads(found))


@contextlib.contextmanager
def slow_client(server: Server) -> Iterator[None]:
    """Hold a connection whose head never ends, a byte of it a second."""
    with socket.create_connection((HOST, server.port), 5) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        time.sleep(0.2)
        yield


def idle_bytes(model: str) -> float | None:
    """Return the memory of an idle connection; None when the model keeps none."""
    for count in IDLE:
        # Threads enough for all of them; a model without threads does not look at the number.
        with Server(lambda port: ours(port, "--threads", str(IDLE[0] + 100), model=model)) as server:
            try:
                return bytes_per_connection(server, count)[0]
            except RuntimeError as error:
                note("  ", error)
    return None


def measure(model: str, seconds: float) -> dict[str, Any]:
    """Return all that is measured of one model, each load on a server of its own: none inherits a burden."""
    loads: dict[str, Load] = {}
    for kind in ("minimal", "close"):
        for connections in (50, 1000):
            with Server(partial(ours, model=model)) as server:
                loads[f"{kind} {connections}"] = run(server, kind, seconds=seconds, connections=connections, timeout=2)
    idle = idle_bytes(model)
    with Server(partial(ours, model=model)) as server:
        alone = run(server, "close", seconds=seconds, connections=10)
        with slow_client(server):
            beside = run(server, "close", seconds=seconds, connections=10)
    result = {name: {"rate": load.rate, "p99": load.p99 / 1000, "errors": load.errors} for name, load in loads.items()}
    return {"loads": result, "idle": idle, "left": beside.rate / alone.rate if alone.rate else None}


def row(model: str, found: dict[str, Any]) -> list[object]:
    """Return a model's row of the table."""
    rates = [int(load["rate"]) for load in found["loads"].values()]
    idle = "closed" if found["idle"] is None else found["idle"] / 1000
    left = None if found["left"] is None else f"{found['left']:.0%}"
    return [model, *rates, found["loads"]["minimal 1000"]["errors"], found["loads"]["minimal 50"]["p99"], idle, left]


def main() -> None:
    """Measure the models and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", help="comma-separated (default: all)")
    parser.add_argument("--seconds", type=float, default=3, help="of each load (default: %(default)s)")
    chosen = parser.parse_args()
    prepare()
    results: dict[str, Any] = {}
    for model in chosen.models.split(",") if chosen.models else names():
        try:
            results[model] = measure(model, chosen.seconds)
        except (RuntimeError, OSError) as error:
            note(f"{model}: left out, {error}")
        else:
            note(*row(model, results[model]))
    save("models", results, table(HEAD, [row(model, found) for model, found in results.items()]))
    chart = bars(
        "Requests a second, 50 connections",
        ["keep-alive", "a connection each"],
        {
            model: [found["loads"][f"{kind} 50"]["rate"] for kind in ("minimal", "close")]
            for model, found in results.items()
        },
    )
    (RESULTS / "models.svg").write_text(chart)


if __name__ == "__main__":
    main()
