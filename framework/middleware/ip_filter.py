"""Let only some addresses in, or keep some out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.middleware.wsgi import Networks, answer, parse_address

if TYPE_CHECKING:
    from collections.abc import Iterable

    from framework.middleware.wsgi import Environ, StartResponse, WSGIApp


class IPFilter:
    """Answer 403 to clients that are denied, or not allowed while some are.

    Both are lists of networks (CIDR) or addresses; a denied address is out even if it is allowed too. A client without
    an address, as on a Unix socket, is in no network. Raises ValueError for what is no network.
    """

    def __init__(self, app: WSGIApp, *, allow: Iterable[str] = (), deny: Iterable[str] = ()) -> None:
        self._app = app
        self._allow = Networks(allow)
        self._deny = Networks(deny)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a WSGI request."""
        address = parse_address(environ.get("REMOTE_ADDR", ""))
        if address in self._deny or (self._allow and address not in self._allow):
            return answer(start_response, "403 Forbidden")
        return self._app(environ, start_response)
