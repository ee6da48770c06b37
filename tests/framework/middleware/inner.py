"""A small WSGI application to wrap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from wsgiref.validate import validator

from framework.testing import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def show(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with who asks for what, line by line."""
    keys = ("REMOTE_ADDR", "wsgi.url_scheme", "HTTP_HOST", "SCRIPT_NAME", "PATH_INFO", "framework.request_id")
    body = "".join(f"{key}={environ.get(key, '')}\n" for key in keys).encode("latin-1")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def text(body: str) -> Callable[..., Iterable[bytes]]:
    """Return an application that answers a text."""

    def application(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
        return [body.encode()]

    return application


def seen(application: Any, url: str = "/", **options: Any) -> dict[str, str]:
    """Return what ``show`` saw of a request; the validator stands on both sides of the middleware."""
    answer = Client(validator(application)).get(url, **options)
    return dict(line.partition("=")[::2] for line in answer.text.splitlines())
