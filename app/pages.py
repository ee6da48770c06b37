"""How the site answers: pages in the reader's language, and outcomes in the form the caller asked for.

An outcome (a stock watched, a note refused) has three forms. A browser, whose Accept names text/html, is sent on
to a page (303) that shows the message, or gets an error page. A caller that prefers application/json gets an object;
anyone else, curl's `*/*` included, one line of text. The status of a refusal is the same in all three.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app import formats
from app.i18n import LANGUAGES, Translator, load_translators
from framework import Request, Response, redirect
from framework.negotiation import parse_preferences
from framework.response import json_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework import App

FILTERS: Final = {
    "direction": formats.direction,
    "money": formats.money,
    "percent": formats.percent,
    "signed_percent": formats.signed_percent,
}
FORMS: Final = {"text/html": "html", "application/xhtml+xml": "html", "application/json": "json", "text/plain": "text"}


class Pages:
    """Renders templates and tells outcomes."""

    def __init__(self, app: App) -> None:
        self._app = app
        app.jinja.filters.update(FILTERS)
        self._translators = load_translators()

    def translator(self, request: Request) -> Translator:
        """Return the catalogue in the language that the request's Accept-Language likes best."""
        return self._translators[request.best_language(LANGUAGES)]

    def render(self, request: Request, template: str, status: int = 200, **context: object) -> Response:
        """Return the page, with the messages that the request before it left, shown once."""
        t = self.translator(request)
        messages = [t(key) for _, key in request.session.flashes()]
        response = self._app.render(template, request, t=t, messages=messages, **context)
        response.status = status
        return _labelled(response, t.language)

    def wants_page(self, request: Request) -> bool:
        """Tell whether the caller is a browser that a person sits before."""
        return _wanted(request) == "html"

    def confirm(self, request: Request, code: str, outcome: str, back: str, status: int = 200) -> Response:
        """Tell that a change was made: 303 to `back` for a browser, `status` for other callers."""
        if _wanted(request) == "html":
            request.session.flash(outcome)
            return redirect(back, status=303)
        return self._tell(request, status, outcome, {"code": code, "outcome": outcome})

    def refuse(self, request: Request, status: int, reason: str, headers: Mapping[str, str]) -> Response:
        """Tell that the request was not granted, and why; `headers` go into the response."""
        if _wanted(request) == "html":
            message = self.translator(request)(reason)
            response = self.render(request, "error.html", status, code=status, message=message)
        else:
            response = self._tell(request, status, reason, {"error": reason})
        for name, value in headers.items():
            response.headers[name] = value
        return response

    def _tell(self, request: Request, status: int, key: str, fields: Mapping[str, str]) -> Response:
        t = self.translator(request)
        if _wanted(request) == "json":
            response = json_response({**fields, "status": status, "message": t(key)}, status)
        else:
            response = Response(f"{t(key)}\n", status)
        return _labelled(response, t.language)


def _wanted(request: Request) -> str:
    """Return `html`, `json` or `text`: the form that Accept names and likes best, else text."""
    wishes = parse_preferences(request.headers.get("Accept"))
    return next((FORMS[kind] for kind, weight in wishes if weight and kind in FORMS), "text")


def _labelled(response: Response, language: str) -> Response:
    """Say what the answer depends on: no cache may hand one visitor's page to another."""
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept, Accept-Language, Cookie"
    response.headers["Cache-Control"] = "private, no-cache"
    return response
