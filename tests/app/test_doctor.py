from __future__ import annotations

import sqlite3
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from app import doctor
from app.__main__ import main
from app.doctor import Deployment, Unwell

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def database(tmp_path: Path, seeded_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work on a seeded database, with a key to sign with."""
    path = tmp_path / "minnow.db"
    path.write_bytes(seeded_file.read_bytes())
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.setenv("SECRET_KEY", "a key that is long enough")
    return path


def test_all_is_well(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each check says what it found."""
    assert main(["doctor", "--workers", "2", "--replicas", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(doctor.CHECKS)
    assert all(line.startswith("ok ") for line in lines)
    assert "10 (DATABASE_POOL) * 2 workers * 3 replicas = 60, and SQLite sets no limit" in lines[5]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE alembic_version SET version_num = '0001'", "schema: the schema is at 0001"),
        ("DELETE FROM bars WHERE stock_id = 1", "stocks: 1 of 124 stocks have no bars"),
        ("DELETE FROM stocks", "stocks: 0 of 0 stocks"),
        ("DELETE FROM name_ends WHERE stock_id < 3", "names: 2 stocks are not found by their names"),
        ("UPDATE stocks SET name = 'x' WHERE id = 1", "names: 1 stocks are not found by their names"),
        ("UPDATE market SET version = 0", "version: stocks are marked up to version 1, `market` says 0"),
        ("DROP TABLE market", "version: no such table: market"),
    ],
)
def test_what_is_wrong(database: Path, capsys: pytest.CaptureFixture[str], statement: str, words: str) -> None:
    """A database that is not as it should be is found out, with what to do; the other checks go on."""
    connection = sqlite3.connect(database)
    with connection:
        connection.execute(statement)
    connection.close()
    assert main(["doctor"]) == 1
    error = capsys.readouterr().err
    assert f"WRONG {words}" in error
    assert "ok    text" in error
    assert "of 8 checks failed" in error


def test_no_key(database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing key is a finding like any other."""
    monkeypatch.delenv("SECRET_KEY")
    assert main(["doctor"]) == 1
    assert "WRONG keys: set SECRET_KEY" in capsys.readouterr().err


class MySQL:
    """Answers what the check of the connections asks."""

    dialect = SimpleNamespace(name="mysql")

    def __init__(self, limit: int, own: int) -> None:
        self._answers = {"SELECT @@max_connections": limit, "SELECT @@max_user_connections": own}

    def execute(self, statement: object) -> Any:
        """Return the variable."""
        return SimpleNamespace(scalar_one=lambda: self._answers[str(statement)])


@pytest.mark.parametrize(
    ("limit", "own", "deployment", "fits"),
    [
        (100, 0, Deployment(10, 2, 4), True),
        (100, 0, Deployment(10, 2, 5), False),
        (100, 0, Deployment(19, 1, 5), True),
        (100, 0, Deployment(16, 6, 1), False),
        (100, 50, Deployment(10, 5, 1), True),
        (100, 50, Deployment(10, 6, 1), False),
    ],
)
def test_the_connections_suffice(limit: int, own: int, deployment: Deployment, *, fits: bool) -> None:
    """All pools together stay below what the server allows to all, less some spare ones, and to this account."""
    connection: Any = MySQL(limit, own)
    if fits:
        assert f" of {min(limit - doctor.SPARE, own or limit)}" in doctor.check_connections(connection, deployment)
    else:
        with pytest.raises(Unwell, match="lower DATABASE_POOL"):
            doctor.check_connections(connection, deployment)
