"""The page of an error that the application does not answer itself.

Users learn the status, the message of an HTTPError, and a number to quote. Developers at this very machine see the
traceback, if the application was made with ``debug=True``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.errors import HTTPError
from framework.response import Response
from framework.security import from_this_machine

if TYPE_CHECKING:
    from framework.request import Request


def error_page(request: Request, error: Exception) -> Response:
    """Return the plain page of an error."""
    if isinstance(error, HTTPError):
        text = f"{error.status} {error.reason}\n" + (f"\n{error.message}\n" if error.message else "")
        return Response(text, error.status, error.headers)
    text = f"500 Internal Server Error\n\nThe error has been noted under {request.id}.\n"
    if request.app.debug and from_this_machine(request.environ):
        import traceback  # noqa: PLC0415 - slow, and production does not need it

        text += _circumstances(request) + "".join(traceback.format_exception(error))
    return Response(text, 500)


def _circumstances(request: Request) -> str:
    answered = f"{request.route} {request.path_values}" if request.route else "no route"
    query = f"?{request.environ.get('QUERY_STRING', '')}".rstrip("?")
    return f"\n{request.method} {request.raw_path}{query}\n{answered}\n\n"
