from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, inspect, make_url, select, update

from app import migrations, sample
from app.__main__ import main
from app.database import maintenance_engine
from app.tables import metadata, stocks, watches

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Open an empty SQLite database."""
    engine = maintenance_engine(make_url(f"sqlite:///{tmp_path}/minnow.db"))
    yield engine
    engine.dispose()


def test_up_and_down(engine: Engine) -> None:
    """Migrations build the schema, do nothing the second time, and take it down again."""
    for _ in range(2):
        with engine.begin() as connection:
            migrations.upgrade(connection)
    assert set(inspect(engine).get_table_names()) == {
        "alembic_version",
        "bars",
        "market",
        "name_ends",
        "stocks",
        "watches",
    }
    with engine.begin() as connection:
        migrations.downgrade(connection, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]


def test_schema_equals_tables(engine: Engine) -> None:
    """What the migrations build is what the code believes: types, defaults, constraints and indexes."""
    with engine.begin() as connection:
        migrations.upgrade(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_seed_is_idempotent(engine: Engine) -> None:
    """Seeding again adds nothing, keeps prices that have moved and what visitors watch, and fills gaps."""
    with engine.begin() as connection:
        migrations.upgrade(connection)
        added, present = sample.seed(connection)
        assert (added > 100, present) == (True, 0)
        connection.execute(update(stocks).where(stocks.c.code == "000007").values(price=Decimal("1.23")))
        stock_id = connection.execute(select(stocks.c.id).where(stocks.c.code == "000007")).scalar_one()
        connection.execute(insert(watches), {"visitor": "v" * 32, "stock_id": stock_id})
        connection.execute(stocks.delete().where(stocks.c.code == "000094"))
        assert sample.seed(connection) == (1, added - 1)
        assert connection.execute(select(stocks.c.price).where(stocks.c.code == "000007")).scalar_one() == Decimal(
            "1.23"
        )
        assert connection.execute(select(watches.c.stock_id)).scalar_one() == stock_id


def test_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`migrate` makes the file's directory and the schema, `seed` the rows; each says so in one line."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/new/minnow.db")
    assert [main([command]) for command in ("migrate", "migrate", "seed", "seed")] == [0, 0, 0, 0]
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["The schema is up to date."] * 2
    assert lines[3] == "Sample stocks: 0 added, 124 there already."


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://minnow:hidden@127.0.0.1:1/minnow", "did not answer within 0 s"),
        ("postgresql://localhost/minnow", "DATABASE_URL must name"),
        ("nonsense hidden", "not a database URL"),
        ("sqlite:////dev/null/minnow.db", "/dev/null"),
    ],
)
def test_commands_that_fail(
    url: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command that cannot do its work says why in one line, without the password, and exits 1."""
    monkeypatch.setenv("DATABASE_URL", url)
    assert main(["migrate"]) == 1
    line = capsys.readouterr().err
    assert line.startswith("minnow: ")
    assert line.count("\n") == 1
    assert words in line
    assert "hidden" not in line


def test_seed_before_migrate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Seeding a database without a schema fails in one line."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/minnow.db")
    assert main(["seed"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
