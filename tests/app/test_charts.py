from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from app.tables import bars, stocks

if TYPE_CHECKING:
    from tests.app.site import Site

PATH = "/bars/000007.json"


def test_bars(site: Site) -> None:
    """The chart gets the days of one stock, oldest first, a list a column."""
    answer = site.app.test_client().get(PATH).json
    stock = select(stocks.c.id).where(stocks.c.code == "000007").scalar_subquery()
    rows = site.database.read(
        lambda c: c.execute(select(bars).where(bars.c.stock_id == stock).order_by(bars.c.day)).all()
    )
    assert answer["day"] == [row.day.isoformat() for row in rows][-500:]
    for column in ("open", "high", "low", "close", "volume"):
        assert answer[column] == [float(getattr(row, column)) for row in rows][-500:]
    assert len(rows) > 100


def test_the_table_has_the_last_days(site: Site) -> None:
    """Without the chart the page tells the last days in figures, the latest first."""
    days = re.findall(
        r'<th scope="row"><time datetime="([0-9-]{10})">', site.app.test_client().get("/stock/000007.html").text
    )
    assert days == site.app.test_client().get(PATH).json["day"][:-31:-1]


def test_a_stock_without_bars(site: Site) -> None:
    """A stock whose days are not known has an empty chart and no table."""
    site.database.write(lambda c: c.execute(delete(bars)))
    client = site.app.test_client()
    assert client.get(PATH).json == {name: [] for name in ("day", "open", "high", "low", "close", "volume")}
    assert '<details class="days"' not in client.get("/stock/000007.html").text
