"""Cross-site request forgery: unsafe requests from other origins are refused, without tokens.

A browser says where a request comes from: in ``Sec-Fetch-Site`` on secure origins, else in ``Origin``. A client that
sends neither is no browser, so there are no ambient cookies to abuse, and it passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.errors import HTTPError

if TYPE_CHECKING:
    from collections.abc import Container

    from framework.request import Request

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110 §9.2.1


def check_origin(request: Request, trusted: Container[str] = ()) -> None:
    """Raise HTTPError 403 if a request was sent by a page of another origin.

    ``trusted`` holds origins such as ``https://admin.example.com`` that may. Without ``Sec-Fetch-Site`` the host is
    compared and not the scheme, which a proxy in front may have changed.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if origin and origin in trusted:
        return
    allowed = site in {"same-origin", "none"} if site else not origin or _host(origin) == request.host.lower()
    if not allowed:
        raise HTTPError(403, "This form was sent from another site.")


def _host(origin: str) -> str:
    return origin.partition("://")[2].lower()  # RFC 6454 §6.2: an origin has no path
