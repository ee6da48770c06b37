"""Tell the browser's developer tools how long the application took."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from framework.middleware.wsgi import edit_fields

if TYPE_CHECKING:
    from collections.abc import Iterable

    from framework.middleware.wsgi import Environ, Fields, StartResponse, WSGIApp


class ServerTiming:
    """Add ``Server-Timing: app;dur=…``, the milliseconds from the call to the start of the response.

    Mind who may see it: times can tell secrets, such as whether a user exists.
    """

    def __init__(self, app: WSGIApp) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a WSGI request."""
        begin = perf_counter()

        def add(_status: str, fields: Fields) -> Fields:
            return [*fields, ("Server-Timing", f"app;dur={(perf_counter() - begin) * 1000:.1f}")]

        return self._app(environ, edit_fields(start_response, add))
