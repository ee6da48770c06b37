"""A worker: the child process that loads the application and serves it.

It reports to its supervisor through a pipe: READY once it can serve, or the reason why it cannot, and closes it.
"""

import atexit
import ctypes
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from server.accesslog import AccessLog
from server.concurrency import load_model
from server.concurrency.base import Model
from server.config import Settings
from server.console import log, wants_colours
from server.errors import AppLoadError, ServerError
from server.loader import load_app, parse_spec
from server.middleware.debug import DebugPages, broken_app
from server.middleware.proxy import Chain, TrustedProxies
from server.middleware.readiness import Readiness
from server.middleware.static import StaticFiles
from server.values import Mount, Network, parse_mount, parse_network
from server.wsgi import WSGIApplication

READY = b"ready"

_PR_SET_PDEATHSIG = 1


def run(
    settings: Settings,
    app: WSGIApplication | None,
    listeners: Sequence[socket.socket],
    report: int,
    supervisor: int,
    is_draining: Callable[[], bool],
) -> NoReturn:
    """Be a worker and end the process; never returns into the supervisor's code.

    `app` is a loaded application, or None to load the one that the settings name. `report` is the writing end of the
    pipe to the supervisor, whose process id is `supervisor`.
    """
    code = 1
    try:
        atexit._clear()  # noqa: SLF001 - what the supervisor registered is not for its children to run
        die_with(supervisor)
        model = _model(settings, app, is_draining)
        _obey(model, settings.grace)
        _tell(report, READY)
        model.serve(listeners)
        code = 0
    except ServerError as error:
        _tell(report, f"{error.trace}{error}".encode("utf-8", "backslashreplace"))
        code = error.exit_code
    except BaseException:  # noqa: BLE001 - a process has to end with a code, whatever happened
        log.critical("worker %d failed", os.getpid(), exc_info=True)
    finally:
        leave(code)


def check(settings: Settings) -> None:
    """Load the application as a worker would, and no more. Raise AppLoadError when that fails."""
    _model(replace(settings, reload=False), None, lambda: False)


def die_with(supervisor: int) -> None:
    """Ask the kernel for SIGTERM when the supervisor dies, however it dies; Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != supervisor:  # it died before we asked
        os._exit(0)


def _model(settings: Settings, app: WSGIApplication | None, is_draining: Callable[[], bool]) -> Model:
    """Build the model around the application; it prepares the process while nothing of the application is imported."""
    kind = load_model(settings.model)
    kind.prepare()
    mounts = _mounts(settings)  # before an application that changes the working directory
    loaded = _wrapped(app or _application(settings), mounts, settings)
    ready = Readiness(loaded, settings.ready_path, is_draining)
    # Asked for each request only where the server goes on for a while: otherwise it is soon enough at the end.
    model = kind(ready if settings.drain_delay else loaded, settings, _access_log(settings))
    model.last_app = ready
    gc.collect()
    gc.freeze()  # what is there now stays: no collection needs to look at it again, nor to unshare its pages
    return model


def _application(settings: Settings) -> WSGIApplication:
    """Load the application; in development one that cannot be loaded becomes a page that says why."""
    try:
        loaded: WSGIApplication = load_app(parse_spec(settings.app))
    except AppLoadError as error:
        if not settings.reload:
            raise
        log.error("%s%s", error.above, error)
        return broken_app(error)
    return loaded


def _mounts(settings: Settings) -> list[Mount]:
    """Return what `--static` names, directories from the root."""
    return [Mount(each.prefix, str(Path(each.directory).absolute())) for each in map(parse_mount, settings.static)]


def _wrapped(app: WSGIApplication, mounts: Iterable[Mount], settings: Settings) -> WSGIApplication:
    """Put the configured middleware around the application; proxies outermost, so that all others see the truth."""
    for mount in mounts:
        app = StaticFiles(app, mount.prefix, mount.directory)
    if settings.reload:
        app = DebugPages(app)
    return TrustedProxies(app, _networks(settings), settings.proxy_fields)


def _access_log(settings: Settings) -> AccessLog | None:
    if settings.access_log == "off":
        return None
    if not settings.trusted_proxies:
        return AccessLog(settings.access_log, colours=wants_colours(sys.stdout))
    chain = Chain(_networks(settings), settings.proxy_fields)
    return AccessLog(settings.access_log, colours=wants_colours(sys.stdout), client_of=chain.address)


def _networks(settings: Settings) -> list[Network | None]:
    return [parse_network(each) for each in settings.trusted_proxies]


def _obey(model: Model, grace: float) -> None:
    """Make SIGTERM drain and SIGINT or SIGQUIT stop at once, without a traceback."""

    def on_signal(number: int, _frame: Any) -> None:
        model.stop(grace if number == signal.SIGTERM else 0)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, on_signal)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a terminal that closes tells it to all; the supervisor decides


def _tell(report: int, message: bytes) -> None:
    """Write the whole report and close the pipe, which is how the supervisor knows that it is whole."""
    with open(report, "wb", buffering=0) as pipe:
        pipe.write(message)


def leave(code: int) -> NoReturn:
    """End the process now, but with what the application registered for its end.

    A worker must not unwind into the supervisor's frames, and nobody waits for a thread that the application started.
    """
    try:
        atexit._run_exitfuncs()  # noqa: SLF001 - the standard library's own children do the same
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)
