"""The tree of routes: one level for each segment of a path.

Literal segments are looked up in a dict, so that a thousand routes cost what ten do. Segments with variables are tried
one after the other, the best rank first; there are seldom more than two in one place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from framework.errors import RouteError

if TYPE_CHECKING:
    from framework.patterns import Matcher, Segment
    from framework.routing import Route

    Values = tuple[Any, ...]


@dataclass(slots=True)
class _Edge:
    """Lead from a node to the next by a segment with variables."""

    segment: Segment
    node: Node
    routes: list[Route] = field(default_factory=list)


@dataclass(slots=True)
class Node:
    """Stand between two segments of the tree."""

    literals: dict[str, Node] = field(default_factory=dict)
    edges: list[_Edge] = field(default_factory=list)
    trials: list[tuple[Matcher, Node, bool]] = field(default_factory=list)  # the edges, ready for ``find``
    routes: dict[str, Route] = field(default_factory=dict)  # by method: those that end here

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
            edge = _Edge(segment, Node())
            self.edges.append(edge)
            self.edges.sort(key=lambda edge: edge.segment.rank, reverse=True)  # ``find`` takes the last one first
            self.trials = [(edge.segment.matcher(), edge.node, edge.segment.spans) for edge in self.edges]
        edge.routes.append(route)
        return edge

    def find(self, method: str, segments: list[str]) -> tuple[Route, Values] | None:
        """Return the best route below this node and the values of its variables.

        ``segments`` are those of a path split at its slashes; the first one, before the first slash, is passed over.
        """
        node: Node | None = self
        at, end = 1, len(segments)
        values: Values = ()
        others: list[tuple[Node, int, Values]] = []  # where to go on when the present way leads nowhere
        while node is not None:
            if at == end:
                route = node.routes.get(method)
                if route is not None:
                    return route, values
                node = None
            else:
                segment = segments[at]
                for match, child, spans in node.trials:
                    matched = match("/".join(segments[at:]) if spans else segment)
                    if matched is not None:
                        others.append((child, end if spans else at + 1, values + matched))
                node = node.literals.get(segment)
                at += 1
            if node is None and others:
                node, at, values = others.pop()
        return None
