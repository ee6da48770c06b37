"""PEP 3333, "environ Variables": what a request becomes for the application."""

import sys
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from server.body import NO_INPUT
from server.http11.request import Request, Section

Environ = dict[str, Any]

SPOKEN_FOR: Final = "minnow.forwarded"
"""The key that tells that the request came with some of `FORWARDING_FIELDS`, whoever believes or removes them later."""
FORWARDING_FIELDS: Final = frozenset(
    {"HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT"}
    | {"HTTP_X_FORWARDED_PREFIX", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_PROTOCOL", "HTTP_X_FORWARDED_SCHEME"}
    | {"HTTP_X_FORWARDED_SSL", "HTTP_X_REAL_IP"}
)
"""What applications believe a proxy by."""


class Environs:
    """Makes the environs of one listener.

    Most of an environ is the listener's and the field section's, and sections repeat. So there is a template for each
    section, with places for the rest: a dict that need not grow is quicker to copy and to fill. Templates are kept for
    sections that are remembered themselves, and all dropped when there are too many.

    Args:
        server_name, server_port: where the listener is bound.
        multithread, multiprocess: what the concurrency model says of itself.
        file_wrapper: `wsgi.file_wrapper`.
    """

    ROOM: Final = 256

    def __init__(
        self,
        server_name: str,
        server_port: str,
        *,
        multithread: bool,
        multiprocess: bool,
        file_wrapper: Callable[..., Any],
    ) -> None:
        self.templates: dict[Section, Environ] = {}
        self._base: Environ = {
            "SERVER_NAME": server_name,
            "SERVER_PORT": server_port,
            "SERVER_SOFTWARE": "minnow",
            "GATEWAY_INTERFACE": "CGI/1.1",
            "REQUEST_METHOD": "",
            "SCRIPT_NAME": "",
            "PATH_INFO": "",
            "QUERY_STRING": "",
            "REQUEST_URI": "",
            "RAW_URI": "",
            "SERVER_PROTOCOL": "",
            "REMOTE_ADDR": "",
            "REMOTE_PORT": "",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": NO_INPUT,
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": multithread,
            "wsgi.multiprocess": multiprocess,
            "wsgi.run_once": False,
            "wsgi.file_wrapper": file_wrapper,
            "wsgi.early_hints": None,  # its place: the session puts in each response's own
        }

    def make(self, request: Request) -> Environ:
        """Return an environ for a request without a body; it has the client's address and the body still to come."""
        section = request.section
        template = self.templates.get(section)
        if template is None:
            template = self._template(request.version, section)
        environ = template.copy()
        path = request.path
        if "%" in path:  # PEP 3333: PATH_INFO is decoded octets, as Latin-1
            path = unquote_to_bytes(path).decode("latin-1")
        environ["REQUEST_METHOD"] = request.method
        environ["PATH_INFO"] = path
        environ["QUERY_STRING"] = request.query
        environ["REQUEST_URI"] = environ["RAW_URI"] = request.target
        if request.cookie is not None:
            environ["HTTP_COOKIE"] = request.cookie
        return environ

    def _template(self, version: str, section: Section) -> Environ:
        template = {**self._base, "SERVER_PROTOCOL": version, **section.fields}
        if not FORWARDING_FIELDS.isdisjoint(section.fields):
            template[SPOKEN_FOR] = True
        if section.repeats:
            if len(self.templates) >= self.ROOM:
                self.templates.clear()
            self.templates[section] = template
        return template
