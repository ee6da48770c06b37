"""Prices that move while pages are open."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlalchemy import Connection, make_url, select, update

from app import bars, quotes
from app.config import DatabaseConfig
from app.database import Database
from app.tables import stocks
from tests.browser.test_stock_page import INK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Route

    from tests.browser.visit import Visit

CODE = "000482"


@pytest.fixture
def trade(site_directory: Path, site_url: str) -> Iterator[Callable[..., None]]:
    """Return a function that sets the price and change of a stock, as an import in another process would."""
    assert site_url
    database = Database(DatabaseConfig(make_url(f"sqlite:///{site_directory}/minnow.db")))

    def set_quote(price: str, change: str, *bar: str) -> None:
        def work(connection: Connection) -> None:
            values = {"price": Decimal(price), "change_percent": Decimal(change), "version": quotes.advance(connection)}
            connection.execute(update(stocks).where(stocks.c.code == CODE).values(values))
            if bar:
                stock_id = connection.execute(select(stocks.c.id).where(stocks.c.code == CODE)).scalar_one()
                day, opening, high, low, volume = bar
                connection.execute(update(stocks).where(stocks.c.id == stock_id).values(volume=int(volume)))
                bars.store(connection, [(stock_id, day, opening, high, low, price, int(volume))])

        database.write(work)

    yield set_quote
    database.close()


@pytest.mark.parametrize("path", ["/index.html", f"/stock/{CODE}.html", "/center.html"])
def test_prices_move(visit: Callable[..., Visit], trade: Callable[..., None], path: str) -> None:
    """Two open pages show a new price, its sign and its colour without being asked, and stay where they were."""
    windows = [visit(), visit(390, "zh-CN", "dark")]
    for window in windows:
        window.watch(CODE)
        window.open(path)
    rounds = (
        ("1234.50", "2.50", "1,234.50", "+2.50%", "up"),
        ("1199.00", "-0.38", "1,199.00", "\N{MINUS SIGN}0.38%", "down"),
    )
    for price, change, shown, signed, direction in rounds:
        trade(price, change)
        for window in windows:
            row = window.page.locator(f"#s{CODE}")
            expect(row.locator(".price")).to_have_text(shown)
            expect(row.locator(".change")).to_have_text(signed)
            expect(row.locator(".change")).to_have_class(f"change {direction}")


def test_the_chart_goes_on(visit: Callable[..., Visit], trade: Callable[..., None]) -> None:
    """The last candle follows its day, and a new day begins a candle of its own; the line below follows the price."""
    window = visit()
    window.expected.append("willReadFrequently")
    window.open(f"/stock/{CODE}.html")
    legend = window.page.locator(".chart .legend")
    expect(legend).to_contain_text("2026-10-30")
    trade("8.00", "1.00", "2026-11-02", "7.90", "8.10", "7.50", "1200")
    expect(legend).to_have_text("2026-11-02  7.90 · 8.10 · 7.50 · 8.00  Volume 1,200")
    drawn = window.page.evaluate(INK)
    trade("3.00", "-4.00", "2026-11-02", "7.90", "8.10", "3.00", "2400")
    expect(legend).to_have_text("2026-11-02  7.90 · 8.10 · 3.00 · 3.00  Volume 2,400")
    window.page.wait_for_function(f"({INK})() !== {drawn}")
    high = window.page.locator("dd.high").inner_text()
    on = window.page.locator("dd.date").inner_text()
    below = f"{(1 - 3 / float(high.replace(',', ''))) * 100:.2f}%"
    expect(window.page.locator(".range p")).to_have_text(f"{below} below the previous high of {on}")
    expect(window.page.locator(".days tbody tr").first).not_to_contain_text("2026-11-02")  # told when it is over
    window.shoot("moved")


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_totals_move(visit: Callable[..., Visit], trade: Callable[..., None], locale: str) -> None:
    """What a watch list comes to follows the prices, and says what the server would say of them."""
    window = visit(locale=locale)
    window.watch(CODE, "000007", "000094")
    trade("10.00", "-1.00")
    window.open("/center.html")
    totals = window.page.locator(".totals")
    before = totals.inner_text()
    trade("20.00", "9.99")
    expect(totals).not_to_have_text(before, use_inner_text=True)
    expect(totals.locator(".below")).not_to_have_text("")
    moved = totals.inner_text()
    window.open("/center.html")
    assert totals.inner_text() == moved


def test_nothing_is_missed(visit: Callable[..., Visit], trade: Callable[..., None]) -> None:
    """A price that changed between the page and its stream is caught up with."""
    window = visit()
    page = window.page
    held: list[Route] = []
    page.route("**/static/live.js*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks its handlers
    page.goto(f"/stock/{CODE}.html", wait_until="commit")
    expect(page.locator(".last .price")).to_be_visible()
    trade("77.07", "1.00")
    expect(page.locator(".last .price")).not_to_have_text("77.07")
    held[0].continue_()
    expect(page.locator(".last .price")).to_have_text("77.07")
