#!/usr/bin/env python3
"""Compare servers on the same application: CPU microseconds a request, requests a second.

One worker on one core, wrk on another, all servers up at once, rounds interleaved, medians.
`python bench/servers.py --peers minnow,bjoern --kinds minimal,browser --rounds 5 --seconds 3`
"""

from __future__ import annotations

import argparse
import contextlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from harness.load import KINDS, Load, run
from harness.peers import OURS, PEERS, verify
from harness.processes import prepare
from harness.report import interleave, median, note, save, table

if TYPE_CHECKING:
    from harness.processes import Server

HEAD = ["server", "CPU µs a request", "times ours", "requests/s", "p99 ms", "core busy", "B an answer", "errors"]


def options() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated (default: %(default)s)")
    parser.add_argument("--kinds", default=",".join(KINDS), help="comma-separated (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of load in each round (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=50)
    return parser.parse_args()


def start(names: list[str], kinds: list[str], stack: contextlib.ExitStack) -> dict[str, Server]:
    """Start every peer that is installed, check its answers; say why another is left out."""
    servers = {}
    for name in names:
        peer = PEERS[name]
        if peer.missing():
            note(f"{name}: left out, {peer.module} is not installed")
            continue
        try:
            servers[name] = stack.enter_context(peer.server())
            for kind in kinds:
                verify(servers[name], kind, exact=peer.exact)
        except (RuntimeError, ValueError, OSError) as error:
            servers.pop(name, None)
            note(f"{name}: left out, {error}")
    return servers


def compare(servers: dict[str, Server], kind: str, chosen: argparse.Namespace) -> dict[str, list[Load]]:
    """Return the loads of one kind, by server; each server is warmed up first."""
    for server in servers.values():
        run(server, kind, seconds=1, connections=chosen.connections)

    def measure(name: str) -> Load:
        load = run(servers[name], kind, seconds=chosen.seconds, connections=chosen.connections)
        note(f"{kind:8} {name:17} {load.micros:7.1f} µs {load.rate:9,.0f} requests/s")
        return load

    return interleave(list(servers), chosen.rounds, measure)


def summary(loads: list[Load]) -> dict[str, float]:
    """Return the medians of the rounds of one server."""
    return {
        "micros": median(load.micros for load in loads),
        "rate": median(load.rate for load in loads),
        "p99": median(load.p99 for load in loads),
        "busy": median(load.busy for load in loads),
        "size": median(load.size for load in loads),
        "errors": sum(load.errors for load in loads),
    }


def rows(medians: dict[str, dict[str, float]]) -> list[list[object]]:
    """Return the table's rows, cheapest first."""
    base = medians.get(OURS, next(iter(medians.values())))["micros"]
    return [
        [
            name,
            m["micros"],
            m["micros"] / base,
            int(m["rate"]),
            m["p99"] / 1000,
            f"{m['busy']:.0%}",
            int(m["size"]),
            int(m["errors"]),
        ]
        for name, m in sorted(medians.items(), key=lambda item: item[1]["micros"])
    ]


def main() -> None:
    """Measure and report."""
    chosen = options()
    prepare()
    kinds = chosen.kinds.split(",")
    results: dict[str, Any] = {}
    sections = []
    with contextlib.ExitStack() as stack:
        servers = start(chosen.peers.split(","), kinds, stack)
        for kind in kinds:
            loads = compare(servers, kind, chosen)
            medians = {name: summary(rounds) for name, rounds in loads.items()}
            results[kind] = {
                name: {"median": medians[name], "rounds": [asdict(load) for load in loads[name]]} for name in loads
            }
            sections.append(f"**{kind}**: {KINDS[kind]}\n\n{table(HEAD, rows(medians))}")
    save("servers", results, "\n\n".join(sections))


if __name__ == "__main__":
    main()
