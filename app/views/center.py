"""The visitor's watch list: as a page, as a file, in the visitor's own order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app import quotes, watchlist
from app.csvfile import as_csv
from app.tables import NOTE_LIMIT
from app.views.back import back_to_row
from app.visitors import visitor_of
from framework import Response

if TYPE_CHECKING:
    from app.database import Database
    from app.pages import Pages
    from framework import App, Request

LAST_PLACE: Final = 1_000_000
CSV_FIELDS: Final = {
    "Content-Type": "text/csv; charset=utf-8",
    "Content-Disposition": 'attachment; filename="watch-list.csv"',
    "Cache-Control": "private, no-cache",
    "Vary": "Accept-Language, Cookie",
}


def register(app: App, database: Database, pages: Pages) -> None:
    """Add `/center.html`, `/center.csv` and `POST /move/CODE.html`."""

    @app.get("/center")
    def center(request: Request) -> Response:
        """Show what the visitor watches, and what it comes to."""
        visitor = visitor_of(request)
        version, entries = database.read(lambda c: (quotes.version(c), watchlist.entries(c, visitor)))
        totals = watchlist.totals(entries)
        return pages.render(request, "center.html", version=version, entries=entries, totals=totals, limit=NOTE_LIMIT)

    @app.get("/center.csv", name="export", suffix="")
    def export(request: Request) -> Response:
        """Give the watch list as a table for other programs."""
        entries = database.read(lambda c: watchlist.entries(c, visitor_of(request)))
        return Response(as_csv(entries, pages.translator(request)), headers=CSV_FIELDS)

    @app.post("/move/<code:[0-9]{6}>")
    def move(request: Request, code: str) -> Response:
        """Put a watched stock at the place that the form names: 303 or 200, 404 or 409 if it is not on the list."""
        place = request.form.int("place", min=1, max=LAST_PLACE)
        database.write(lambda c: watchlist.move(c, visitor_of(request), code, place))
        return pages.confirm(request, code, "moved", back_to_row(request, code))
