"""One connection after another: the whole of a server, and the lesson of what it lacks.

While one client is served, all others wait in the listener's backlog. So a connection ends after one response:
waiting for a client's next request would be waiting at the cost of everybody else's.
"""

import socket
from collections.abc import Sequence

from server.concurrency.base import Traits
from server.concurrency.blocking import BlockingModel, accept_until


class Iterative(BlockingModel):
    """Accept, serve, close; then the next one."""

    traits = Traits(keep_alive=False, multithread=False, multiprocess=False, views_block_others=True, c10k=False)

    def serve(self, listeners: Sequence[socket.socket]) -> None:
        """Serve one client at a time until `stop`."""
        endpoints = {listener: self.endpoint(listener) for listener in listeners}
        for listener, sock, address in accept_until(self.stopping, listeners):
            self.handle(endpoints[listener], sock, address)


MODEL = Iterative
