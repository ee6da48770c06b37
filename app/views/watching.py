"""The visitor's watch list, and what is put on it, moved and taken off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import watchlist
from app.errors import AlreadyWatched, NotWatched
from app.views.back import back_to
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
        try:
            database.write(lambda c: watchlist.add(c, visitor, code))
        except AlreadyWatched as refusal:
            return settled(request, code, refusal)
        return pages.confirm(request, code, "watched", back(request, code), status=201)

    @app.post("/del/<code:[0-9]{6}>", name="delete")
    def delete(request: Request, code: str) -> Response:
        """Stop watching a stock: 303 or 200, 404 for an unknown code, 409 if it is not watched."""
        try:
            database.write(lambda c: watchlist.remove(c, visitor_of(request), code))
        except NotWatched as refusal:
            return settled(request, code, refusal)
        return pages.confirm(request, code, "unwatched", back(request, code))

    def settled(request: Request, code: str, refusal: AlreadyWatched | NotWatched) -> Response:
        """Tell that all is as it was to be: a button pressed twice is no error to the person who pressed it."""
        if not pages.wants_page(request):
            raise refusal
        return pages.confirm(request, code, refusal.key, back(request, code))

    def back(request: Request, code: str) -> str:
        """Return where a browser goes next: to the stock's row, on the page where the button was."""
        path = back_to(request, app.url_for("center"))
        return path if path == app.url_for("stock", code=code) else f"{path.partition('#')[0]}#s{code}"
