#!/usr/bin/env python3
"""Compare the list page, uncached, with Flask on gunicorn's gevent worker; then show what the shared cache is worth.

Same database, same query, same template, one worker on one core, wrk and MySQL on the other; rounds interleaved,
medians. nginx runs the configuration that is shipped, with one worker, on the core of the server.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from database import database
from front import nginx
from harness.load import Load, run
from harness.peers import ours
from harness.processes import HOST, Server, prepare, python
from harness.report import interleave, median, note, save, table

PAGE = "/index.html"
GOALS = {"uncached": 1.6, "cached": 15.0}


def gunicorn(application: str, port: int) -> list[str]:
    """Return the command of gunicorn with its gevent worker."""
    command = [python(), "-m", "gunicorn", application, "--bind", f"{HOST}:{port}", "--worker-class", "gevent"]
    return [*command, "--workers", "1", "--keep-alive", "300", "--log-level", "warning", "--pythonpath", "bench/site"]


def compare(servers: dict[str, Server], rounds: int, seconds: float, connections: int) -> dict[str, list[Load]]:
    """Return the loads of the list page, by server."""

    def measure(name: str) -> Load:
        load = run(servers[name], seconds=seconds, connections=connections, path=PAGE)
        note(f"{name:14} {connections:4} {load.rate:8,.0f} requests/s {load.micros:9,.0f} µs {load.errors} errors")
        return load

    for server in servers.values():
        run(server, seconds=1, connections=10, path=PAGE)
    return interleave(list(servers), rounds, measure)


def medians(loads: dict[str, list[Load]]) -> dict[str, dict[str, float]]:
    """Return the medians of the rounds, by server."""
    keys = ("rate", "micros", "p50", "p99", "size", "busy")
    return {
        name: {
            **{key: median(getattr(load, key) for load in rounds) for key in keys},
            "errors": sum(r.errors for r in rounds),
        }
        for name, rounds in loads.items()
    }


def same_page(servers: dict[str, Server]) -> None:
    """Raise ValueError unless all servers give the same page."""
    pages = {name: server.get(PAGE) for name, server in servers.items()}
    first = next(iter(pages.values()))
    for name, page in pages.items():
        if page != first or page[0] != 200 or page[1].count(b"<tr role=") < 100:
            raise ValueError(f"{name} answers {page[0]} with another page: {len(page[1])} bytes, not {len(first[1])}")


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4, help="of load in each round (default: %(default)g)")
    parser.add_argument("--stocks", type=int, default=0, help="seed so many; a page shows 125 (default: the sample)")
    chosen = parser.parse_args()
    results: dict[str, Any] = {}
    with contextlib.ExitStack() as stack:
        environment = stack.enter_context(database(chosen.stocks))
        prepare()
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        started = {
            "minnow": lambda port: ours(port, app="app:create_app()"),
            "flask": lambda port: gunicorn("flask_list:create()", port),
        }
        servers = {
            name: stack.enter_context(Server(command, environment=environment)) for name, command in started.items()
        }
        same_page(servers)
        results["uncached, 50 connections"] = medians(compare(servers, chosen.rounds, chosen.seconds, 50))
        results["uncached, 200 connections"] = medians(compare(servers, chosen.rounds, chosen.seconds, 200))
        directory.chmod(0o755)
        front = {
            "minnow": servers["minnow"],
            "nginx, cached": stack.enter_context(nginx(directory, servers["minnow"].port)),
        }
        same_page(front)
        for connections in (50, 200):
            results[f"cached, {connections} connections"] = medians(
                compare(front, chosen.rounds, chosen.seconds, connections)
            )
    save("site-list", results, report(results))


def report(results: dict[str, Any]) -> str:
    """Return the tables and the ratios as Markdown."""
    sections = []
    for name, servers in results.items():
        base = servers["minnow"]["rate"]
        rows = [
            [
                peer,
                m["rate"],
                m["rate"] / base,
                m["micros"],
                m["p50"] / 1000,
                m["p99"] / 1000,
                f"{m['busy']:.0%}",
                int(m["errors"]),
            ]
            for peer, m in servers.items()
        ]
        head = ["server", "requests/s", "times ours", "CPU µs a request", "median ms", "p99 ms", "core busy", "errors"]
        sections.append(f"**{name}**\n\n{table(head, rows)}")
    ours, flask = (results["uncached, 50 connections"][name] for name in ("minnow", "flask"))
    alone, cached = (results["cached, 50 connections"][name] for name in ("minnow", "nginx, cached"))
    ratios = [
        ["minnow ÷ flask, uncached, requests/s", ours["rate"] / flask["rate"], GOALS["uncached"]],
        ["flask ÷ minnow, uncached, CPU", flask["micros"] / ours["micros"], GOALS["uncached"]],
        ["nginx, cached ÷ minnow, uncached", cached["rate"] / alone["rate"], GOALS["cached"]],
    ]
    return "\n\n".join([table(["ratio", "measured", "goal"], ratios), *sections])


if __name__ == "__main__":
    main()
