"""The site's command line: `python -m app migrate`, `python -m app seed`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from app import maintenance
from app.config import ConfigError, DatabaseConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "migrate": (maintenance.migrate, "bring the database's schema up to date; may run anywhere, any number of times"),
    "seed": (maintenance.seed, "insert the sample stocks that are not there yet"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 1 with one line on standard error."""
    options = _parser().parse_args(arguments)
    try:
        done = options.run(DatabaseConfig.from_environment().url, options.wait)
    except (ConfigError, maintenance.MaintenanceError) as error:
        sys.stderr.write(f"minnow: {error}\n")
        return 1
    sys.stdout.write(f"{done}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m app",
        description="Looks after the site's database, which DATABASE_URL names (default: sqlite:///var/minnow.db).",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (run, summary) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        command.add_argument(
            "--wait",
            type=float,
            default=0.0,
            metavar="SECONDS",
            help="keep trying this long if the database does not answer (default: %(default)g)",
        )
        command.set_defaults(run=run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
