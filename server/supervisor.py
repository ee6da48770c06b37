"""The prefork master: serves nothing itself, but keeps its workers as many and as new as they should be.

It is a loop over two kinds of news, signals and workers' reports, followed by `_tend`, which compares what is with what
should be and closes the gap. So no event needs to know what else is going on: a death, a reload and a change in number
all end in the same comparison.

    SIGTERM  drain: let the requests in flight end         SIGINT, SIGQUIT  stop at once
    SIGHUP   load the application anew, then change over   SIGTTIN, SIGTTOU  one worker more, one fewer

The master imports neither the application nor gevent: it has nothing to hang on, and a reload sees new code.
Its loop and `Child` leave room for heartbeats and for a limit of requests a worker.
"""

import mmap
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NoReturn

from server import reloader, worker
from server.backoff import Backoff
from server.child import Child
from server.config import MOST_WORKERS, Settings
from server.console import log
from server.descriptors import allow_descriptors
from server.errors import AppLoadError, BindError, GraceExceeded, ServerError
from server.listeners import Listener, open_listeners
from server.signals import SignalQueue
from server.wsgi import WSGIApplication

QUICK = 2.0
"""Seconds that a worker gets to go when it is told to stop at once."""
MARGIN = 1.0
"""Seconds that a worker gets beyond its grace, since it ends by itself at the end of it."""

_SIGNALS = (
    *(signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP),
    *(signal.SIGTTIN, signal.SIGTTOU, signal.SIGCHLD),
)


