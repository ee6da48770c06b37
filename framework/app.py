"""The application: a WSGI callable that finds the route, calls the handler and sends what it returns."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from framework.conditional import OK
from framework.csrf import SAFE_METHODS, check_origin
from framework.errorpages import error_page
from framework.errors import HTTPError, RouteError, UnsafeRedirect
from framework.groups import Group, where
from framework.middleware.dispatch import Dispatch
from framework.paths import raw_path
from framework.request import Request
from framework.response import HTML, Defaults, Response, as_response
from framework.routing import Route, Router
from framework.security import host_is_trusted, security_fields
from framework.sessions import SessionStore
from framework.statics import StaticFiles
from framework.templating import check_directory, make_environment, render

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from logging import Logger
    from pathlib import Path

    from jinja2 import Environment

    from framework.groups import Teardown
    from framework.patterns import Converter
    from framework.sessions import CookieSession
    from framework.testing import Client

    WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

BODY_LIMIT = 16 * 1024 * 1024  # bytes


class App(Group):
    """Hold the routes, hooks and settings of one application.

    ``name`` is that of its logger. ``suffix`` ends the path of every route. ``templates`` and ``static`` are
    directories. ``secret_keys`` sign the sessions: the first signs, all verify. ``trusted_origins``, such as
    ``https://admin.example.com``, may send unsafe requests. ``body_limit`` is in bytes.
    """

    def __init__(
        self,
        name: str,
        *,
        suffix: str = "",
        templates: str | Path | None = None,
        static: str | Path | None = None,
        secret_keys: Sequence[str] = (),
        converters: Mapping[str, Converter] | None = None,
        hosts: Iterable[str] = (),
        trusted_origins: Iterable[str] = (),
        security_headers: Mapping[str, str | None] | None = None,
        body_limit: int = BODY_LIMIT,
        debug: bool = False,
    ) -> None:
        super().__init__(self)
        self.name = name
        self.debug = debug
        self.body_limit = body_limit
        self.router = Router(suffix, converters)
        if isinstance(secret_keys, str) or not all(secret_keys):
            raise RouteError(f"App({name!r}, secret_keys=…) takes a list of keys, none of them empty")
        if isinstance(hosts, str) or isinstance(trusted_origins, str):
            raise RouteError(f"App({name!r}, hosts=…, trusted_origins=…) take lists")
        self._templates = check_directory(name, templates) if templates is not None else None
        self._static = StaticFiles(static) if static is not None else None
        self._sessions = SessionStore(secret_keys) if secret_keys else None
        self._hosts = tuple(host.lower() for host in hosts)
        self._trusted_origins = frozenset(trusted_origins)
        self._defaults = Defaults(security_fields(security_headers or {}))
        if self._static:
            self.get(f"{self._static.prefix}/<path:path>", name="static", suffix="")(self._static.serve)
        self._mounts: dict[str, WSGIApp] = {}
        self._middleware: list[Callable[[WSGIApp], WSGIApp]] = []

    def __repr__(self) -> str:
        return f"<App {self.name} with {len(self.router.routes)} routes>"

    @cached_property
    def logger(self) -> Logger:
        """Return the logger that has the application's name."""
        from logging import getLogger  # noqa: PLC0415 - slow, and without errors there is nothing to say

        return getLogger(self.name)

    def add_route(self, route: Route, pattern: str | re.Pattern[str], suffix: str | None) -> None:
        """Enter a route into the table; ``route`` and its shorthands are the comfortable way."""
        self.router.add(route, pattern, suffix)

    def use(self, middleware: Callable[[WSGIApp], WSGIApp]) -> None:
        """Wrap the application in a WSGI middleware; the last one added is the outermost."""
        self._refuse_late(where(middleware))
        self._middleware.append(middleware)

    def mount(self, prefix: str, application: WSGIApp) -> None:
        """Hand all requests below ``prefix`` to another WSGI application, with no hooks of ours around it.

        Raises ValueError for a prefix that does not begin with a slash, or ends with one; RouteError for a second one.
        """
        self._refuse_late(f"mount({prefix!r})")
        Dispatch(None, {prefix: application})  # checks the prefix here, where its line is known
        if prefix in self._mounts:
            raise RouteError(f"mount({prefix!r}, {application!r}): {self._mounts[prefix]!r} is there already")
        self._mounts[prefix] = application

    @cached_property
    def _entry(self) -> WSGIApp:
        entry: WSGIApp = Dispatch(self._serve, self._mounts) if self._mounts else self._serve
        for middleware in self._middleware:
            entry = middleware(entry)
        return entry

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a WSGI request."""
        return self._entry(environ, start_response)

    def _serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ, self)
        failure: Exception | None = None
        answered = False
        try:
            answer = self._call_handler(request)
            answered = True
            response = self._finish(request, answer)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises becomes a response
            failure = error
            # What failed behind the handler would fail for the error's page again.
            response = self._answer_error(request, error, finish=not answered)
        except BaseException as error:  # the server stops this request: no answer, but no loose ends either
            for hook in request.hooks.teardown:
                self._tear_down(hook, request, error)
            raise
        if request.method not in SAFE_METHODS:
            for upload in request.opened_files():
                response.on_close(upload.file.close)
        for hook in request.hooks.teardown:
            response.on_close(partial(self._tear_down, hook, request, failure))
        return response.send(environ, start_response, self._defaults)

    def _tear_down(self, hook: Teardown, request: Request, error: BaseException | None) -> None:
        try:
            hook(request, error)
        except Exception:
            self.logger.exception("A teardown hook of %r failed", request)

    def _call_handler(self, request: Request) -> Any:
        if self._hosts and not host_is_trusted(request.host, self._hosts):
            raise HTTPError(400, "This host is not served here.")
        route, values = self.router.match(request.method, raw_path(request.environ))
        request.route, request.values = route, values
        request.hooks = (route.group or self).hooks
        if request.method not in SAFE_METHODS and route.csrf:
            check_origin(request, self._trusted_origins)
        for hook in request.hooks.before:
            early = hook(request)
            if early is not None:
                return early
        return route.handler(request, *values) if route.in_order else route.handler(request, **request.path_values)

    def _finish(self, request: Request, answer: Any) -> Response:
        response = as_response(answer)
        for hook in request.hooks.after:
            response = hook(request, response)
            if not isinstance(response, Response):
                raise TypeError(f"the hook at {where(hook)} returns a Response, not {type(response).__name__}")
        if self._sessions and "session" in request.__dict__:
            self._sessions.save(request.session, response)
        return response

    def _answer_error(self, request: Request, error: Exception, *, finish: bool) -> Response:
        if isinstance(error, UnsafeRedirect) and request.brought(error.url):
            error = HTTPError(400, "This address leads to another site.")
        if not isinstance(error, HTTPError):
            route = request.route or "no route"
            self.logger.error("%r failed in %s [%s]", request, route, request.id, exc_info=error)
        group: Group = (request.route and request.route.group) or self
        handler = group.error_handler_for(error)
        try:
            response = as_response(handler(request, error)) if handler else error_page(request, error)
            if response.status == OK:  # an error page that forgot to say so is still an error
                response.status = getattr(error, "status", 500)
            return self._finish(request, response) if finish else response
        except Exception as another:
            self.logger.exception("The error handler or a hook of %r failed [%s]", request, request.id)
            return error_page(request, another)

    def open_session(self, request: Request) -> CookieSession:
        """Return the visitor's session; ``request.session`` is the comfortable way."""
        if self._sessions is None:
            raise RuntimeError(f"sessions need a key to sign with: App({self.name!r}, secret_keys=[…])")
        return self._sessions.load(request)

    def url_for(self, name: str, /, **values: Any) -> str:
        """Return the path of a route below the application's mount point; further values become the query.

        ``url_for("static", path="app.css")`` names a static file. Raises RouteError when there is no such thing.
        """
        if name == "static" and self._static is not None:
            return self._static.url(**values)
        return self.router.url_for(name, values)

    def static_url(self, path: str) -> str:
        """Return the address of a static file with the hash of its content."""
        if self._static is None:
            raise RouteError(f"static_url needs a directory of static files: App({self.name!r}, static=…)")
        return self._static.url(path)

    @cached_property
    def jinja(self) -> Environment:
        """Return the Jinja2 environment, for filters and globals of your own."""
        if self._templates is None:
            raise RouteError(f"rendering needs a directory of templates: App({self.name!r}, templates=…)")
        return make_environment(self, self._templates)

    def render(self, template: str, request: Request, **context: Any) -> Response:
        """Return a template as an HTML response; it also knows ``request``, ``url_for`` and ``static_url``."""
        response = Response(render(self.jinja, template, request, context), content_type=HTML)
        response.add_etag()
        return response

    def test_client(self, **environ: Any) -> Client:
        """Return a client that calls this application without a server; ``environ`` goes into every request."""
        from framework.testing import Client  # noqa: PLC0415 - production does not need it

        return Client(self, environ)
