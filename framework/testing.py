"""A client that calls a WSGI application without a server, for tests."""

from __future__ import annotations

import json as json_module
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urljoin, urlsplit
from wsgiref.util import setup_testing_defaults

from framework.headers import Headers
from framework.paths import as_wsgi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 10
SENT = "!#$%&'()*+,/:;=?@[]-._~"  # what clients put on the wire as it is


def make_environ(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    form: Mapping[str, Any] | None = None,
    json: Any = None,
    environ: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the environ that a server would make of a request; ``environ`` replaces what is in it."""
    parts = urlsplit(url)
    path, query = quote(parts.path or "/", safe=SENT), quote(parts.query, safe=SENT)
    content_type = ""
    if form is not None:
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


class TestResponse:
    """Hold what an application answered."""

    __test__ = False  # pytest: not a test

    def __init__(self, status: str, fields: list[tuple[str, str]], body: bytes, url: str) -> None:
        self.status = int(status.split(maxsplit=1)[0])
        self.headers = Headers(fields)
        self.body = body
        self.url = url

    def __repr__(self) -> str:
        return f"<TestResponse {self.status} {self.url} {self.body[:60]!r}>"

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        return json_module.loads(self.body)


class Client:
    """Call a WSGI application as a browser would: cookies are kept, redirects followed on request."""

    def __init__(self, app: Callable[..., Iterable[bytes]], environ: Mapping[str, Any] | None = None) -> None:
        self.app = app
        self.environ = dict(environ or {})
        self.cookies: dict[str, str] = {}

    def get(self, url: str, **options: Any) -> TestResponse:
        """Send a GET request; the options are those of ``request``."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> TestResponse:
        """Send a POST request; the options are those of ``request``."""
        return self.request("POST", url, **options)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        form: Mapping[str, Any] | None = None,
        json: Any = None,
        follow: bool = False,
    ) -> TestResponse:
        """Send a request and read the whole answer; ``follow`` goes after redirects.

        The options for headers and body are those of ``make_environ``.
        """
        options: dict[str, Any] = {"headers": headers, "body": body, "form": form, "json": json}
        response = self._send(method, url, options)
        hops = MOST_REDIRECTS if follow else 0
        while hops and response.status in REDIRECTS and "Location" in response.headers:
            if response.status not in {307, 308}:  # RFC 9110 §15.4: those two keep method and body
                method, options = "GET", {"headers": headers}
            url = urljoin(url, response.headers["Location"])
            hops -= 1
            response = self._send(method, url, options)
        return response

    def _send(self, method: str, url: str, options: dict[str, Any]) -> TestResponse:
        environ = make_environ(method, url, **options, environ=self.environ)
        if self.cookies:
            environ["HTTP_COOKIE"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return self._call(environ)

    def _call(self, environ: dict[str, Any]) -> TestResponse:
        started: list[Any] = []
        written: list[bytes] = []

        def start_response(status: str, fields: list[tuple[str, str]], _exc_info: Any = None) -> Callable[..., object]:
            started[:] = [status, fields]
            return written.append

        result = self.app(environ, start_response)
        try:
            body = b"".join([*written, *result])
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        response = TestResponse(started[0], started[1], body, environ["REQUEST_URI"])
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
