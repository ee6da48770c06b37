"""Give each request an id that is found again in logs and responses, here and in front."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from framework.middleware.wsgi import edit_fields
from framework.request_id import REQUEST_ID, new_request_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from framework.middleware.wsgi import Environ, StartResponse, WSGIApp

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}").fullmatch  # nothing that could forge a line of a log


class RequestId:
    """Put an id into the environ, where ``request.id`` finds it, and into the response as ``X-Request-ID``.

    The id that comes with the request is kept if ``keep`` is true, as it should be behind a proxy that sets it; ours is
    used if it comes with none or is no plain word.
    """

    def __init__(self, app: WSGIApp, *, keep: bool = False) -> None:
        self._app = app
        self._keep = keep

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a WSGI request."""
        given = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = given if self._keep and _ID(given) else new_request_id()
        environ[REQUEST_ID] = request_id
        field = ("X-Request-ID", request_id)
        return self._app(environ, edit_fields(start_response, lambda _, fields: [*fields, field]))
