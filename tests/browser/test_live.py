"""Prices that move while pages are open."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlalchemy import Connection, make_url, update

from app import quotes
from app.config import DatabaseConfig
from app.database import Database
from app.tables import stocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Route

    from tests.browser.visit import Visit

CODE = "000482"


@pytest.fixture
def trade(site_directory: Path, site_url: str) -> Iterator[Callable[[str, str], None]]:
    """Return a function that sets the price and change of a stock, as an import in another process would."""
    assert site_url
    database = Database(DatabaseConfig(make_url(f"sqlite:///{site_directory}/minnow.db")))

    def set_quote(price: str, change: str) -> None:
        def work(connection: Connection) -> None:
            values = {"price": Decimal(price), "change_percent": Decimal(change), "version": quotes.advance(connection)}
            connection.execute(update(stocks).where(stocks.c.code == CODE).values(values))

        database.write(work)

    yield set_quote
    database.close()


@pytest.mark.parametrize("path", ["/index.html", f"/stock/{CODE}.html", "/center.html"])
def test_prices_move(visit: Callable[..., Visit], trade: Callable[[str, str], None], path: str) -> None:
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


def test_nothing_is_missed(visit: Callable[..., Visit], trade: Callable[[str, str], None]) -> None:
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
