"""The list of stocks, and the page of one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from app.formats import direction
from app.stocks import Stock, all_stocks, find
from app.visitors import NOBODY, visitor_of
from app.watchlist import note_of, watched_codes

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from app.database import Database
    from app.pages import Pages
    from framework import App, Request, Response


def register(app: App, database: Database, pages: Pages) -> None:
    """Add `/`, `/index.html` and `/stock/CODE.html`."""

    @app.get("/", name="home")
    @app.get("/index")
    def index(request: Request) -> Response:
        """Show every stock, and which of them the visitor watches."""
        visitor = visitor_of(request)

        def look_up(connection: Connection) -> tuple[list[Stock], frozenset[str]]:
            watched = watched_codes(connection, visitor) if visitor != NOBODY else frozenset()
            return all_stocks(connection), watched

        stocks, watched = database.read(look_up)
        tally = Counter(direction(stock.change) for stock in stocks)
        return pages.render(request, "list.html", stocks=stocks, watched=watched, tally=tally)

    @app.get("/stock/<code:[0-9]{6}>")
    def stock(request: Request, code: str) -> Response:
        """Show one stock, with the visitor's note if it is watched."""
        visitor = visitor_of(request)
        found, note = database.read(lambda c: (find(c, code), note_of(c, visitor, code)))
        return pages.render(request, "stock.html", stock=found, note=note)
