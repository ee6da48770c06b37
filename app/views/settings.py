"""The switches of the frame: language, the colour of rising prices, light or dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import display
from app.views.back import back_to
from framework import redirect

if TYPE_CHECKING:
    from framework import App, Request, Response


def register(app: App) -> None:
    """Add `POST /settings.html`."""

    @app.post("/settings")
    def settings(request: Request) -> Response:
        """Keep what the form holds of `language`, `rise` and `theme` in cookies, and go back to the page."""
        response = redirect(back_to(request, app.url_for("index")))
        for name in display.CHOICES:
            if name in request.form:
                display.choose(request, response, name, request.form[name])
        return response
