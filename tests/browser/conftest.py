"""The real thing in a real browser: `python -m server` on SQLite, and the system's Chromium."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.visit import Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",  # a container's root has no user namespaces to build one from
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STARTED = re.compile(r"listening on (http://127\.0\.0\.1:\d+)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test below this directory, so that `-m browser` finds it."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the system's Chromium; without one skip, or fail where the whole stack is required."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        reason = f"no Chromium: none of {', '.join(BROWSERS)} is on the PATH"
        if os.environ.get("REQUIRE_STACK") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def site_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the site keeps its database, `minnow.db`, and the server its log."""
    return tmp_path_factory.mktemp("browser")


@pytest.fixture(scope="session")
def site_url(site_directory: Path) -> Iterator[str]:
    """Serve the site on a port that the system chose; it must stop cleanly afterwards."""
    database_url = f"sqlite:///{site_directory}/minnow.db"
    environment = {**os.environ, "DATABASE_URL": database_url, "SECRET_KEY": "browser test key"}
    for command in ("migrate", "seed"):
        subprocess.run([sys.executable, "-m", "app", command], cwd=ROOT, env=environment, check=True, timeout=30)
    log = site_directory / "server.log"
    with log.open("w") as stderr:
        command_line = [sys.executable, "-m", "server", "app:create_app()", "--bind", "127.0.0.1:0"]
        server = subprocess.Popen(command_line, cwd=ROOT, env=environment, stderr=stderr, stdout=stderr)
    try:
        yield _url_from(server, log)
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
            raise


def _url_from(server: subprocess.Popen[bytes], log: Path) -> str:
    """Wait for the line that names the address; fail with the log if the server ends or says nothing."""
    for _ in range(150):
        found = STARTED.search(log.read_text())
        if found:
            return found[1]
        try:
            server.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    pytest.fail(f"the server did not start:\n{log.read_text()}")


@pytest.fixture
def visit(browser: Browser, site_url: str, request: pytest.FixtureRequest) -> Iterator[Callable[..., Visit]]:
    """Open the site as a new visitor; what the page complained of is checked when the test ends."""
    visits: list[Visit] = []

    def start(width: int = 1440, locale: str = "en-GB", colors: str = "light", *, scripts: bool = True) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 900 if width > 800 else 844},
            locale=locale,
            color_scheme=colors,
            java_script_enabled=scripts,
            base_url=site_url,
        )
        name = request.node.originalname.removeprefix("test_")
        visits.append(Visit(context, site_url, f"{name}-{width}-{locale[:2]}-{colors}"))
        return visits[-1]

    yield start
    for each in visits:
        each.context.close()
    for each in visits:
        each.check()
