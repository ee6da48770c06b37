from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, make_url, select

from app import invention, migrations, sample
from app.database import maintenance_engine
from app.initials import initials_of
from app.tables import INITIALS_LIMIT, NAME_LIMIT, bars, market, stocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """Open an SQLite database with a schema and nothing in it."""
    engine = maintenance_engine(make_url(f"sqlite:///{tmp_path}/minnow.db"))
    with engine.begin() as connection:
        migrations.upgrade(connection)
        yield connection
    engine.dispose()


def test_sample_file() -> None:
    """The sample says what it is, fits the columns, and holds the cases that pages must show."""
    assert sample.SAMPLE_FILE.read_text(encoding="utf-8").startswith("# Sample data")
    rows = list(sample.sample_stocks())
    assert len({row.code for row in rows}) == len(rows) >= 100
    assert "000007" in {row.code for row in rows}
    assert max(len(row.name) for row in rows) == NAME_LIMIT
    assert all(row.previous_high >= row.price > 0 for row in rows)
    assert all(0 < len(row.initials) <= INITIALS_LIMIT for row in rows)
    assert all(row.initials == row.initials.upper() and row.initials.isalnum() for row in rows)
    assert {row.change_percent > 0 for row in rows} == {True, False}
    assert any(row.change_percent == 0 for row in rows)


def test_quotes_follow_from_bars(connection: Connection) -> None:
    """The invented bars lead to exactly the figures of the sample: price, change, high and its day."""
    sample.seed(connection)
    rows = {row.code: row for row in connection.execute(select(stocks))}
    for stock in sample.sample_stocks():
        row = rows[stock.code]
        assert {**stock._asdict(), **{name: row._mapping[name] for name in stock._fields}} == stock._asdict()
        assert row.recent.count(",") == 29
        assert row.recent.endswith(f",{stock.price:.2f}")
        assert row.version == connection.execute(select(market.c.version)).scalar_one() == 1


def test_bars_are_bars(connection: Connection) -> None:
    """Each of a year's bars has its low at the bottom, its high on top, shares traded, and a weekday."""
    sample.seed(connection)
    found = connection.execute(select(bars)).all()
    assert len(found) == 124 * invention.DAYS
    for bar in found:
        assert Decimal(0) < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert bar.volume > 0
        assert bar.day.weekday() < 5
    assert max(bar.day for bar in found) == invention.LAST_DAY


def test_stocks_without_bars_get_them(connection: Connection) -> None:
    """A row that an older version seeded gets its initials and bars, and keeps its identity."""
    sample.seed(connection)
    before = connection.execute(select(stocks).order_by(stocks.c.id)).all()
    connection.execute(bars.delete())
    connection.execute(stocks.update().values(initials="", recent=""))
    assert sample.seed(connection) == (124, 0)
    after = connection.execute(select(stocks).order_by(stocks.c.id)).all()
    assert [row[:-1] for row in after] == [row[:-1] for row in before]


def test_the_whole_market() -> None:
    """As many stocks as there are in China: always the same, each with a code and a name of its own."""
    stocks_ = sample.whole_sample(5500)
    assert len(stocks_) == 5500
    assert len({stock.code for stock in stocks_}) == len({stock.name for stock in stocks_}) == 5500
    assert stocks_ == sample.whole_sample(5500)
    assert all(len(stock.name) <= NAME_LIMIT and len(stock.code) == 6 for stock in stocks_)
    assert all(len(stock.initials) == 4 for stock in stocks_[124:])
    assert all(stock.previous_high >= stock.price for stock in stocks_)
    assert len(sample.whole_sample(invention.MOST)) == invention.MOST


def test_seeding_more(connection: Connection) -> None:
    """A second seed with a greater number adds the difference."""
    assert sample.seed(connection) == (124, 0)
    assert sample.seed(connection, 130) == (6, 124)
    assert connection.execute(select(func.count()).select_from(stocks)).scalar_one() == 130


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("小鱼股份", "XYGF"),
        ("ST漏网", "STLW"),
        ("*ST 长江a", "STCJA"),
        ("渔火银行", "YHYH"),
        ("重庆啤酒", "CQPJ"),
        ("啊座", "AZ"),
        ("鱼鳑", "Y"),
        ("荇菜", "C"),
        ("", ""),
    ],
)
def test_initials(name: str, initials: str) -> None:
    """Initials come from where GB 2312 puts a character; a rare character has none."""
    assert initials_of(name) == initials
