"""What the server says of itself on standard error: `minnow: …`, coloured on a terminal only."""

import logging
import os
import sys
from pathlib import Path
from typing import TextIO

log = logging.getLogger("minnow")

RED = "\x1b[31m"
YELLOW = "\x1b[33m"
PLAIN = "\x1b[0m"
_COLOUR = {logging.WARNING: YELLOW, logging.ERROR: RED, logging.CRITICAL: RED}


class Lines(logging.Formatter):
    """Give each record the program's name, and its level's colour where colours are wanted."""

    def __init__(self, *, colours: bool) -> None:
        super().__init__("minnow: %(message)s")
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        """Format one record; a traceback, if any, comes below it and plain."""
        line = super().format(record)
        colour = _COLOUR.get(record.levelno) if self._colours else None
        if colour is None:
            return line
        first, newline, rest = line.partition("\n")
        return f"{colour}{first}{PLAIN}{newline}{rest}"


def wants_colours(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal whose user has not set NO_COLOR (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def open_closed_streams() -> None:
    """Open the standard streams that the parent closed (`>&-`) on the null device.

    Otherwise the next socket gets the number 1, and the access log is written to a client.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            null = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - for as long as the process lives
            os.set_inheritable(null.fileno(), True)
            setattr(sys, name, null)


def set_up() -> None:
    """Send the server's own log to standard error, unless the program that embeds it has set it up."""
    open_closed_streams()
    if log.handlers:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(colours=wants_colours(sys.stderr)))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
