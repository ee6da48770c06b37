"""Find out who the client is behind proxies, and believe only those proxies that are ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.middleware.wsgi import Networks, parse_address
from framework.security import FORWARDED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from framework.middleware.wsgi import Environ, StartResponse, WSGIApp

FIELDS = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED")
DEFAULT_PORTS = {"http": "80", "https": "443"}


class ProxyHeaders:
    """Set REMOTE_ADDR, ``wsgi.url_scheme`` and HTTP_HOST from what trusted proxies say.

    ``trusted`` is a list of networks (CIDR). The client is the last address in ``X-Forwarded-For`` that is no trusted
    proxy: what stands before it is hearsay. From any other peer the fields are removed, so that nobody behind this
    middleware believes them. ``Forwarded`` (RFC 7239) is always removed: one way is enough, and two may disagree.
    """

    def __init__(self, app: WSGIApp, *, trusted: Iterable[str]) -> None:
        self._app = app
        self._trusted = Networks(trusted)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a WSGI request."""
        said = addresses, scheme, host, _ = [environ.pop(key, "") for key in FIELDS]
        if any(said):
            environ[FORWARDED] = True
        if parse_address(environ.get("REMOTE_ADDR", "")) in self._trusted:
            environ["REMOTE_ADDR"] = self._client(addresses) or environ["REMOTE_ADDR"]
            scheme = _last(scheme).lower()
            if scheme in DEFAULT_PORTS:
                environ["wsgi.url_scheme"] = scheme
            if _last(host):
                environ["HTTP_HOST"] = _last(host)
        return self._app(environ, start_response)

    def _client(self, addresses: str) -> str:
        client = ""
        for text in reversed(addresses.split(",")):
            address = parse_address(text)
            if address is None:
                break
            client = str(address)
            if address not in self._trusted:
                break
        return client


def _last(values: str) -> str:
    """Return what the proxy next to us wrote: it appends, and those before it may be the client's invention."""
    return values.rpartition(",")[2].strip()
