"""The request, as handlers see it. Everything is parsed when it is first asked for, and then kept."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from framework import negotiation
from framework.conditional import NOT_MODIFIED, evaluate
from framework.cookies import parse_cookies
from framework.errors import HTTPError
from framework.forms import parse_form, read_body
from framework.multidict import MultiDict, parse_pairs
from framework.paths import decode, raw_path
from framework.request_id import REQUEST_ID, new_request_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from framework.app import App
    from framework.forms import Upload
    from framework.groups import Hooks
    from framework.routing import Route
    from framework.sessions import CookieSession


class RequestHeaders:
    """Read the request's header fields by name, in any case."""

    __slots__ = ("_environ",)

    def __init__(self, environ: dict[str, Any]) -> None:
        self._environ = environ

    def get(self, name: str, default: str = "") -> str:
        """Return a field's value, or ``default``."""
        key = name.upper().replace("-", "_")
        if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:  # RFC 3875 §4.1 gives those no HTTP_
            key = f"HTTP_{key}"
        value: str = self._environ.get(key, default)
        return value

    def __contains__(self, name: str) -> bool:
        return bool(self.get(name))

    def __getitem__(self, name: str) -> str:
        if name not in self:
            raise HTTPError(400, f"Header field {name} is missing.")
        return self.get(name)

    def __iter__(self) -> Iterator[str]:
        for key in self._environ:
            if key.startswith("HTTP_"):
                yield key[5:].replace("_", "-").title()


