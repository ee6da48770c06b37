"""The list of stocks, and the page of one with its daily bars: the same for all who ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import charts, quotes
from app.listing import Listing, Wanted, listing
from app.stocks import Stock, find

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from app.charts import Bar
    from app.database import Database
    from app.pages import Pages
    from framework import App, Request, Response

TABLE_BARS = 30  # days that the stock page tells in figures
CHART_BARS = 500  # days that the chart can show: two years of trading


def register(app: App, database: Database, pages: Pages) -> None:
    """Add `/`, `/index.html`, `/stock/CODE.html` and `/bars/CODE.json`."""

    @app.get("/", name="home")
    @app.get("/index")
    def index(request: Request) -> Response:
        """Show the stocks that the address asks for."""
        wanted = Wanted.from_query(request.query)

        found = database.read(lambda c: _list_or_version(c, wanted, request, pages))
        if isinstance(found, int):
            return pages.unchanged(request, found)
        return pages.public(request, "list.html", found.tally.version, listing=found)

    @app.get("/stock/<code:[0-9]{6}>")
    def stock(request: Request, code: str) -> Response:
        """Show one stock, and its last days in figures."""

        def look_up(connection: Connection) -> tuple[int, tuple[Stock, list[Bar]] | None]:
            version = quotes.version(connection)
            if pages.has_current(request, version):
                return version, None
            return version, (find(connection, code), charts.last_bars(connection, code, TABLE_BARS))

        version, found = database.read(look_up)
        if found is None:
            return pages.unchanged(request, version)
        return pages.public(request, "stock.html", version, stock=found[0], bars=found[1])

    @app.get("/bars/<code:[0-9]{6}>.json", suffix="")
    def bars(request: Request, code: str) -> Response:
        """Give the daily bars that the chart draws, oldest first."""

        def look_up(connection: Connection) -> tuple[int, list[Bar]]:
            version = quotes.version(connection)
            find(connection, code)
            return version, charts.last_bars(connection, code, CHART_BARS)

        version, found = database.read(look_up)
        return pages.public_json(request, charts.as_columns(found), version)


def _list_or_version(connection: Connection, wanted: Wanted, request: Request, pages: Pages) -> Listing | int:
    """Return the list, which brings its version along; the version alone for a caller whose copy is good."""
    if "If-None-Match" in request.headers:
        version = quotes.version(connection)
        if pages.has_current(request, version):
            return version
    return listing(connection, wanted)
