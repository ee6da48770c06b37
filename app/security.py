"""Header fields that keep a page to itself: no inline code, no other host, no frame around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from framework import App, Request, Response

FIELDS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def register(app: App) -> None:
    """Set the fields on every response that has not chosen its own."""

    @app.after_request
    def harden(_request: Request, response: Response) -> Response:
        for name, value in FIELDS.items():
            if name not in response.headers:
                response.headers[name] = value
        return response
