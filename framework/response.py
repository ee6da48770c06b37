"""A response: status, header fields and a body, called as a WSGI application."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from framework.conditional import OK, etag_of, evaluate
from framework.cookies import make_cookie
from framework.errors import PHRASES, UnsafeRedirect
from framework.headers import Headers
from framework.security import stays_on_this_host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from framework.headers import Field

STATUS_LINES = {code: f"{code} {phrase}" for code, phrase in PHRASES.items()}
TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"
JSON = "application/json"
_URL = "!#$%&'()*+,/:;=?@[]-._~"  # RFC 3986 §2: what an address may hold as it is; escapes are kept
_STATUSES = range(100, 1000)  # RFC 9110 §15: three digits; servers know what to do with those above 599
_BODILESS = frozenset({204, 304})  # RFC 9110 §6.4.1


class Defaults:
    """Hold the fields that an application adds to each response that has none of the same name.

    ``by_name`` has them under their names in lower case. Most responses say their content type and nothing else:
    what is sent with those is joined once, in ``with_type``.
    """

    __slots__ = ("by_name", "with_type")

    def __init__(self, by_name: Mapping[str, Field]) -> None:
        self.by_name = by_name
        self.with_type: dict[str | None, tuple[Field, ...]] = {None: tuple(by_name.values())}
        for kind in (TEXT, HTML, JSON):
            self.with_type[kind] = tuple({**by_name, "content-type": ("Content-Type", kind)}.values())


_NO_DEFAULTS = Defaults({})


class Response:
    """Hold what goes back.

    ``body`` is text, bytes, or an iterable of bytes that is streamed. Text is plain text unless ``content_type`` says
    otherwise; text that is marked as safe HTML (``markupsafe.Markup``) is HTML.
    """

    def __init__(
        self,
        body: str | bytes | Iterable[bytes] = b"",
        status: int = 200,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        content_type: str | None = None,
    ) -> None:
        implied = None
        if isinstance(body, str):
            implied = TEXT if type(body) is str or not hasattr(body, "__html__") else HTML
            body = body.encode()
        elif not isinstance(body, bytes) and (isinstance(body, dict) or not hasattr(body, "__iter__")):
            raise TypeError(f"a body is text, bytes or an iterable of bytes, not {type(body).__name__}")
        if status != OK and status not in _STATUSES:
            raise ValueError(f"a status is a number such as 404, not {status!r}")
        self.body: bytes | Iterable[bytes] = body
        self.status = status
        self.tagged = False  # with an ETag, by which it may become a 304
        self._on_close: tuple[Callable[[], object], ...] = ()
        self._type = content_type or implied
        self._headers: Headers | None = None  # until somebody asks for them: most responses have but a type
        if headers or self._type not in _NO_DEFAULTS.with_type:
            self._headers = Headers(headers)
            if self._type and (content_type or "Content-Type" not in self._headers):
                self._headers["Content-Type"] = self._type

    def __repr__(self) -> str:
        return f"<Response {self.status}>"

    @property
    def headers(self) -> Headers:
        """Return the header fields, to be read and changed."""
        if self._headers is None:
            self._headers = Headers({"Content-Type": self._type} if self._type else None)
        return self._headers

    @property
    def text(self) -> str:
        """Return a body that is not streamed, as text."""
        if not isinstance(self.body, bytes):
            raise TypeError("a streamed body has no text")
        return self.body.decode()

    def set_cookie(self, name: str, value: str, **attributes: Any) -> None:
        """Set a cookie: HttpOnly and SameSite=Lax unless told otherwise (see ``cookies.make_cookie``)."""
        self.headers.add("Set-Cookie", make_cookie(name, value, **attributes))

    def delete_cookie(self, name: str, *, path: str = "/", domain: str | None = None) -> None:
        """Have the browser drop a cookie; path and domain must be those it was set with."""
        self.headers.add("Set-Cookie", make_cookie(name, "", max_age=0, path=path, domain=domain))

    def add_etag(self, tag: str | None = None) -> None:
        """Let clients ask whether their copy is still good: a 304 then takes the place of the body.

        ``tag`` names the state of the content, such as a version of the data; by default it is a hash of the body.
        """
        if tag is not None:
            self.headers["ETag"] = f'"{tag}"'
        elif isinstance(self.body, bytes):
            self.headers["ETag"] = etag_of(self.body)
        self.tagged = True

    def _revalidate(self, environ: Mapping[str, Any]) -> None:
        """Become a 304 or 412 if that is what the preconditions of a GET or HEAD ask for."""
        etag = self.headers.get("ETag")
        if etag and self.status == OK and environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
            self.status = evaluate(environ, etag)
            if self.status != OK:
                _close(self.body)
                self.body = b""

    def on_close(self, callback: Callable[[], object]) -> None:
        """Call ``callback`` when the response has been sent, or given up."""
        self._on_close = (*self._on_close, callback)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Send the response as a WSGI application."""
        return self.send(environ, start_response, _NO_DEFAULTS)

    def send(self, environ: dict[str, Any], start_response: Callable[..., Any], defaults: Defaults) -> Iterable[bytes]:
        """Send the response: no body where the method or the status forbids one, and cookies secure on https."""
        if self.tagged:
            self._revalidate(environ)
        body, status, headers = self.body, self.status, self._headers
        if headers is None:
            fields = [*defaults.with_type[self._type]]
        else:
            if headers.cookies and environ["wsgi.url_scheme"] == "https":
                headers.secure_cookies()
            fields = [*{**defaults.by_name, **headers.by_name}.values(), *headers.cookies]
        if isinstance(body, bytes):
            fields.append(("Content-Length", str(len(body))))
            items: Iterable[bytes] = (body,)
        else:
            items = body
        bodiless = status in _BODILESS
        if bodiless:
            fields = [field for field in fields if field[0].lower() not in {"content-type", "content-length"}]
        start_response(STATUS_LINES.get(status) or f"{status} Unknown", fields)
        if bodiless or environ["REQUEST_METHOD"] == "HEAD":
            _close(body)
            items = ()
        return _Closing(items, self._on_close) if self._on_close else items


class _Closing:
    """Run callbacks when the server closes the body."""

    def __init__(self, body: Iterable[bytes], callbacks: Iterable[Callable[[], object]]) -> None:
        self._body = body
        self._callbacks = callbacks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        _close(self._body)
        for callback in self._callbacks:
            callback()


def _close(body: object) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return ``value`` as JSON."""
    body = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(body, status, headers, JSON)


def redirect(url: str, status: int = 303, *, external: bool = False) -> Response:
    """Send the client to another address; 303 makes it GET that.

    Only paths and references on this host are taken, so that a ``?next=…`` from the outside cannot lead visitors away:
    anything else raises UnsafeRedirect unless ``external`` is true. The application answers that with 400 if the client
    sent the address; ``request.query.location("next", "/")`` reads one that is safe.
    """
    if not external and not stays_on_this_host(url):
        raise UnsafeRedirect(url)
    return Response(status=status, headers={"Location": quote(url, safe=_URL)})


def as_response(value: Any) -> Response:
    """Turn what a handler returned into a response: text, bytes, a dict or list (as JSON), or a Response itself."""
    if isinstance(value, (str, bytes)):
        return Response(value)
    if isinstance(value, Response):
        return value
    if isinstance(value, (dict, list)):
        return json_response(value)
    hint = f"; Response(text, {value[1]!r}) has a status" if isinstance(value, tuple) and value[1:] else ""
    raise TypeError(f"a handler returns a Response, text, bytes, a dict or a list, not {type(value).__name__}{hint}")
