"""What a caller sees when a request was not granted, whoever refused it: the site, the framework or a fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.errors import Refusal
from framework import HTTPError

if TYPE_CHECKING:
    from app.pages import Pages
    from framework import App, Request, Response

REASONS: Final = {
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
}


def register(app: App, pages: Pages) -> None:
    """Add the error handlers."""

    @app.errorhandler(HTTPError)
    def not_granted(request: Request, error: HTTPError) -> Response:
        reason = error.key if isinstance(error, Refusal) else REASONS.get(error.status, "bad_request")
        return pages.refuse(request, error.status, reason, error.headers)

    @app.errorhandler(Exception)
    def failed(request: Request, _error: Exception) -> Response:
        """Say that it was our fault; the framework has logged what it was."""
        return pages.refuse(request, 500, "internal", {})
