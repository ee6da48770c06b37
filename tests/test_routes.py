from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url

from app import create_app, maintenance
from app.config import Config, DatabaseConfig
from server.concurrency import MODELS
from tests import routes
from tests.server.running import ROOT, Running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a seeded database; each test gets a copy."""
    path = tmp_path_factory.mktemp("seeded") / "minnow.db"
    maintenance.migrate(make_url(f"sqlite:///{path}"), 0)
    maintenance.seed(make_url(f"sqlite:///{path}"), 0)
    return path


@pytest.fixture(params=list(MODELS))
def server(request: pytest.FixtureRequest, seeded: Path, tmp_path: Path) -> Iterator[tuple[str, Running]]:
    """Run the site alone under one model."""
    (tmp_path / "minnow.db").write_bytes(seeded.read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/minnow.db")
        patch.setenv("SECRET_KEY", "only for this test")
        command = ["-m", "server", "app:create_app()", "--bind", "127.0.0.1:0", "--model", request.param]
        running = Running([sys.executable, *command, "--access-log", "off"], ROOT)
    try:
        yield request.param, running
    finally:
        running.close()


def test_every_route_answers(server: tuple[str, Running], tmp_path: Path) -> None:
    """Each command of the curl book gets its answer from the server alone, whatever the model."""
    model, running = server
    assert routes.run_book(f"http://127.0.0.1:{running.port()}", tmp_path, model) == []


def test_the_book_is_whole() -> None:
    """Each route of the site is asked for by at least one command."""
    app = create_app(Config(DatabaseConfig(make_url("sqlite:///nowhere.db")), ("only for this test",)))
    asked = set()
    for chapter in routes.chapters():
        path = chapter.command.partition("$SITE")[2].partition('"')[0].partition("?")[0]
        posts = "-X POST" in chapter.command or "-d " in chapter.command
        try:
            route, _ = app.router.match("POST" if posts else "GET", path)
        except Exception:  # noqa: BLE001 - a chapter about what is not there
            continue
        asked.add(route.name)
    assert asked == {route.name for route in app.router.routes}


def test_the_page_is_current() -> None:
    """docs/routes.md says what the book says; `python -m tests.routes` writes it anew."""
    assert routes.PAGE.read_text(encoding="utf-8") == routes.page()
