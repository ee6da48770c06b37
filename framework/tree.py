"""The tree of routes: one level for each segment of a path.

Literal segments are looked up in a dict, so that a thousand routes cost what ten do. Segments with variables are tried
one after the other, the best rank first; there are seldom more than two in one place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from framework.errors import RouteError

if TYPE_CHECKING:
    from framework.patterns import Matcher, Segment
    from framework.routing import Route

    Values = tuple[Any, ...]


class _Edge(NamedTuple):
    """Lead from a node to the next by a segment with variables."""

    segment: Segment
    node: Node
    routes: list[Route]


class Node:
    """Stand between two segments of the tree."""

    __slots__ = ("edges", "literals", "routes", "trials")

    def __init__(self) -> None:
        self.literals: dict[str, Node] = {}
        self.edges: list[_Edge] = []
        self.trials: list[tuple[Matcher, Node, bool]] = []  # the edges, ready for ``find``
        self.routes: dict[str, Route] = {}  # by method: those that end here

    def add(self, route: Route, depth: int = 0) -> None:
        """Grow the tree by one route; raise RouteError if it clashes with an earlier one."""
        if depth == len(route.segments):
            for method in route.methods:
                if (twin := self.routes.setdefault(method, route)) is not route:
                    raise RouteError(f"{route} answers the same {method} requests as {twin}")
        elif (literal := route.segments[depth].literal) is not None:
            self.literals.setdefault(literal, Node()).add(route, depth + 1)
        else:
            self._edge(route, depth).node.add(route, depth + 1)

    def _edge(self, route: Route, depth: int) -> _Edge:
        segment = route.segments[depth]
        for edge in self.edges:
            if edge.segment.same(segment):
                break
            if edge.segment.rank == segment.rank:
                for other in edge.routes:
                    if route.overlaps(other, depth):
                        raise RouteError(f"{route} is ambiguous: it may match the same paths as {other}")
        else:
            edge = _Edge(segment, Node(), [])
            self.edges.append(edge)
            self.edges.sort(key=lambda edge: edge.segment.rank)
            self.trials = [(edge.segment.matcher(), edge.node, edge.segment.spans) for edge in self.edges]
        edge.routes.append(route)
        return edge

    def find(self, method: str, segments: list[str], at: int = 1) -> tuple[Route, Values] | None:
        """Return the best route below this node and the values of its variables.

        ``segments`` are those of a path split at its slashes; ``at`` is the one to match here, at the root the second.
        """
        segment = segments[at]
        if at + 1 == len(segments):
            return self.find_last(method, segment)
        child = self.literals.get(segment)
        if child is not None and (found := child.find(method, segments, at + 1)) is not None:
            return found
        for match, child, spans in self.trials:
            values = match("/".join(segments[at:]) if spans else segment)
            if values is None:
                continue
            if not spans:
                found = child.find(method, segments, at + 1)
                if found is not None:
                    return found[0], values + found[1]
            elif (route := child.routes.get(method)) is not None:
                return route, values
        return None

    def find_last(self, method: str, text: str) -> tuple[Route, Values] | None:
        """Return the best route for the last segment of a path."""
        child = self.literals.get(text)
        if child is not None and (route := child.routes.get(method)) is not None:
            return route, ()
        for match, child, _ in self.trials:
            values = match(text)
            if values is not None and (route := child.routes.get(method)) is not None:
                return route, values
        return None
