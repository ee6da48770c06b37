"""What goes wrong, on either side of the wire.

::

    RouteError          the application is written wrong: raised at definition, names the line to change
    HTTPError           the request cannot be answered as asked: carries the status, becomes a response
    UnsafeRedirect      a redirect would leave this host: 400 if the client sent its target, else our fault and a 500

An ``HTTPError``'s message is shown to the user, so write it for them. Any other exception becomes a bare 500.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping

PHRASES = {status.value: status.phrase for status in HTTPStatus}

ERRORS = range(400, 600)  # RFC 9110 §15: the two classes of statuses that are errors


class RouteError(Exception):
    """Tell the programmer which route is wrong, and how."""


class HTTPError(Exception):
    """End the request with an error status.

    ``message`` is for the user's eyes. ``headers`` go into the response, such as ``Retry-After`` or ``Allow``.
    """

    def __init__(self, status: int, message: str = "", headers: Mapping[str, str] | None = None) -> None:
        if status not in ERRORS:
            raise ValueError(f"HTTPError takes a status from 400 to 599, not {status!r}")
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})

    def __str__(self) -> str:
        return f"{self.status} {self.reason}" + (f": {self.message}" if self.message else "")

    @property
    def reason(self) -> str:
        """Return the status's own phrase, such as ``Not Found``."""
        return PHRASES.get(self.status, "Error")


class UnsafeRedirect(ValueError):
    """Tell that ``url`` may lead visitors to another host, and that nobody said it may."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{url!r} may leave this host, or names nothing; redirect(…, external=True) allows that")
        self.url = url


def abort(status: int, message: str = "", headers: Mapping[str, str] | None = None) -> NoReturn:
    """Stop here and answer with an error status; ``message`` is shown to the user."""
    raise HTTPError(status, message, headers)
