"""Pages for the developer: a traceback in the browser, to this machine only."""

import traceback
from collections.abc import Iterable, Iterator
from html import escape
from ipaddress import ip_address
from typing import Any

from server.console import log
from server.environ import Environ
from server.errors import AppLoadError
from server.wsgi import WSGIApplication

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:1rem/1.5 system-ui,sans-serif;margin:3rem auto;max-width:60rem;padding:0 1rem}}
pre{{background:#f4f1ea;border-left:4px solid #b3412c;overflow:auto;padding:1rem}}
@media(prefers-color-scheme:dark){{body{{background:#1c1b19;color:#e8e4db}}pre{{background:#2a2825}}}}</style>
<h1>{title}</h1>
<pre>{trace}</pre>
<p>{hint}</p>
</html>
"""


class DebugPages:
    """Answer an exception that the application lets out with its traceback, if the client is on this machine."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        try:
            return self._app(environ, start_response)
        except Exception as error:
            if not is_local(environ["REMOTE_ADDR"]):
                raise
            log.exception("error in %s %s", environ["REQUEST_METHOD"], environ["PATH_INFO"])
            return _page(
                start_response,
                title=f"{type(error).__name__} in the application",
                trace="".join(traceback.format_exception(error)),
                hint="This page is shown because the server runs with --reload.",
            )


def broken_app(error: AppLoadError) -> WSGIApplication:
    """Return an application that tells why the real one could not be loaded."""

    def app(environ: Environ, start_response: Any) -> Iterable[bytes]:
        local = is_local(environ["REMOTE_ADDR"])
        return _page(
            start_response,
            title="The application cannot be loaded",
            trace=f"{error.trace}{error}" if local else "",
            hint="Mend it and save: the server loads it anew." if local else "",
        )

    return app


def is_local(peer: str) -> bool:
    """Tell whether a peer's address is of this machine; "" is a peer on a Unix socket."""
    return not peer or ip_address(peer.partition("%")[0]).is_loopback


def _page(start_response: Any, *, title: str, trace: str, hint: str) -> Iterator[bytes]:
    body = _PAGE.format(title=escape(title), trace=escape(trace), hint=escape(hint)).encode()
    start_response(
        "500 Internal Server Error",
        [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))],
    )
    return iter([body])
