"""From a method and a path to a handler, and from a handler's name back to its path.

Where a literal and a variable could both match, the literal wins, then a variable with
text around it, then a converter or regular expression, then ``<name>``, then ``<name:path>``. Two different routes
of the same rank in one place are refused at definition: nobody could tell which one wins.

The pseudo-static suffix is decided here and nowhere else: a suffix such as ``.html`` is appended to the pattern,
unless the pattern ends with a slash. A request for the bare path is redirected to the public one.
"""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from framework.errors import HTTPError, RouteError
from framework.paths import decode, split_path
from framework.patterns import CONVERTERS, parse
from framework.response import Response
from framework.tree import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from framework.groups import Group
    from framework.patterns import Converter, Segment
    from framework.request import Request

    Handler = Callable[..., Any]
    Found = tuple["Route", tuple[Any, ...]]


class Route:
    """Hold one line of the routing table.

    ``where`` is the file and line of the handler. When the route is entered into the table, ``pattern`` becomes the
    public one, suffix included, and is parsed into ``segments`` with the variables ``names``, which are what an address
    ``needs``. They are handed over by name, or, which is quicker, by position where that comes to the same:
    ``in_order`` tells.
    """

    segments: tuple[Segment, ...] = ()
    names: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()
    in_order = True

    def __init__(
        self,
        name: str,
        pattern: str,
        methods: tuple[str, ...],
        handler: Handler,
        where: str = "",
        *,
        csrf: bool = True,
        group: Group | None = None,
    ) -> None:
        self.name = name
        self.pattern = pattern
        self.methods = methods
        self.handler = handler
        self.where = where
        self.csrf = csrf
        self.group = group

    def __repr__(self) -> str:
        return f'route "{self.pattern}" ({self.name}, {self.where})'

    def overlaps(self, other: Route, start: int) -> bool:
        """Tell whether some path could match both routes from segment ``start`` on."""
        for mine, theirs in zip_longest(self.segments[start:], other.segments[start:]):
            if mine is None or theirs is None or not mine.may_meet(theirs):
                return False
            if mine.spans or theirs.spans:
                return True
        return True

    def url(self, values: Mapping[str, Any]) -> str:
        """Return the path for ``values``; raise RouteError where a value does not fit."""
        try:
            return "".join(f"/{segment.build(values)}" for segment in self.segments)
        except ValueError as error:
            raise RouteError(f"no URL for {self}: {error}") from None


