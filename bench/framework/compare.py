"""Compare frameworks in process: the microseconds of one request without a server, and of the import.

    python3 -m venv .venv-bench-framework
    .venv-bench-framework/bin/pip install -r bench/framework/requirements.txt
    .venv-bench-framework/bin/python bench/framework/compare.py

Every application has a pattern route that returns text, and one with two variables. They are called as a server would
call them, with a fresh environ, the body read and closed. Rounds are interleaved, so that a slow moment of the machine
hits all alike. The median is printed, the quickest round beside it, and the ratio of the medians.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path
from timeit import timeit
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults

import bottle
import falcon
import flask

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
ROUNDS, CALLS = 100, 500
IMPORT_ROUNDS = 9
sys.path.insert(0, str(ROOT))

from framework import App  # noqa: E402 - it is not installed, so the path comes first


def minnow_app(routes: int = 1) -> Any:
    """Return our application, with further routes in front of the one that is called."""
    app = App("bench")
    for n in range(routes - 1):
        app.get(f"/route{n}/<name>", name=f"route{n}")(lambda _request, name: name)
    app.get("/hello/<name>", name="hello")(lambda _request, name: f"Hello, {name}")
    app.get("/users/<name>/posts/<n:int>", name="post")(lambda _request, name, n: f"{name} {n}")
    return app


def falcon_app() -> Any:
    """Return Falcon's."""

    class Hello:
        def on_get(self, _request: Any, response: Any, name: str) -> None:
            response.text = f"Hello, {name}"

    class Post:
        def on_get(self, _request: Any, response: Any, name: str, n: int) -> None:
            response.text = f"{name} {n}"

    app = falcon.App(media_type=falcon.MEDIA_TEXT)
    app.add_route("/hello/{name}", Hello())
    app.add_route("/users/{name}/posts/{n:int}", Post())
    return app


def bottle_app() -> Any:
    """Return Bottle's."""
    app = bottle.Bottle()
    app.get("/hello/<name>")(lambda name: f"Hello, {name}")
    app.get("/users/<name>/posts/<n:int>")(lambda name, n: f"{name} {n}")
    return app


def flask_app() -> Any:
    """Return Flask's."""
    app = flask.Flask("bench")
    app.get("/hello/<name>", endpoint="hello")(lambda name: f"Hello, {name}")
    app.get("/users/<name>/posts/<int:n>", endpoint="post")(lambda name, n: f"{name} {n}")
    return app


def caller(app: Any, target: str) -> Callable[[], None]:
    """Return a function that sends one request through a WSGI application."""
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": target, "REQUEST_URI": target, "QUERY_STRING": ""}
    setup_testing_defaults(environ)
    started: list[str] = []

    def start_response(status: str, _fields: list[tuple[str, str]], _exc_info: Any = None) -> None:
        started[:] = [status]

    def call() -> None:
        body = app(dict(environ), start_response)
        for _ in body:
            pass
        close = getattr(body, "close", None)
        if close is not None:
            close()

    call()
    assert started == ["200 OK"], started
    return call


def measure(apps: dict[str, Any], target: str = "/hello/world") -> dict[str, list[float]]:
    """Return microseconds a call, round by round, for each application."""
    calls = {name: caller(app, target) for name, app in apps.items()}
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            times[name].append(timeit(call, number=CALLS) / CALLS * 1e6)
    return times


def measure_imports(modules: list[str]) -> dict[str, list[float]]:
    """Return milliseconds of user time for importing each module in a new process, less those of Python itself."""
    program = (
        "import resource, sys; sys.path.insert(0, sys.argv[2]); begin = resource.getrusage(0).ru_utime;"
        "__import__(sys.argv[1]); print(resource.getrusage(0).ru_utime - begin)"
    )
    times: dict[str, list[float]] = {module: [] for module in modules}
    for _ in range(IMPORT_ROUNDS):
        for module in modules:
            command = [sys.executable, "-c", program, module, str(ROOT)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            times[module].append(float(done.stdout) * 1000)
    return times


def report(title: str, times: dict[str, list[float]], unit: str) -> None:
    """Print a table; ratios are to the first line."""
    print(f"\n{title}\n{'':20}{'median':>10}{'quickest':>10}{'ratio':>8}")
    first = statistics.median(next(iter(times.values())))
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:20}{median:8.2f}{unit}{min(values):8.2f}{unit}{median / first:8.2f}")


def main() -> None:
    """Measure and report."""
    apps = {"minnow": minnow_app(), "falcon": falcon_app(), "bottle": bottle_app(), "flask": flask_app()}
    report("One pattern route returning text, a request", measure(apps), "µs")
    report("Two variables, one a number, a request", measure(apps, "/users/me/posts/7"), "µs")
    report("One pattern route among more, a request", measure({f"{n} routes": minnow_app(n) for n in (10, 1000)}), "µs")
    report("Import, CPU time", measure_imports(["framework", "falcon", "bottle", "flask"]), "ms")


if __name__ == "__main__":
    main()
