"""The visitor's watch list, and what is put on it and taken off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import watchlist
from app.visitors import named_visitor, visitor_of

if TYPE_CHECKING:
    from app.database import Database
    from app.pages import Pages
    from framework import App, Request, Response


def register(app: App, database: Database, pages: Pages) -> None:
    """Add `/center.html`, `POST /add/CODE.html` and `POST /del/CODE.html`."""

    @app.get("/center")
    def center(request: Request) -> Response:
        """Show what the visitor watches."""
        entries = database.read(lambda c: watchlist.entries(c, visitor_of(request)))
        return pages.render(request, "center.html", entries=entries)

    @app.post("/add/<code:[0-9]{6}>")
    def add(request: Request, code: str) -> Response:
        """Watch a stock: 303 or 201, 404 for an unknown code, 409 if it is watched already."""
        visitor = named_visitor(request)
        database.write(lambda c: watchlist.add(c, visitor, code))
        return pages.confirm(request, code, "watched", _back(app, request, code), status=201)

    @app.post("/del/<code:[0-9]{6}>", name="delete")
    def delete(request: Request, code: str) -> Response:
        """Stop watching a stock: 303 or 200, 404 for an unknown code, 409 if it is not watched."""
        database.write(lambda c: watchlist.remove(c, visitor_of(request), code))
        return pages.confirm(request, code, "unwatched", _back(app, request, code))


def _back(app: App, request: Request, code: str) -> str:
    """Return where a browser goes next. The form names a page, never an address: no redirect leaves the site."""
    match request.form.get("back"):
        case "list":
            return f"{app.url_for('index')}#s{code}"
        case "stock":
            return app.url_for("stock", code=code)
        case _:
            return app.url_for("center")
