"""What is the visitor's own on pages that are the same for all: marks and colours, and the note on a stock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import display, stocks, watchlist
from app.visitors import NOBODY, visitor_of
from framework import Response, json_response

if TYPE_CHECKING:
    from app.database import Database
    from framework import App, Request

PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Cookie"}


def register(app: App, database: Database) -> None:
    """Add `/marks.css` and `/mine/CODE.json`."""

    @app.get("/marks.css", suffix="")
    def marks(request: Request) -> Response:
        """Mark what the visitor watches, and set the colours that were chosen: as a style sheet, it needs no script."""
        visitor = visitor_of(request)
        watched = frozenset[str]()
        if visitor != NOBODY:
            watched = database.read(lambda c: watchlist.watched_codes(c, visitor))
        chosen = {name: display.choice(request, name) for name in ("rise", "theme")}
        response = app.render("marks.css", request, watched=sorted(watched), **chosen)
        response.headers["Content-Type"] = "text/css; charset=utf-8"
        for name, value in PRIVATE.items():
            response.headers[name] = value
        return response

    @app.get("/mine/<code:[0-9]{6}>.json", suffix="")
    def mine(request: Request, code: str) -> Response:
        """Give the visitor's note on a stock: null if it is not watched."""
        visitor = visitor_of(request)
        _, note = database.read(lambda c: (stocks.find(c, code), watchlist.note_of(c, visitor, code)))
        return json_response({"note": note}, headers=PRIVATE)
