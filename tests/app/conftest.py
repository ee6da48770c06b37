from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url

from app import create_app, maintenance
from app.config import Config, DatabaseConfig
from app.database import Database
from tests.app.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def seeded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a migrated and seeded SQLite file; each test gets a copy."""
    path = tmp_path_factory.mktemp("seeded") / "minnow.db"
    url = make_url(f"sqlite:///{path}")
    maintenance.migrate(url, wait=0)
    maintenance.seed(url, wait=0)
    return path


@pytest.fixture
def open_site() -> Iterator[Callable[..., Site]]:
    """Open the site on a database by its URL; its connections are closed after the test."""
    databases: list[Database] = []

    def build(url: str, pool: int = 10) -> Site:
        config = Config(DatabaseConfig(make_url(url), pool), ("test key, long enough",))
        databases.append(Database(config.database))
        return Site(create_app(config, databases[-1]), databases[-1])

    yield build
    for database in databases:
        database.close()


@pytest.fixture
def site(tmp_path: Path, seeded_file: Path, open_site: Callable[..., Site]) -> Site:
    """Open the site on a seeded SQLite database of its own."""
    shutil.copy(seeded_file, tmp_path / "minnow.db")
    return open_site(f"sqlite:///{tmp_path}/minnow.db")
