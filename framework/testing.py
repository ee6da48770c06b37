"""A client that calls a WSGI application, ours or anybody's, without a server."""

from __future__ import annotations

import json as json_module
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlencode, urljoin, urlsplit
from wsgiref.util import setup_testing_defaults

from framework.headers import Headers
from framework.paths import as_wsgi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    WSGIApp = Callable[..., Iterable[bytes]]

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 10
SENT = "!#$%&'()*+,/:;=?@[]-._~"  # what clients put on the wire as it is
BOUNDARY = "----minnow"


def make_environ(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    form: Mapping[str, Any] | None = None,
    files: Mapping[str, tuple[str, bytes]] | None = None,
    json: Any = None,
    environ: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the environ that a server would make of a request.

    The body is ``body``, or made of ``form``, of ``form`` and ``files`` (names with file name and content), or of
    ``json``. What ``environ`` holds replaces the rest.
    """
    parts = urlsplit(url)
    path, query = quote(parts.path or "/", safe=SENT), quote(parts.query, safe=SENT)
    content_type = ""
    if files is not None:
        body, content_type = _multipart(form or {}, files), f"multipart/form-data; boundary={BOUNDARY}"
    elif form is not None:
        body, content_type = urlencode(form, doseq=True).encode(), "application/x-www-form-urlencoded"
    elif json is not None:
        body, content_type = json_module.dumps(json).encode(), "application/json"
    made: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": as_wsgi(path.encode()),
        "QUERY_STRING": query,
        "REQUEST_URI": f"{path}?{query}" if query else path,
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": parts.netloc or "localhost",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)) if body else "",
        "wsgi.url_scheme": parts.scheme or "http",
        "wsgi.input": BytesIO(body),
    }
    for name, value in (headers or {}).items():
        key = name.upper().replace("-", "_")
        made[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    made.update(environ or {})
    setup_testing_defaults(made)
    return made


def _multipart(form: Mapping[str, Any], files: Mapping[str, tuple[str, bytes]]) -> bytes:
    parts = [(f'name="{name}"', str(value).encode()) for name, value in form.items()]
    parts += [(f'name="{name}"; filename="{file}"', content) for name, (file, content) in files.items()]
    lines = [
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {field}\r\n\r\n".encode() + content + b"\r\n"
        for field, content in parts
    ]
    return b"".join([*lines, f"--{BOUNDARY}--\r\n".encode()])


class TestResponse:
    """Hold what an application answers: iterate over it chunk by chunk, or ask for the whole body."""

    __test__ = False  # pytest: not a test

    def __init__(self, app: WSGIApp, environ: dict[str, Any]) -> None:
        self.url: str = environ["REQUEST_URI"]
        self._written: list[bytes] = []
        self._started: list[Any] = []
        self._result = app(environ, self._start)
        self._chunks = self._read()
        self._first = next(self._chunks, b"")  # PEP 3333: an application may take until now to start
        self.status = int(self._started[0].partition(" ")[0])
        self.headers = Headers(self._started[1])

    def __repr__(self) -> str:
        return f"<TestResponse {self.status} {self.url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[bytes]:
        yield self._first
        yield from self._chunks

    def _start(self, status: str, fields: list[tuple[str, str]], _exc_info: Any = None) -> Callable[..., object]:
        self._started = [status, fields]
        return self._written.append

    def _read(self) -> Iterator[bytes]:
        for chunk in self._result:
            yield b"".join([*self._written, chunk])
            self._written.clear()
        yield b"".join(self._written)

    def close(self) -> None:
        """End the response, as a server does when all is sent or the client has gone."""
        close = getattr(self._result, "close", None)
        if close is not None:
            close()

    @cached_property
    def body(self) -> bytes:
        """Return the whole body, and close the response."""
        with self:
            return b"".join(self)

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        return json_module.loads(self.body)


class Client:
    """Call a WSGI application as a browser would: cookies are kept, redirects followed on request.

    ``environ`` goes into every request. The options of all methods are those of ``make_environ``.
    """

    def __init__(self, app: WSGIApp, environ: Mapping[str, Any] | None = None) -> None:
        self.app = app
        self.environ = dict(environ or {})
        self.cookies: dict[str, str] = {}  # as they are sent: percent-coded

    def get(self, url: str, **options: Any) -> TestResponse:
        """Send a GET request."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> TestResponse:
        """Send a POST request."""
        return self.request("POST", url, **options)

    def request(self, method: str, url: str, *, follow: bool = False, **options: Any) -> TestResponse:
        """Send a request and read the whole answer; ``follow`` goes after redirects."""
        response = self._send(method, url, options)
        hops = MOST_REDIRECTS if follow else 0
        while hops and response.status in REDIRECTS and "Location" in response.headers:
            if response.status not in {307, 308}:  # RFC 9110 §15.4: those two keep method and body
                method, options = "GET", {"headers": options.get("headers")}
            url = urljoin(url, response.headers["Location"])
            hops -= 1
            response = self._send(method, url, options)
        return response

    def _send(self, method: str, url: str, options: dict[str, Any]) -> TestResponse:
        response = self.stream(method, url, **options)
        _ = response.body
        return response

    def stream(self, method: str, url: str, **options: Any) -> TestResponse:
        """Send a request and leave the body to be read: ``with client.stream("GET", "/events") as answer:``."""
        options["environ"] = {**self.environ, **options.get("environ", {})}
        environ = make_environ(method, url, **options)
        if self.cookies:
            environ["HTTP_COOKIE"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        response = TestResponse(self.app, environ)
        self._keep_cookies(response)
        return response

    def _keep_cookies(self, response: TestResponse) -> None:
        for cookie in response.headers.getlist("Set-Cookie"):
            pair, *attributes = cookie.split("; ")
            name, _, value = pair.partition("=")
            if "Max-Age=0" in attributes:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
