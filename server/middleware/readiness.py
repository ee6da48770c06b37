"""Answer the readiness probe with 503 while the server drains, so that load balancers turn away before it goes."""

from collections.abc import Callable, Iterable
from typing import Any

from server.environ import Environ
from server.wsgi import WSGIApplication

_BODY = b"draining\n"


class Readiness:
    """Stand before `app` and answer `path`, unless it is "", with 503 while `is_draining()`; all else is `app`'s."""

    def __init__(self, app: WSGIApplication, path: str, is_draining: Callable[[], bool]) -> None:
        self._app = app
        self._path = path
        self._is_draining = is_draining

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        if not (self._path and environ["PATH_INFO"] == self._path and self._is_draining()):
            return self._app(environ, start_response)
        fields = [("Content-Type", "text/plain"), ("Content-Length", str(len(_BODY))), ("Cache-Control", "no-store")]
        start_response("503 Service Unavailable", fields)
        return [_BODY]
