"""The site's command line: `python -m app COMMAND`."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from typing import TYPE_CHECKING, Any

from app import doctor, exporting, importing, invention, maintenance, simulation
from app.config import ConfigError, DatabaseConfig
from app.quotefile import ENCODINGS

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 1 with one line on standard error."""
    options = vars(_parser().parse_args(arguments))
    run = options.pop("run")
    try:
        done = run(DatabaseConfig.from_environment().url, **options)
    except (ConfigError, maintenance.MaintenanceError) as error:
        sys.stderr.write(f"minnow: {error}\n")
        return 1
    if done:
        sys.stdout.write(f"{done}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m app",
        description="Looks after the site's database, which DATABASE_URL names (default: sqlite:///var/minnow.db).",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add(commands, maintenance.migrate, "bring the database's schema up to date; may run anywhere, any number of times")
    seed = _add(commands, maintenance.seed, "insert the sample stocks that are not there yet, with a year of bars each")
    seed.add_argument(
        "--stocks",
        type=_stocks,
        default=0,
        metavar="N",
        help="invent more, until there are N; the whole Chinese market has some 5500",
    )
    _add_import(commands)
    export = _add(commands, exporting.export, "write all daily bars to a CSV file that import takes back")
    export.add_argument("file", nargs="?", default=exporting.STDOUT, metavar="FILE", help="a .csv or .csv.gz file")
    export.add_argument("--since", type=_day, metavar="DAY", help="only bars from this day on (2026-01-31)")
    _add_simulate(commands)
    doctor_ = _add(commands, doctor.doctor, "check the database and the settings; exit 1 if something is wrong")
    doctor_.add_argument(
        "--workers", type=int, default=0, metavar="N", help="of a server (default: $MINNOW_WORKERS or 1)"
    )
    doctor_.add_argument("--replicas", type=int, default=1, metavar="N", help="servers on the database (default: 1)")
    return parser


def _add_simulate(commands: Any) -> None:
    command = _add(commands, simulation.simulate, "let invented trades move the market until you press Ctrl-C")
    command.add_argument("--seed", default="", help="take the same way each time, given the same day and data")
    command.add_argument("--day", type=_day, metavar="DAY", help="the trading day (default: today)")
    command.add_argument("--ticks", type=int, default=0, metavar="N", help="stop after so many moves (default: never)")
    command.add_argument(
        "--interval", type=float, default=1.0, metavar="SECONDS", help="between two moves (default: %(default)g)"
    )
    command.add_argument(
        "--share", type=float, default=0.03, metavar="PART", help="of the stocks that move (default: %(default)g)"
    )


def _add_import(commands: Any) -> None:
    command = _add(
        commands,
        importing.load,
        "take in daily bars from CSV files, each as a whole or not at all; every bad line is reported",
        name="import",
    )
    command.add_argument("files", nargs="+", metavar="FILE", help="a .csv or .csv.gz file; - is standard input")
    command.add_argument(
        "--encoding", choices=ENCODINGS, default="auto", help="of the files (default: told from their beginning)"
    )


def _add(commands: Any, run: Any, summary: str, name: str = "") -> argparse.ArgumentParser:
    """Add a command; it has the name of its function where that may be one in Python."""
    command: argparse.ArgumentParser = commands.add_parser(name or run.__name__, help=summary, description=summary)
    command.add_argument(
        "--wait",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="keep trying this long if the database does not answer (default: %(default)g)",
    )
    command.set_defaults(run=run)
    return command


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _stocks(text: str) -> int:
    count = int(text)
    if not 0 <= count <= invention.MOST:
        raise argparse.ArgumentTypeError(f"at most {invention.MOST} stocks can be invented")
    return count


if __name__ == "__main__":
    sys.exit(main())
