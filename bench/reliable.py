#!/usr/bin/env python3
"""Put this server through what the net will put it through; exit code 1 if it does not stand it.

`python bench/reliable.py [slow] [limit] [disk] [vanish] [rollout] [models]`; all
of them without arguments, in about four minutes.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from harness.processes import prepare
from harness.report import note, save, table
from reliability import rollout, slow, upload, vanish

if TYPE_CHECKING:
    from collections.abc import Callable

    from reliability.outcome import Outcome

CHECKS: dict[str, Callable[[], Outcome]] = {
    "slow": slow.check,
    "limit": upload.check_limit,
    "disk": upload.check_disk,
    "vanish": vanish.check,
    "rollout": rollout.check,
    "models": rollout.check_models,
}


def main() -> None:
    """Make the checks and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=f"of {', '.join(CHECKS)} (default: all)")
    chosen = parser.parse_args().checks or list(CHECKS)
    if unknown := set(chosen) - set(CHECKS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    prepare()
    outcomes = []
    for name in chosen:
        outcome = CHECKS[name]()
        note(f"{outcome.name}: {outcome.skipped or outcome.figures}")
        outcomes.append(outcome)
    rows = [
        [outcome.name, claim, "yes" if is_true else "NO"]
        for outcome in outcomes
        for claim, is_true in (outcome.claims or {f"skipped: {outcome.skipped}": True}).items()
    ]
    save("reliability", [asdict(outcome) for outcome in outcomes], table(["check", "claim", "kept"], rows))
    sys.exit(not all(outcome.kept for outcome in outcomes))


if __name__ == "__main__":
    main()
