"""Hand requests to sub-applications by the beginning of their path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.middleware.wsgi import answer
from framework.paths import as_wsgi, raw_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from framework.middleware.wsgi import Environ, StartResponse, WSGIApp


class Dispatch:
    """Call the application that is mounted nearest above the path, else ``app``, else answer 404.

    A mounted application gets its mount point in SCRIPT_NAME and the rest in PATH_INFO, as PEP 3333 has it. Mount
    points are ``/segments`` without a slash at the end; the nearest one is the longest.
    """

    def __init__(self, app: WSGIApp | None, mounts: Mapping[str, WSGIApp]) -> None:
        for prefix in mounts:
            if not prefix.startswith("/") or prefix.endswith("/"):
                raise ValueError(f'a mount point begins with "/" and does not end with it, unlike {prefix!r}')
        self._app = app
        self._mounts = {prefix.encode().decode("latin-1"): mounted for prefix, mounted in mounts.items()}
        self._deepest = max((prefix.count("/") for prefix in mounts), default=0)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a WSGI request."""
        segments = raw_path(environ).split("/")
        for depth in range(min(self._deepest, len(segments) - 1), 0, -1):
            prefix = as_wsgi("/".join(segments[: depth + 1]).encode("latin-1"))
            mounted = self._mounts.get(prefix)
            if mounted is not None:
                rest = as_wsgi("".join(f"/{segment}" for segment in segments[depth + 1 :]).encode("latin-1"))
                moved = {"SCRIPT_NAME": environ.get("SCRIPT_NAME", "") + prefix, "PATH_INFO": rest}
                return mounted({**environ, **moved}, start_response)
        if self._app is None:
            return answer(start_response, "404 Not Found")
        return self._app(environ, start_response)