class Request:
    """Wrap a WSGI environ. ``route`` and ``values``, those of its variables, are set once a route has matched."""

    route: Route | None = None
    values: tuple[Any, ...] = ()

    def __init__(self, environ: dict[str, Any], app: App) -> None:
        self.environ = environ
        self.app = app
        self.hooks: Hooks = app.hooks  # the route's, once one has matched
        self.method: str = environ["REQUEST_METHOD"]

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.raw_path}>"

    @property
    def path_values(self) -> dict[str, Any]:
        """Return the values of the route's variables by their names."""
        return dict(zip(self.route.names if self.route else (), self.values, strict=False))

    @cached_property
    def raw_path(self) -> str:
        """Return the path below the mount point, still percent-coded."""
        return raw_path(self.environ)

    @property
    def path(self) -> str:
        """Return the decoded path below the mount point, for show: here ``%2F`` cannot be told from a slash."""
        return decode(self.raw_path)

    @cached_property
    def query(self) -> MultiDict:
        """Return the fields of the query; names and values are decoded."""
        return MultiDict(parse_pairs(self.environ.get("QUERY_STRING", "")))

    @cached_property
    def headers(self) -> RequestHeaders:
        """Return the header fields."""
        return RequestHeaders(self.environ)

    @cached_property
    def cookies(self) -> dict[str, str]:
        """Return the cookies."""
        return parse_cookies(self.environ.get("HTTP_COOKIE", ""))

    @property
    def content_type(self) -> str:
        """Return the media type of the body, in lower case and without parameters."""
        value: str = self.environ.get("CONTENT_TYPE", "")
        return value.partition(";")[0].strip().lower()

    @cached_property
    def body(self) -> bytes:
        """Return the whole body; raise HTTPError 413 past the application's ``body_limit``."""
        return read_body(self.environ, self.app.body_limit)

    @cached_property
    def _form_and_files(self) -> tuple[MultiDict, dict[str, list[Upload]]]:
        return parse_form(self.environ, self.content_type, self.app.body_limit)

    @property
    def form(self) -> MultiDict:
        """Return the fields of a posted form, empty if there is none."""
        return self._form_and_files[0]

    @property
    def files(self) -> dict[str, list[Upload]]:
        """Return the uploaded files by the name of their form field."""
        return self._form_and_files[1]

    def opened_files(self) -> list[Upload]:
        """Return the uploads, if the form has been parsed: somebody has to close their files."""
        parsed = self.__dict__.get("_form_and_files")
        return [upload for uploads in parsed[1].values() for upload in uploads] if parsed else []

    def brought(self, text: str) -> bool:
        """Tell whether the client sent a text: in path, query, form or cookies, if those were read, or as Referer."""
        read = self.__dict__
        values = [*self.values, self.environ.get("HTTP_REFERER"), *read.get("cookies", {}).values()]
        forms = [read.get("query", ()), *read.get("_form_and_files", ())[:1]]
        return text in values or any(text in form.getlist(name) for form in forms for name in form)

    @cached_property
    def json(self) -> Any:
        """Return the body as JSON; raise HTTPError 415 if it is declared otherwise, 400 if it is broken."""
        if self.content_type != "application/json" and not self.content_type.endswith("+json"):
            raise HTTPError(415, "The body must be JSON, with Content-Type: application/json.")
        try:
            value = json.loads(self.body)
            json.dumps(value, allow_nan=False, ensure_ascii=False).encode()  # loads takes NaN and halves of characters
        except (ValueError, RecursionError):
            raise HTTPError(400, "The body is not valid JSON.") from None
        return value

    @cached_property
    def session(self) -> CookieSession:
        """Return the visitor's session; raise RuntimeError if the application has no secret keys."""
        return self.app.open_session(self)

    @property
    def accept_languages(self) -> list[str]:
        """Return the languages that the client reads, best first."""
        wishes = negotiation.parse_preferences(self.headers.get("Accept-Language"))
        return [language for language, weight in wishes if weight > 0]

    def best_language(self, available: Sequence[str]) -> str:
        """Return the language of ``available`` that the client likes best, else the first."""
        return negotiation.best_language(self.headers.get("Accept-Language"), available)

    def accepts(self, media_type: str) -> bool:
        """Tell whether the client takes a media type."""
        return negotiation.accepts(self.headers.get("Accept"), media_type) > 0

    def has_current(self, tag: str, modified: float | None = None) -> bool:
        """Tell whether the client's copy, of a state named by ``tag``, is still good: answer with 304 then.

        ``modified`` is in seconds since the epoch.
        """
        return self.method in {"GET", "HEAD"} and evaluate(self.environ, f'"{tag}"', modified) == NOT_MODIFIED

    @property
    def last_event_id(self) -> str:
        """Return the id of the last server-sent event that the client saw, or nothing."""
        return self.headers.get("Last-Event-ID")

    @property
    def id(self) -> str:
        """Return the request's id: the one that ``middleware.RequestId`` gave it, or a new one."""
        value: str = self.environ.setdefault(REQUEST_ID, "") or new_request_id()
        self.environ[REQUEST_ID] = value
        return value

    @property
    def remote_addr(self) -> str:
        """Return the peer's address; behind a proxy, the client's if ``middleware.proxy_headers`` trusts that proxy."""
        address: str = self.environ.get("REMOTE_ADDR", "")
        return address

    @property
    def scheme(self) -> str:
        """Return ``http`` or ``https``."""
        scheme: str = self.environ["wsgi.url_scheme"]
        return scheme

    @property
    def host(self) -> str:
        """Return the host that the client asked for, with its port if that is not the scheme's own."""
        host: str | None = self.environ.get("HTTP_HOST")
        if host:
            return host
        name, port = self.environ["SERVER_NAME"], str(self.environ["SERVER_PORT"])
        return name if port == {"http": "80", "https": "443"}.get(self.scheme) else f"{name}:{port}"

    def url_for(self, name: str, /, *, external: bool = False, **values: Any) -> str:
        """Return the address of a route below this request's mount point; ``external`` adds scheme and host."""
        path: str = self.environ.get("SCRIPT_NAME", "") + self.app.url_for(name, **values)
        return f"{self.scheme}://{self.host}{path}" if external else path

    def static_url(self, path: str) -> str:
        """Return the address of a static file with the hash of its content."""
        return self.url_for("static", path=path)
