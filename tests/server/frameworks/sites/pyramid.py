"""A Pyramid application."""

import io
from collections.abc import Iterator

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import FileIter, Response
from pyramid.session import SignedCookieSessionFactory


def index(request: Request) -> Response:
    """Count the visits in a cookie."""
    request.session["visits"] = request.session.get("visits", 0) + 1
    return Response(f"visit {request.session['visits']}")


def hello(request: Request) -> Response:
    """Greet, as the query asks."""
    return Response(f"{request.params.get('greeting', 'hello')} {request.matchdict['name']}")


def form(request: Request) -> Response:
    """Tell what a form or a file holds."""
    if "upload" in request.POST:
        return Response(str(len(request.POST["upload"].file.read())))
    return Response(request.POST["note"])


def stream(request: Request) -> Response:
    """Stream lines."""

    def lines() -> Iterator[bytes]:
        for number in range(3):
            yield f"{request.params['word']} {number}\n".encode()

    return Response(app_iter=lines())


def file(request: Request) -> Response:
    """Send a file by the server's file wrapper."""
    wrapper = request.environ.get("wsgi.file_wrapper", FileIter)
    return Response(app_iter=wrapper(io.BytesIO(b"file" * 1000)))


def boom(_request: Request) -> Response:
    """Fail."""
    raise RuntimeError("boom")


with Configurator(session_factory=SignedCookieSessionFactory("only for the tests")) as config:
    for view, pattern in (
        *((index, "/"), (hello, "/hello/{name}"), (form, "/form")),
        *((stream, "/stream"), (file, "/file"), (boom, "/boom")),
    ):
        config.add_route(view.__name__, pattern)
        config.add_view(view, route_name=view.__name__)
    app = config.make_wsgi_app()
