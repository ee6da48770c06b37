from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url, select

from app.__main__ import main
from app.database import maintenance_engine
from app.tables import bars, stocks

if TYPE_CHECKING:
    from pathlib import Path

FIGURES = [column for column in stocks.c if column.name not in {"id", "version"}]


@pytest.fixture(autouse=True)
def database(tmp_path: Path, seeded_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work on a seeded database."""
    (tmp_path / "minnow.db").write_bytes(seeded_file.read_bytes())
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/minnow.db")


def content(path: Path) -> list[object]:
    """Return all that bars and quotes say."""
    engine = maintenance_engine(make_url(f"sqlite:///{path}"))
    with engine.connect() as connection:
        found = [
            connection.execute(select(*FIGURES).order_by(stocks.c.code)).all(),
            connection.execute(
                select(stocks.c.code, bars).join_from(bars, stocks).order_by(stocks.c.code, bars.c.day)
            ).all(),
        ]
    engine.dispose()
    return [[row[:1] + row[2:] for row in found[1]], found[0]]


@pytest.mark.parametrize("name", ["all.csv", "all.csv.gz"])
def test_round_trip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What was exported makes the same database when it is imported into an empty one."""
    assert main(["export", str(tmp_path / name)]) == 0
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/copy.db")
    assert main(["migrate"]) == 0
    assert main(["import", str(tmp_path / name)]) == 0
    assert content(tmp_path / "copy.db") == content(tmp_path / "minnow.db")
    assert [path.name for path in tmp_path.glob("*.part")] == []


def test_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file the bars go to standard output, and nothing else does; --since leaves the older ones out."""
    assert main(["export", "--since", "2026-10-29"]) == 0
    header, first, second, *rest = capsys.readouterr().out.splitlines()
    assert header == "code,name,initials,day,open,high,low,close,volume,turnover"
    assert first.startswith("000007,月钩食品,YGSP,2026-10-29,")
    assert first.endswith(",")
    assert second.startswith("000007,月钩食品,YGSP,2026-10-30,")
    assert second.endswith(",0.55")
    assert len(rest) == 124 * 2 - 2


def test_a_file_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A place where nothing can be written is one line, and a packed file is packed."""
    assert main(["export", "/nowhere/all.csv"]) == 1
    assert "cannot write /nowhere/all.csv" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "all.csv.gz")]) == 0
    assert gzip.decompress((tmp_path / "all.csv.gz").read_bytes()).startswith(b"code,name,")
