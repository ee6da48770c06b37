"""Sessions kept in a signed cookie: the visitor can read them, and only we can write them.

The first secret key signs; all of them verify. To rotate, put a new key first, and drop the old one when ``LIFETIME``
has passed.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.request import Request
    from framework.response import Response

COOKIE = "session"
LIFETIME = 180 * 24 * 3600  # seconds without a visit after which a session ends
REFRESH = 24 * 3600  # seconds after which the cookie of a visitor who still comes is signed anew
_FLASHES = "_flashes"


class CookieSession(dict[str, Any]):
    """Hold what is remembered of a visitor: JSON values under string keys, 4 kB in all once signed."""

    def __init__(self, text: str = "{}", signed: float | None = None) -> None:
        super().__init__(json.loads(text))
        self.text = text  # as loaded: tells whether anything changed, however deep inside
        self.signed = signed  # seconds since the epoch, None for a new session

    def flash(self, message: str, category: str = "info") -> None:
        """Keep a message for the next page."""
        self.setdefault(_FLASHES, []).append([category, message])

    def flashes(self) -> list[tuple[str, str]]:
        """Return the kept messages as (category, message), and forget them."""
        return [(category, message) for category, message in self.pop(_FLASHES, [])]


class SessionStore:
    """Read sessions from requests and write them into responses."""

    def __init__(self, secret_keys: Sequence[str], cookie: str = COOKIE, lifetime: int = LIFETIME) -> None:
        from itsdangerous import BadSignature, TimestampSigner  # noqa: PLC0415 - only applications with keys pay for it

        self._cookie = cookie
        self._lifetime = lifetime
        oldest_first = list(reversed(secret_keys))
        self._signer = TimestampSigner(oldest_first, salt="framework.sessions", digest_method=_sha256)
        self._forged = BadSignature  # SignatureExpired is one of these

    def load(self, request: Request) -> CookieSession:
        """Return the visitor's session, empty if the cookie is missing, forged or too old."""
        cookie = request.cookies.get(self._cookie)
        if not cookie:
            return CookieSession()
        try:
            text, signed = self._signer.unsign(cookie, max_age=self._lifetime, return_timestamp=True)
        except self._forged:
            return CookieSession()
        return CookieSession(text.decode(), signed.timestamp())

    def save(self, session: CookieSession, response: Response) -> None:
        """Set the cookie if the session changed or its signature ages; delete it if the session is empty."""
        response.headers.vary("Cookie")
        text = json.dumps(session, separators=(",", ":"), sort_keys=True)
        if not session:
            if session.signed is not None:
                response.delete_cookie(self._cookie)
        elif text != session.text or time.time() - (session.signed or 0) > REFRESH:
            value = self._signer.sign(text).decode()
            response.set_cookie(self._cookie, value, max_age=self._lifetime)


def _sha256(data: bytes = b"") -> Any:
    import hashlib  # noqa: PLC0415 - pulls in OpenSSL

    return hashlib.sha256(data)
