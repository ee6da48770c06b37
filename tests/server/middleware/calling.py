"""Call a WSGI application as a server would, under `wsgiref.validate`."""

import io
from collections.abc import Mapping
from typing import Any, NamedTuple
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from server.environ import FORWARDING_FIELDS, SPOKEN_FOR
from server.files import FileWrapper
from server.wsgi import Environ, WSGIApplication


class Answer(NamedTuple):
    """A response, collected."""

    status: int
    fields: dict[str, str]
    body: bytes


def environ_of(path: str = "/", method: str = "GET", **more: Any) -> Environ:
    """Return an environ such as the server makes."""
    raw, _, query = path.partition("?")
    made: Environ = {
        "PATH_INFO": raw,
        "QUERY_STRING": query,
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "REQUEST_URI": path,
    }
    setup_testing_defaults(made)
    made.update({"REMOTE_ADDR": "203.0.113.9", "REMOTE_PORT": "4711", "HTTP_HOST": "site.example"})
    made.update({"wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(), "wsgi.file_wrapper": FileWrapper})
    made.update(more)
    return made if FORWARDING_FIELDS.isdisjoint(made) else {**made, SPOKEN_FOR: True}


def call(app: WSGIApplication, environ: Environ) -> Answer:
    """Call the application; the validator raises AssertionError where PEP 3333 is broken."""
    seen: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, fields: list[tuple[str, str]], _exc_info: object = None) -> Any:
        seen.append((status, fields))
        return lambda _data: None

    app_iter: Any = validator(app)(environ, start_response)  # type: ignore[arg-type]  # typeshed wants its own protocol
    try:
        body = b"".join(app_iter)
    finally:
        app_iter.close()
    status, fields = seen[0]
    length = dict(fields).get("Content-Length")
    if length is not None and environ["REQUEST_METHOD"] != "HEAD":
        body = body[: int(length)]  # of a file wrapper a server sends no more than this
    return Answer(int(status[:3]), dict(fields), body)


def echo(kept: dict[str, Any], names: Mapping[str, Any] | None = None) -> WSGIApplication:
    """Return an application that keeps the environ it is given in `kept`."""

    def app(environ: Environ, start_response: Any) -> list[bytes]:
        kept.update({name: environ.get(name) for name in names} if names is not None else environ)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"the application"]

    return app
