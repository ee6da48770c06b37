from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url, select

from app.__main__ import main
from app.database import maintenance_engine
from app.tables import bars, market, stocks

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Row

DAY = date(2026, 11, 2)


def run(path: Path, *options: str) -> int:
    """Move the market of the database at `path`, without pauses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", f"sqlite:///{path}")
        return main(["simulate", "--interval", "0", "--day", DAY.isoformat(), *options])


def content(path: Path) -> tuple[list[Row[tuple[object, ...]]], list[Row[tuple[object, ...]]], int]:
    """Return all stocks, the bars of the day, and the version."""
    engine = maintenance_engine(make_url(f"sqlite:///{path}"))
    with engine.connect() as connection:
        found = (
            list(connection.execute(select(stocks).order_by(stocks.c.code))),
            list(connection.execute(select(bars).where(bars.c.day == DAY).order_by(bars.c.stock_id))),
            connection.execute(select(market.c.version)).scalar_one(),
        )
    engine.dispose()
    return found


def copies(seeded: Path, directory: Path, count: int) -> list[Path]:
    """Return so many copies of a database."""
    return [shutil.copy(seeded, directory / f"{number}.db") for number in range(count)]


def test_the_same_seed_the_same_way(seeded_file: Path, tmp_path: Path) -> None:
    """With one seed two markets go the same way, and with another they part."""
    one, two, other = copies(seeded_file, tmp_path, 3)
    assert run(one, "--seed", "7", "--ticks", "20") == 0
    assert run(two, "--seed", "7", "--ticks", "20") == 0
    assert run(other, "--seed", "8", "--ticks", "20") == 0
    assert content(one) == content(two) != content(other)


def test_the_market_moves(seeded_file: Path, tmp_path: Path) -> None:
    """Each tick is one version; quotes, bars and the line in the list tell the same, within the day's limit."""
    (path,) = copies(seeded_file, tmp_path, 1)
    before = {row.code: row for row in content(path)[0]}
    assert run(path, "--seed", "7", "--ticks", "60", "--share", "0.5") == 0
    after, day, version = content(path)
    bars_of = {bar.stock_id: bar for bar in day}
    assert version == next(iter(before.values())).version + 60
    moved = [row for row in after if row.version > before[row.code].version]
    assert len(moved) == len(day) == len(after)
    for row in moved:
        bar, old = bars_of[row.id], before[row.code]
        assert row.price == bar.close
        assert bar.open == old.price
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high <= row.previous_high
        assert row.volume == bar.volume > 0
        assert row.change_percent == ((row.price / old.price - 1) * 100).quantize(Decimal("0.01"))
        assert abs(row.change_percent) <= Decimal("10.5")
        assert row.recent.split(",") == [*old.recent.split(",")[1:], f"{row.price:.2f}"]
    assert any(row.change_percent > 0 for row in moved)
    assert any(row.change_percent < 0 for row in moved)


def test_a_day_goes_on(seeded_file: Path, tmp_path: Path) -> None:
    """A second run on the same day goes on with it: the open, the high and the volume of the first stay."""
    (path,) = copies(seeded_file, tmp_path, 1)
    run(path, "--seed", "1", "--ticks", "5", "--share", "1")
    first = content(path)[1]
    run(path, "--seed", "2", "--ticks", "5", "--share", "1")
    for earlier, later in zip(first, content(path)[1], strict=True):
        assert later.open == earlier.open
        assert later.high >= earlier.high
        assert later.low <= earlier.low
        assert later.volume > earlier.volume
    assert all(row.recent.count(",") == 29 for row in content(path)[0])


def test_without_stocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty market cannot move, and says what to do."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/minnow.db")
    assert main(["migrate"]) == 0
    assert main(["simulate", "--ticks", "1"]) == 1
    assert "python -m app seed" in capsys.readouterr().err
