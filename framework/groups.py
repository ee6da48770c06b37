"""Registration: routes, hooks and error handlers, for the whole application or for a group of routes."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from framework.errors import ERRORS, RouteError
from framework.routing import Route

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Iterator

    from framework.app import App
    from framework.request import Request
    from framework.response import Response
    from framework.routing import Handler

    H = TypeVar("H", bound=Handler)
    Before = Callable[[Request], Response | str | None]
    After = Callable[[Request, Response], Response]
    Teardown = Callable[[Request, BaseException | None], object]
    ErrorHandler = Callable[[Request, Any], Any]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})


class Hooks(NamedTuple):
    """Hold the hooks that apply to a route, its outer groups' included."""

    before: tuple[Before, ...] = ()
    after: tuple[After, ...] = ()
    teardown: tuple[Teardown, ...] = ()


class Group:
    """Collect routes under a common prefix, with hooks and error handlers of their own.

    Make one with ``app.group("/admin", name="admin")``; its routes are then named ``admin.…``.
    """

    def __init__(self, app: App, prefix: str = "", name: str = "", parent: Group | None = None) -> None:
        self._app = app
        self._prefix = prefix
        self._name = name
        self._parent = parent
        self._before: list[Before] = []
        self._after: list[After] = []
        self._teardown: list[Teardown] = []
        self._error_handlers: dict[int | type[BaseException], ErrorHandler] = {}

    def group(self, prefix: str, name: str) -> Group:
        """Return a group of routes below ``prefix`` whose names begin with ``name`` and a dot."""
        if not prefix.startswith("/") or prefix.endswith("/"):
            raise RouteError(f'group({prefix!r}): a prefix begins with "/" and does not end with it')
        return Group(self._app, self._prefix + prefix, f"{self._name}{name}.", self)

    def route(
        self,
        pattern: str | re.Pattern[str],
        *,
        methods: Iterable[str] = ("GET",),
        name: str | None = None,
        suffix: str | None = None,
        csrf: bool = True,
    ) -> Callable[[H], H]:
        """Register a handler for the paths that match ``pattern``.

        A pattern is text in the language of ``patterns.py``, below the group's prefix, or a compiled regular expression
        for the whole path.
        ``name`` is for ``url_for`` and is the function's own by default. ``suffix`` replaces the application's.
        ``csrf=False`` takes unsafe requests from other sites: for callers that are no browsers.
        """
        if callable(pattern):
            raise RouteError(f'{where(pattern)}: the decorator takes a pattern first, as in @app.get("/path")')

        def register(handler: H) -> H:
            route_name = self._name + (name or str(getattr(handler, "__name__", type(handler).__name__)))
            route = Route(route_name, str(pattern), tuple(methods), handler, where(handler), csrf=csrf, group=self)
            if not METHODS.issuperset(route.methods):
                raise RouteError(f"{route}: methods are out of {', '.join(sorted(METHODS))}, not {methods!r}")
            whole = self._prefix + pattern if isinstance(pattern, str) else pattern
            self._app.add_route(route, whole, suffix)
            _check_signature(route)
            return handler

        return register

    def get(self, pattern: str, **options: Any) -> Callable[[H], H]:
        """Register a handler for GET (and HEAD); the options are those of ``route``."""
        return self.route(pattern, methods=("GET",), **options)

    def post(self, pattern: str, **options: Any) -> Callable[[H], H]:
        """Register a handler for POST; the options are those of ``route``."""
        return self.route(pattern, methods=("POST",), **options)

    def put(self, pattern: str, **options: Any) -> Callable[[H], H]:
        """Register a handler for PUT; the options are those of ``route``."""
        return self.route(pattern, methods=("PUT",), **options)

    def delete(self, pattern: str, **options: Any) -> Callable[[H], H]:
        """Register a handler for DELETE; the options are those of ``route``."""
        return self.route(pattern, methods=("DELETE",), **options)

    def before_request(self, hook: Before) -> Before:
        """Call ``hook(request)`` once a route has matched; a response that it returns ends the request."""
        self._refuse_late(where(hook))
        self._before.append(hook)
        return hook

    def after_request(self, hook: After) -> After:
        """Pass each response through ``hook(request, response)``, those of error handlers too."""
        self._refuse_late(where(hook))
        self._after.append(hook)
        return hook

    def teardown_request(self, hook: Teardown) -> Teardown:
        """Call ``hook(request, error)`` when the response has been sent or given up."""
        self._refuse_late(where(hook))
        self._teardown.append(hook)
        return hook

    def errorhandler(self, what: int | type[BaseException]) -> Callable[[ErrorHandler], ErrorHandler]:
        """Answer a status (of an HTTPError) or a class of exceptions by ``handler(request, error)``.

        An answer with status 200 takes the status of the error: 500 if it has none. Raises RouteError if the group has
        such a handler.
        """
        if not isinstance(what, int | type):
            raise RouteError(f"errorhandler takes a status or a class of exceptions, not {what!r}")
        if isinstance(what, int) and what not in ERRORS:
            raise RouteError(f"errorhandler({what}) would never be asked: errors have statuses from 400 to 599")

        def register(handler: ErrorHandler) -> ErrorHandler:
            if (other := self._error_handlers.setdefault(what, handler)) is not handler:
                raise RouteError(f"errorhandler({what!r}) at {where(handler)}: {where(other)} answers that already")
            return handler

        return register

    def _refuse_late(self, what: str) -> None:
        if "hooks" in self.__dict__ or "_entry" in self.__dict__:
            raise RouteError(f"{what} comes too late: the first requests have gone without it")

    @cached_property
    def hooks(self) -> Hooks:
        """Return all hooks that apply here, in the order in which they are called."""
        outer = self._parent.hooks if self._parent else Hooks()
        return Hooks(
            outer.before + tuple(self._before),
            tuple(reversed(self._after)) + outer.after,
            tuple(reversed(self._teardown)) + outer.teardown,
        )

    def lineage(self) -> Iterator[Group]:
        """Yield this group, the one around it, and so on to the application."""
        group: Group | None = self
        while group is not None:
            yield group
            group = group._parent  # noqa: SLF001 - our own class

    def error_handler_for(self, error: BaseException) -> ErrorHandler | None:
        """Return the handler of the innermost group that has one: by status first, then by the nearest class."""
        for group in self.lineage():
            for key in (getattr(error, "status", 0), *type(error).__mro__):
                handler = group._error_handlers.get(key)  # noqa: SLF001 - as above
                if handler is not None:
                    return handler
        return None


def where(handler: Handler) -> str:
    """Return the file and line that define a handler."""
    code = getattr(handler, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else repr(handler)


def _check_signature(route: Route) -> None:
    import inspect  # noqa: PLC0415 - slow, and mounting applications takes none

    if inspect.iscoroutinefunction(route.handler):
        raise RouteError(f"{route}: the handler is async, but WSGI calls plain functions: write def, not async def")
    try:
        signature = inspect.signature(route.handler)
    except ValueError:  # a builtin may have none
        return
    try:
        signature.bind("request", **dict.fromkeys(route.names))
    except TypeError as error:
        call = ", ".join(("request", *(f"{name}=…" for name in route.names)))
        raise RouteError(f"{route}: the handler is called with ({call}): {error}") from None
