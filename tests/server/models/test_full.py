"""More clients than a worker has connections for."""

import pytest

from tests.server.models.harness import serving
from tests.server.running import eventually

COUNTING = ["polling", "epoll", "epoll_edge", "coroutine"]
"""The models that hold many connections at once; with the others, clients wait in the backlog."""


@pytest.mark.parametrize("name", COUNTING)
def test_one_too_many(name: str) -> None:
    """The client over `max_connections` is told 503 at once; when another has gone, there is room again."""
    with serving(name, max_connections=2) as site, site.connect() as first, site.connect() as second:
        for client in (first, second):
            client.ask("/hello")
            assert client.answer().status == 200
        with site.connect() as third:
            answer = third.answer()
            assert (answer.status, answer.fields["connection"]) == (503, "close")
            assert third.rest() == b""
        first.close()
        eventually(lambda: site.fetch("/hello").status == 200, "room again")
