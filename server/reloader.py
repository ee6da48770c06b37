"""`--reload`: a child that watches the working directory and asks its supervisor for a reload.

It is a process and not a thread because the supervisor forks, and a fork of a process with threads can hang.
"""

import importlib
import os
import signal
from pathlib import Path
from typing import NoReturn

from server.console import log
from server.worker import die_with

_ALSO = (".html", ".jinja", ".toml", ".txt")
"""Suffixes beyond Python's own; a database or an asset that changes is no reason to start anew."""


def run(supervisor: int) -> NoReturn:
    """Send SIGHUP to the supervisor whenever files change; end with it."""
    die_with(supervisor)
    try:
        _watch(supervisor)
    except Exception as error:  # noqa: BLE001 - a broken package, no watches left: whatever it is, it has to be told
        log.error("cannot watch the files: %s", error)
    os._exit(0)


def _watch(supervisor: int) -> None:
    watchfiles = importlib.import_module("watchfiles")  # only development has it
    wanted = watchfiles.PythonFilter(extra_extensions=_ALSO)
    for changes in watchfiles.watch(Path.cwd(), watch_filter=wanted, raise_interrupt=False):
        _, first = min(changes)
        log.info("%s changed", os.path.relpath(first))
        os.kill(supervisor, signal.SIGHUP)