class Supervisor:
    """Run workers on `listeners` until told to stop.

    Args:
        settings: `workers`, `grace`, `drain_delay`; the rest is the workers'.
        listeners: open, and closed when the supervisor stops.
        app: a loaded application; None to have each worker load the one that the settings name.
    """

    def __init__(self, settings: Settings, listeners: Sequence[Listener], app: WSGIApplication | None = None) -> None:
        self._settings = settings
        self._listeners = listeners
        self._app = app
        self._count = settings.workers
        self._children: dict[int, Child] = {}
        self._backoff = Backoff()
        self._watcher = 0
        """Process id of the reloader, 0 for none."""
        self._started = False
        self._reload_later = False
        """Whether a reload was asked for before there was anything to replace."""
        self._stopping = False
        self._drain_at: float | None = None
        self._failure: ServerError | None = None
        self._drain_flag = mmap.mmap(-1, 1)  # shared memory: seen by the workers and by whatever they fork
        self._signals = SignalQueue(_SIGNALS)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._signals, selectors.EVENT_READ, self._on_signals)

    def run(self) -> None:
        """Supervise until a signal ends it.

        Raises AppLoadError when no worker could be started at first, GraceExceeded when one had to be killed.
        """
        if self._settings.reload:
            self._watch()
        self._tend()
        while self._children or self._watcher or not self._stopping:
            for key, _ in self._selector.select(self._patience()):
                key.data()
            self._tend()
        self._close_listeners()
        self._selector.close()
        self._signals.close()
        if self._failure is not None:
            raise self._failure

    # --- news ---

    def _on_signals(self) -> None:
        # Ctrl-C reaches the workers too, and their ends may be told before it: why comes before what.
        for number in sorted(self._signals.take(), key=lambda each: each == signal.SIGCHLD):
            match number:
                case signal.SIGCHLD:
                    self._reap()
                case signal.SIGTERM:
                    self._drain()
                case signal.SIGINT | signal.SIGQUIT:
                    # The same one: of two that are pending at once another thread than the main one may take both,
                    # and the main thread would wait on, its handler not run.
                    self._stop(number)
                case signal.SIGHUP:
                    self._reload()
                case signal.SIGTTIN | signal.SIGTTOU:
                    self._resize(1 if number == signal.SIGTTIN else -1)

    def _on_report(self, child: Child) -> None:
        if not child.is_closed and child.read_report():  # its end may have been news of the same moment
            self._selector.unregister(child.report)
            child.close_report()

    def _reap(self) -> None:
        """Take the exit status of every child that ended; as process 1 that includes orphans that are nobody's."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._watcher:
                self._watcher = 0
                if not self._stopping:
                    log.warning("the watcher has ended: changed files are no longer noticed")
            child = self._children.pop(pid, None)
            if child is not None:
                self._bury(child, os.waitstatus_to_exitcode(status))

    def _bury(self, child: Child, code: int) -> None:
        """Decide what a worker's end means."""
        if not child.is_closed:
            child.read_report()
            self._selector.unregister(child.report)
            child.close_report()
        if child.is_leaving or self._stopping or (self._is_ending and not self._started):
            return
        if not self._started:
            self._failure = child.failure(code)
            self._stop(signal.SIGTERM)
        elif child.is_candidate:
            self._give_up_reload(child.failure(code))
        else:
            self._mourn(child, code)

    @property
    def _is_ending(self) -> bool:
        return self._stopping or self._drain_at is not None

    def _mourn(self, child: Child, code: int) -> None:
        now = time.monotonic()
        delay = self._backoff.failed(now - child.born, now)
        when = f"in {delay:g} s" if delay else "now"
        if child.is_ready:
            log.warning("worker %d died (%s); starting another %s", child.pid, child.cause(code), when)
        else:
            failure = child.failure(code)
            log.error("%sa new worker cannot start: %s; trying again %s", failure.above, failure, when)

    # --- what should be ---

    def _tend(self) -> None:
        """Close the gap between what is and what should be."""
        now = time.monotonic()
        self._kill_overdue(now)
        if self._stopping:
            return
        if self._drain_at is not None and (now >= self._drain_at or not self._started):
            self._stop(signal.SIGTERM)
            return
        self._change_over()
        for listener in self._listeners:
            listener.drop_slots(self._count)
        for child in self._serving():
            if child.slot >= self._count:
                self._dismiss(child)
        if now >= self._backoff.until:
            self._spawn_missing(now)
        self._announce()

    def _patience(self) -> float | None:
        """Return for how many seconds nothing will be due; None when only news can change that."""
        due = [child.kill_at for child in self._children.values() if child.kill_at is not None]
        if not self._stopping:
            due += [self._drain_at] if self._drain_at is not None else []
            due += [self._backoff.until] if self._missing() else []
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _serving(self) -> list[Child]:
        """Return the workers that serve or will, neither leaving nor on trial."""
        return [each for each in self._children.values() if not (each.is_leaving or each.is_candidate)]

    def _missing(self) -> list[int]:
        taken = {each.slot for each in self._serving()}
        return [slot for slot in range(self._count) if slot not in taken]

    def _announce(self) -> None:
        """Say once where the server listens, when all workers can answer: a reader of the line may connect at once."""
        if self._started or self._missing() or not all(each.is_ready for each in self._children.values()):
            return
        self._started = True
        for listener in self._listeners:
            log.info("listening on %s (%s, %s)", listener.url, self._settings.model, _workers(self._count))
        if self._reload_later:
            self._reload()

    # --- deeds ---

    def _spawn_missing(self, now: float) -> None:
        try:
            for slot in self._missing():
                self._spawn(slot)
        except (OSError, BindError) as error:  # no process, descriptor or socket to be had
            delay = self._backoff.failed(0, now)
            log.error("cannot start a worker: %s; trying again in %g s", error, delay)

    def _spawn(self, slot: int, *, candidate: bool = False) -> None:
        mine = [listener.for_slot(slot) for listener in self._listeners]
        reading, writing = os.pipe()
        master = os.getpid()

        def become_worker() -> NoReturn:
            os.close(reading)
            worker.run(self._settings, self._app, mine, writing, master, lambda: self._drain_flag[0] != 0)

        try:
            pid = self._fork(mine, become_worker)
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        child = Child(pid, slot, reading, time.monotonic(), is_candidate=candidate)
        self._children[pid] = child
        self._selector.register(reading, selectors.EVENT_READ, partial(self._on_report, child))

    def _fork(self, kept: Sequence[socket.socket], become: Callable[[], NoReturn]) -> int:
        """Fork; the child has default signals and, of what is open here, only the sockets that it is to keep."""
        with self._signals.held():
            pid = os.fork()
            if pid == 0:
                try:
                    self._let_go(kept)
                    become()
                finally:
                    os._exit(1)  # whatever happens, a child must not go on as a second supervisor
        return pid

    def _let_go(self, kept: Sequence[socket.socket]) -> None:
        self._selector.close()
        for other in self._children.values():
            other.close_report()
        for listener in self._listeners:
            listener.keep_only(kept)
        self._signals.forget()

    def _watch(self) -> None:
        master = os.getpid()
        self._watcher = self._fork([], lambda: reloader.run(master))

    def _dismiss(self, child: Child, number: signal.Signals = signal.SIGTERM) -> None:
        """Tell a worker to go, and note by when it has to be gone."""
        has_grace = child.is_ready and number == signal.SIGTERM
        patience = self._settings.grace + MARGIN if has_grace else QUICK
        child.is_leaving = True
        child.kill_at = min(child.kill_at or float("inf"), time.monotonic() + patience)
        os.kill(child.pid, number)

    def _kill_overdue(self, now: float) -> None:
        for child in self._children.values():
            if child.kill_at is not None and now >= child.kill_at:
                child.kill_at = None
                log.error("worker %d did not go in time and is killed", child.pid)
                os.kill(child.pid, signal.SIGKILL)
                if self._stopping:
                    self._failure = self._failure or GraceExceeded("not every worker went in time")

    def _drain(self) -> None:
        """Turn the readiness probe to 503, wait for `drain_delay`, then stop with grace."""
        if self._is_ending:
            return
        self._drain_flag[0] = 1
        self._drain_at = time.monotonic() + self._settings.drain_delay

    def _stop(self, number: signal.Signals) -> None:
        self._stopping = True
        # Before the workers close theirs: they first serve who waits in the queue, and whoever closes last cuts it off.
        self._close_listeners()
        if self._watcher:
            os.kill(self._watcher, signal.SIGTERM)
        for child in self._children.values():
            self._dismiss(child, number)

    def _close_listeners(self) -> None:
        for listener in self._listeners:
            listener.close()

    def _resize(self, by: int) -> None:
        self._count = min(max(1, self._count + by), MOST_WORKERS)
        log.info("%s wanted", _workers(self._count))

    def _reload(self) -> None:
        """Start a whole new generation beside the old one; a newer reload replaces one that is under way."""
        if not self._started:
            self._reload_later = True  # what has been read already may have changed since
            return
        if self._is_ending:
            return
        self._discard_candidates()
        try:
            for slot in range(self._count):
                self._spawn(slot, candidate=True)
        except (OSError, BindError) as error:
            self._give_up_reload(AppLoadError(f"no process can be made for it ({error})"))

    def _change_over(self) -> None:
        """Once every worker of a new generation can serve, tell the old one to go."""
        candidates = [each for each in self._children.values() if each.is_candidate and not each.is_leaving]
        if not candidates or not all(each.is_ready for each in candidates):
            return
        for old in self._serving():
            self._dismiss(old)
        for child in candidates:
            child.is_candidate = False
        log.info("reloaded: %s of the new version", _workers(len(candidates)))

    def _give_up_reload(self, failure: AppLoadError) -> None:
        what = (
            "the old one goes on serving"
            if any(each.is_ready for each in self._serving())
            else "no worker is left to serve"
        )
        log.error("%sthe new version cannot start: %s; %s", failure.above, failure, what)
        self._discard_candidates()

    def _discard_candidates(self) -> None:
        for child in self._children.values():
            if child.is_candidate and not child.is_leaving:
                self._dismiss(child)


def _workers(count: int) -> str:
    return f"{count} worker" + ("s" if count > 1 else "")


def supervise(settings: Settings, app: WSGIApplication | None = None) -> None:
    """Open the listeners and run workers on them until a signal ends it. Raise ServerError when that cannot be."""
    listeners = open_listeners(settings.bind, backlog=settings.backlog, reuse_port=settings.reuse_port)
    allow_descriptors(settings.max_connections)
    Supervisor(settings, listeners, app).run()
