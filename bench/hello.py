#!/usr/bin/env python3
"""Show in a minute what this server is for: hello world beside `gunicorn -k gevent`, in one run.

One worker each, server on one core, wrk on the other, 50 keep-alive connections, rounds interleaved, medians;
then the memory of 10,000 idle keep-alive connections.
"""

from __future__ import annotations

import argparse
from typing import Any

from harness.crowd import bytes_per_connection
from harness.load import Load, run
from harness.peers import OURS, PEERS, verify
from harness.processes import prepare
from harness.report import interleave, median, note, save, table

THEIRS = "gunicorn-gevent"
BUDGET = {"rate": 6.0, "idle": 1500.0}
"""What this server promises: requests a second, times theirs; bytes for an idle connection."""


def requests(rounds: int, seconds: float) -> dict[str, list[Load]]:
    """Load both servers in turn with 50 keep-alive connections."""
    with PEERS[OURS].server() as ours, PEERS[THEIRS].server() as theirs:
        servers = {OURS: ours, THEIRS: theirs}
        for server in servers.values():
            verify(server, "minimal")
            run(server, seconds=1)

        def measure(name: str) -> Load:
            load = run(servers[name], seconds=seconds)
            note(f"{name:16} {load.rate:9,.0f} requests/s {load.micros:7.1f} µs {load.errors} errors")
            return load

        return interleave(list(servers), rounds, measure)


def idle(name: str, connections: int) -> float:
    """Return the bytes (PSS) that an idle connection costs a server which has been under load."""
    with PEERS[name].server() as server:
        run(server, seconds=1)
        pss, rss = bytes_per_connection(server, connections)
        note(f"{name:16} {pss:9,.0f} bytes (RSS {rss:,.0f}) an idle connection, of {connections:,}")
        return pss


def compared(results: dict[str, dict[str, float]], connections: int) -> str:
    """Return both servers' figures and their ratios as a table."""
    ours, theirs = results[OURS], results[THEIRS]
    quantities = {
        "rate": "requests a second",
        "micros": "server CPU µs a request",
        "p99": "p99 latency, ms",
        "idle": f"bytes an idle connection, of {connections:,}",
    }
    return table(
        ["", OURS, THEIRS, "ratio"],
        [[text, ours[key], theirs[key], ours[key] / theirs[key]] for key, text in quantities.items()],
    )


def verdict(results: dict[str, dict[str, float]]) -> str:
    """Say whether the promises are kept."""
    ratio, size = results[OURS]["rate"] / results[THEIRS]["rate"], results[OURS]["idle"]
    kept = {True: "kept", False: "MISSED"}
    return (
        f"requests a second: {ratio:.1f} times theirs, promised {BUDGET['rate']:.0f}: {kept[ratio >= BUDGET['rate']]}"
        f"\n\nan idle connection: {size:,.0f} bytes, promised {BUDGET['idle']:,.0f}: {kept[size <= BUDGET['idle']]}"
    )


def main() -> None:
    """Measure both, print the table and the ratios, and whether they keep the promise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=4, help="of load in each round (default: %(default)s)")
    parser.add_argument("--idle", type=int, default=10_000, help="idle connections (default: %(default)s)")
    chosen = parser.parse_args()
    prepare()
    results: dict[str, Any] = {}
    for name, loads in requests(chosen.rounds, chosen.seconds).items():
        results[name] = {
            "rate": median(load.rate for load in loads),
            "micros": median(load.micros for load in loads),
            "p99": median(load.p99 for load in loads) / 1000,
        }
    for name, found in results.items():
        found["idle"] = idle(name, chosen.idle)
    save("hello", results, f"{compared(results, chosen.idle)}\n\n{verdict(results)}")


if __name__ == "__main__":
    main()
