"""Stocks put on the visitor's watch list, and taken off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import watchlist
from app.errors import AlreadyWatched, NotWatched
from app.views.back import back_to_row
from app.visitors import named_visitor, visitor_of

if TYPE_CHECKING:
    from app.database import Database
    from app.pages import Pages
    from framework import App, Request, Response


def register(app: App, database: Database, pages: Pages) -> None:
    """Add `POST /add/CODE.html` and `POST /del/CODE.html`."""

    @app.post("/add/<code:[0-9]{6}>")
    def add(request: Request, code: str) -> Response:
        """Watch a stock: 303 or 201, 404 for an unknown code, 409 if it is watched already."""
        visitor = named_visitor(request)
        try:
            database.write(lambda c: watchlist.add(c, visitor, code))
        except AlreadyWatched as refusal:
            return settled(request, code, refusal)
        return pages.confirm(request, code, "watched", back_to_row(request, code), status=201)

    @app.post("/del/<code:[0-9]{6}>", name="delete")
    def delete(request: Request, code: str) -> Response:
        """Stop watching a stock: 303 or 200, 404 for an unknown code, 409 if it is not watched."""
        try:
            database.write(lambda c: watchlist.remove(c, visitor_of(request), code))
        except NotWatched as refusal:
            return settled(request, code, refusal)
        return pages.confirm(request, code, "unwatched", back_to_row(request, code))

    def settled(request: Request, code: str, refusal: AlreadyWatched | NotWatched) -> Response:
        """Tell that all is as it was to be: a button pressed twice is no error to the person who pressed it."""
        if not pages.wants_page(request):
            raise refusal
        return pages.confirm(request, code, refusal.key, back_to_row(request, code))
