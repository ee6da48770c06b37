#!/usr/bin/env python3
"""What idle connections cost, and what they do to a request among them.

The memory of 10,000 idle keep-alive connections, by server; then, for this server, the CPU time and the latency of a
request with no others beside it and with 10,000 idle ones; and the CPU time of a request with 10 to 10,000 active ones.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import time
from typing import Any

from harness.crowd import REQUEST, Crowd, bytes_per_connection
from harness.load import run
from harness.peers import OURS, PEERS
from harness.processes import HOST, Server, prepare
from harness.report import median, note, save, table

ACTIVE = (10, 100, 1_000, 10_000)


def memory(names: list[str], count: int) -> dict[str, float]:
    """Return the bytes of an idle connection by server; who can't hold so many is left out."""
    found = {}
    for name in names:
        if PEERS[name].missing():
            note(f"{name}: left out, not installed")
            continue
        try:
            with PEERS[name].server() as server:
                run(server, seconds=1)
                found[name], _ = bytes_per_connection(server, count)
        except RuntimeError as error:
            note(f"{name}: left out, {error}")
        else:
            note(f"{name}: {found[name]:,.0f} bytes")
    return found


def latencies(server: Server, count: int = 500) -> list[float]:
    """Return the microseconds of single requests, one every two milliseconds on one connection."""
    found = []
    with socket.create_connection((HOST, server.port), 10) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(count):
            begin = time.perf_counter()
            client.sendall(REQUEST)
            client.recv(4096)
            found.append((time.perf_counter() - begin) * 1e6)
            time.sleep(0.002)
    return sorted(found)


def among(server: Server, idle: int, rounds: int) -> dict[str, float]:
    """Return what a request costs beside `idle` idle connections: CPU µs, and latency at the median and at 99 %."""
    with Crowd(server, idle) if idle else contextlib.nullcontext():
        time.sleep(0.5)
        micros = median(run(server, seconds=2).micros for _ in range(rounds))
        found = latencies(server)
    return {"idle": idle, "micros": micros, "p50": found[len(found) // 2], "p99": found[len(found) * 99 // 100]}


def steady(server: Server, connections: int, rounds: int) -> dict[str, float]:
    """Return what a request costs with that many active connections.

    A short run is taken off a long one, and with it the price of opening the connections.
    """
    micros = []
    for _ in range(rounds):
        short, long = (run(server, seconds=seconds, connections=connections, timeout=20) for seconds in (2, 6))
        micros.append((long.cpu - short.cpu) * 1e6 / max(1, long.requests - short.requests))
    return {"connections": connections, "micros": median(micros), "rate": long.rate, "errors": long.errors}


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default="minnow,bjoern,waitress,gunicorn-gevent,pywsgi")
    parser.add_argument("--count", type=int, default=10_000, help="idle connections (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    prepare()
    results: dict[str, Any] = {"memory": memory(chosen.peers.split(","), chosen.count)}
    with PEERS[OURS].server() as server:
        run(server, seconds=1)
        results["among"] = [among(server, idle, chosen.rounds) for idle in (0, chosen.count, 0, chosen.count)]
        results["active"] = []
        for connections in ACTIVE:
            results["active"].append(steady(server, connections, chosen.rounds))
            note(results["active"][-1])
    save("idle", results, tables(results, chosen.count))


def tables(results: dict[str, Any], count: int) -> str:
    """Return the three tables."""
    return "\n\n".join(
        [
            table(["server", f"bytes an idle connection, of {count:,}"], results["memory"].items()),
            table(
                ["idle connections beside", "CPU µs a request", "latency µs, median", "latency µs, p99"],
                [[f"{row['idle']:,}", row["micros"], row["p50"], row["p99"]] for row in results["among"]],
            ),
            table(
                ["active connections", "CPU µs a request", "requests/s", "errors"],
                [[f"{row['connections']:,}", row["micros"], row["rate"], row["errors"]] for row in results["active"]],
            ),
        ]
    )


if __name__ == "__main__":
    main()
