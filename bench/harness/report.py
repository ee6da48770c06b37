"""Rounds, medians, ratios; tables in Markdown, results in bench/results/."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from harness.processes import BENCH, LOAD_CORE, SERVER_CORE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

T = TypeVar("T")
RESULTS = BENCH / "results"


def note(*words: object) -> None:
    """Tell the reader who waits what goes on."""
    print(*words, file=sys.stderr, flush=True)


def interleave(names: Sequence[str], rounds: int, measure: Callable[[str], T]) -> dict[str, list[T]]:
    """Measure A B C A B C …, so that what disturbs the machine disturbs all; every second round runs backwards."""
    found: dict[str, list[T]] = {name: [] for name in names}
    for turn in range(rounds):
        for name in names if turn % 2 == 0 else reversed(names):
            found[name].append(measure(name))
    return found


def median(values: Iterable[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; all columns but the first are aligned to the right."""
    lines = [list(head), *([cell if isinstance(cell, str) else number(cell) for cell in row] for row in rows)]
    widths = [max(3, *(len(line[i]) for line in lines)) for i in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    body = [
        [
            cell.ljust(width) if not i else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in lines
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in [body[0], rule, *body[1:]])


def number(value: object) -> str:
    """Return a number with three significant digits or none after the point, and thousands apart."""
    if not isinstance(value, (int, float)):
        return "-" if value is None else str(value)
    digits = 0 if abs(value) >= 100 or isinstance(value, int) else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def save(name: str, data: Any, markdown: str) -> None:
    """Write bench/results/NAME.json and NAME.md, print the Markdown."""
    RESULTS.mkdir(exist_ok=True)
    document = {"name": name, "machine": machine(), "results": data}
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
    (RESULTS / f"{name}.md").write_text(f"{markdown}\n\n{machine_line()}\n")
    print(markdown, machine_line(), sep="\n\n", flush=True)


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    ]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=BENCH, capture_output=True, text=True, check=False
    )
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "server core": SERVER_CORE,
        "load core": LOAD_CORE,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "commit": commit.stdout.strip() or None,
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "command": " ".join(sys.argv),
    }


def machine_line() -> str:
    """Return the machine in one line of Markdown."""
    facts = machine()
    shared = " (server and load share one core: ratios only)" if SERVER_CORE == LOAD_CORE else ""
    return (
        f"*{facts['cpu']}, {facts['cores']} cores, Linux {facts['kernel']}, Python {facts['python']}, "
        f"commit {facts['commit']}, {facts['when']}: `{facts['command']}`{shared}*"
    )