class Router:
    """Keep the routing table and search it both ways."""

    def __init__(self, suffix: str = "", converters: Mapping[str, Converter] | None = None) -> None:
        self.suffix = _checked(suffix)
        self.routes: list[Route] = []
        self._converters = {**CONVERTERS, **(converters or {})}
        self._tree = Node()
        self._parents: dict[str, Node] = {}  # short cuts into the tree: literal paths and the nodes they lead to
        self._regexes: list[tuple[re.Pattern[str], Route]] = []
        self._by_name: dict[str, list[Route]] = {}
        self._suffixes: set[str] = set()
        self._methods = {"HEAD"}

    def add(self, route: Route, pattern: str | re.Pattern[str], suffix: str | None = None) -> None:
        """Enter a route; raise RouteError if the pattern is wrong or clashes with an earlier one.

        A compiled regular expression must match the whole decoded path; it is tried after all other routes,
        in order of definition. Its named groups become keyword arguments.
        """
        if isinstance(pattern, re.Pattern):
            route.pattern, route.names = pattern.pattern, tuple(pattern.groupindex)
            for regex, other in self._regexes:
                if regex == pattern and not set(route.methods).isdisjoint(other.methods):
                    raise RouteError(f"{route} answers the same requests as {other}")
            self._regexes.append((pattern, route))
        else:
            self._add_to_tree(route, pattern, self.suffix if suffix is None else _checked(suffix))
        route.in_order = _takes_in_order(route.handler, route.names)
        for other in self._by_name.get(route.name, ()):
            if other.handler is not route.handler and other.pattern != route.pattern and route.name != "<lambda>":
                raise RouteError(f"{route} has the name of {other}: give one of them another by name=…")
        self.routes.append(route)
        self._methods.update(route.methods)
        self._by_name.setdefault(route.name, []).append(route)

    def _add_to_tree(self, route: Route, pattern: str, suffix: str) -> None:
        route.pattern = pattern if pattern.endswith("/") else pattern + suffix
        try:
            route.segments = parse(route.pattern, self._converters)
        except RouteError as error:
            raise RouteError(f"{route}: {error}") from None
        route.names = tuple(variable.name for segment in route.segments for variable in segment.variables)
        route.needs = frozenset(route.names)
        self._tree.add(route)
        if suffix and route.pattern != pattern:
            self._suffixes.add(suffix)
        self._add_short_cut(route)

    def _add_short_cut(self, route: Route) -> None:
        literals = [segment.literal or "" for segment in route.segments[:-1] if not segment.variables]
        if len(literals) < len(route.segments) - 1:
            return
        node = self._tree
        for literal in literals:
            node = node.literals[literal]
        self._parents["/".join(["", *literals])] = node

    def match(self, method: str, raw: str) -> Found:
        """Return the route for a raw (percent-coded) path and the values of its variables, in the order of its names.

        Raises HTTPError 404, 405 with ``Allow``, or 400 if the path is not percent-coded UTF-8.
        """
        above, slash, last = raw.rpartition("/")
        parent = self._parents.get(above)
        if parent is not None and slash and "%" not in raw and raw.isascii():
            found = parent.find_last(method, last)
            if found is not None:
                return found
        return self._find(method, raw) or self._automatic(method, raw)

    def _find(self, method: str, raw: str) -> Found | None:
        if raw.startswith("/"):  # a target may be "*", as of OPTIONS
            found = self._tree.find(method, split_path(raw))
            if found is not None:
                return found
        for regex, route in self._regexes:
            if method in route.methods and (match := regex.fullmatch(decode(raw))):
                return route, tuple(match.groupdict().values())
        return self._find("GET", raw) if method == "HEAD" else None

    def _automatic(self, method: str, raw: str) -> Found:
        """Answer for paths that have no handler of their own: OPTIONS, the bare path, 405 and 404."""
        for suffix in self._suffixes:
            if not raw.endswith("/") and self._find(method, raw + suffix):
                return _TO_PUBLIC_PATH, (f"./{raw.rpartition('/')[2]}{suffix}",)
        allowed = self.allowed(raw)
        if not allowed:
            raise HTTPError(404)
        if method == "OPTIONS":
            return _OPTIONS, (", ".join(allowed),)
        raise HTTPError(405, headers={"Allow": ", ".join(allowed)})

    def allowed(self, raw: str) -> list[str]:
        """Return the methods that a path answers to, none if there is no such path."""
        allowed = {method for method in self._methods if self._find(method, raw)}
        return sorted(allowed | {"OPTIONS"}) if allowed else []

    def url_for(self, name: str, values: Mapping[str, Any]) -> str:
        """Return the path of the route called ``name``; values that are no variables of it become the query.

        Raises RouteError if there is no such route, or a value is missing or does not fit.
        """
        routes = self._by_name.get(name)
        if routes is None:
            raise RouteError(f"no route is named {name!r}; there are {', '.join(sorted(self._by_name))}")
        for route in routes:
            if route.segments and values.keys() >= route.needs:
                path = route.url(values)
                if len(values) == len(route.needs):
                    return path
                query = {key: value for key, value in values.items() if key not in route.needs and value is not None}
                return f"{path}?{urlencode(query, doseq=True)}" if query else path
        raise RouteError(f"url_for({name!r}, …) lacks values for {routes[0]}: it needs {_listed(routes[0].names)}")


def _takes_in_order(handler: Handler, names: tuple[str, ...]) -> bool:
    """Tell whether a function's parameters after the request are ``names``, in that order.

    Its code is asked and not its signature: a decorator shows that of the function inside.
    """
    code = getattr(handler, "__code__", None)
    return code is not None and code.co_varnames[1 : code.co_argcount][: len(names)] == names


def _checked(suffix: str) -> str:
    if suffix and not re.fullmatch(r"\.[^/<>]+", suffix):
        raise RouteError(f'a suffix is a dot and a word, such as ".html", not {suffix!r}')
    return suffix


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "a pattern, not a regular expression"


def _answer_options(_request: Request, allow: str) -> Response:
    return Response(status=204, headers={"Allow": allow})


def _redirect_to_public_path(request: Request, location: str) -> Response:
    """Redirect by a relative reference: it stays right under any mount point, and cannot leave the host."""
    query = request.environ.get("QUERY_STRING")
    return Response(status=308, headers={"Location": f"{location}?{query}" if query else location})


_OPTIONS = Route("", "", ("OPTIONS",), _answer_options)
_TO_PUBLIC_PATH = Route("", "", (), _redirect_to_public_path, csrf=False)
