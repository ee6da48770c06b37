"""Pages for the developer: a traceback in the browser, to this machine only."""

import traceback
from collections.abc import Iterable, Iterator
from html import escape
from ipaddress import ip_address
from typing import Any

from server.console import log
from server.environ import SPOKEN_FOR, Environ
from server.errors import AppLoadError
from server.files import FileWrapper
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
        if not is_local(environ):
            return self._app(environ, start_response)
        asked = f"{environ['REQUEST_METHOD']} {environ['REQUEST_URI']}"  # now: the application may change its environ
        try:
            answer = self._app(environ, start_response)
        except Exception as error:  # noqa: BLE001 - whatever it is, its developer wants to see it
            return _traceback(error, asked, start_response)
        if isinstance(answer, (list, tuple, FileWrapper)):
            return answer  # what can fail has been done
        return _watched(answer, asked, start_response)


def _watched(answer: Iterable[bytes], asked: str, start_response: Any) -> Iterator[bytes]:
    """Pass on an iterable; one that fails before its first block has left becomes a page, too."""
    try:
        yield from answer
    except Exception as error:  # noqa: BLE001 - as above
        yield from _traceback(error, asked, start_response)
    finally:
        if hasattr(answer, "close"):
            answer.close()


def _traceback(error: Exception, asked: str, start_response: Any) -> Iterable[bytes]:
    """Answer with a traceback; raise `error` where it is too late for that (PEP 3333, "Error Handling")."""
    page = _page(
        lambda status, fields: start_response(status, fields, (type(error), error, error.__traceback__)),
        title=f"{type(error).__name__} in the application",
        trace="".join(traceback.format_exception(error)),
        hint="This page is shown because the server runs with --reload.",
    )
    log.error("error in %s", asked, exc_info=error)
    return page


def broken_app(error: AppLoadError) -> WSGIApplication:
    """Return an application that tells why the real one could not be loaded."""

    def app(environ: Environ, start_response: Any) -> Iterable[bytes]:
        local = is_local(environ)
        return _page(
            start_response,
            title="The application cannot be loaded",
            trace=f"{error.trace}{error}" if local else "",
            hint="Mend it and save: the server loads it anew." if local else "",
        )

    return app


def is_local(environ: Environ) -> bool:
    """Tell whether the client is on this machine: by loopback or a Unix socket, and by no proxy that speaks for others.

    A tunnel or a proxy on this machine connects from it, too, whoever is behind it. It gives itself away by what it
    says of its client, or of itself (RFC 9110 §7.6.3).
    """
    if SPOKEN_FOR in environ or "HTTP_VIA" in environ:
        return False
    if not environ["REMOTE_ADDR"]:
        return True
    address = ip_address(environ["REMOTE_ADDR"].partition("%")[0])
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback  # a dual-stack socket shows IPv4 as IPv6


def _page(start_response: Any, *, title: str, trace: str, hint: str) -> list[bytes]:
    body = _PAGE.format(title=escape(title), trace=escape(trace), hint=escape(hint)).encode()
    start_response(
        "500 Internal Server Error",
        [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))],
    )
    return [body]
