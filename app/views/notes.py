"""The note on a watched stock: its form, and the two ways to save it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import stocks, watchlist
from app.errors import NoteMissing, NotWatched, Refusal, Unavailable, UnknownStock
from app.tables import NOTE_LIMIT
from app.visitors import visitor_of

if TYPE_CHECKING:
    from app.database import Database
    from app.pages import Pages
    from framework import App, Request, Response


def register(app: App, database: Database, pages: Pages) -> None:
    """Add `GET` and `POST /update/CODE.html`, and `POST /update/CODE/NOTE.html`."""
    notes = Notes(app, database, pages)

    @app.get("/update/<code:[0-9]{6}>")
    def update(request: Request, code: str) -> Response:
        """Show the form with the note as it is."""
        return notes.form(request, code)

    @app.post("/update/<code:[0-9]{6}>", name="save_note")
    def save_note(request: Request, code: str) -> Response:
        """Save the form's note; one that cannot be saved comes back in the form, whole, with the reason."""
        if "note" not in request.form:
            raise NoteMissing
        note = request.form["note"]
        try:
            return notes.save(request, code, note)
        except Refusal as refusal:
            if isinstance(refusal, UnknownStock) or not pages.wants_page(request):
                raise
            return notes.give_back(request, code, note, refusal)

    @app.post("/update/<code:[0-9]{6}>/<note>", name="save_note_in_path")
    def save_note_in_path(request: Request, code: str, note: str) -> Response:
        """Save a note that came percent-coded in the path; a slash in it is `%2F`."""
        return notes.save(request, code, note)


class Notes:
    """What the routes share."""

    def __init__(self, app: App, database: Database, pages: Pages) -> None:
        self._app = app
        self._database = database
        self._pages = pages

    def form(self, request: Request, code: str) -> Response:
        """Return the form with the saved note; raises UnknownStock, NotWatched."""
        visitor = visitor_of(request)
        stock, note = self._database.read(lambda c: (stocks.find(c, code), watchlist.note_of(c, visitor, code)))
        if note is None:
            raise NotWatched
        return self._render(request, code, stock.name, note)

    def give_back(self, request: Request, code: str, text: str, refusal: Refusal) -> Response:
        """Return the form with a text that was not saved. It needs no database: that may be why it was not."""
        try:
            name = self._database.read(lambda c: stocks.find(c, code)).name
        except Unavailable as away:
            name, refusal = code, away
        return self._render(request, code, name, text, refusal)

    def _render(self, request: Request, code: str, name: str, text: str, refusal: Refusal | None = None) -> Response:
        response = self._pages.render(
            request,
            "update.html",
            status=refusal.code if refusal else 200,
            code=code,
            name=name,
            note=text,
            limit=NOTE_LIMIT,
            refused=refusal.key if refusal else "",
        )
        for field, value in (refusal.fields if refusal else {}).items():
            response.headers[field] = value
        return response

    def save(self, request: Request, code: str, text: str) -> Response:
        """Save the note and tell so; raises a Refusal."""
        note = watchlist.checked_note(text)
        visitor = visitor_of(request)
        self._database.write(lambda c: watchlist.save_note(c, visitor, code, note))
        return self._pages.confirm(request, code, "note_saved", f"{self._app.url_for('center')}#s{code}")
