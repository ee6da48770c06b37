"""A process for each connection: nothing is shared, so nothing can be spoilt; and every client costs a fork.

A fork copies the page tables of the whole worker, about a millisecond with an application loaded, and then each page
that either side writes to. So a connection ends after one response: to wait for the next request with a process of its
own is the dearest way to wait. What breaks: a cache, a counter or a connection pool in the application's memory is a
copy in each child and is gone with it; a lock that another thread held at the fork stays locked in the child for good.

Three lines have no counterpart in `thread.py`: the parent closes its copy of the socket, or the client would never see
the end; the child closes its copies of the listeners, or their ports would stay taken; and who has ended is reaped.
"""

import socket
from collections.abc import Sequence
from multiprocessing import get_context
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from server.concurrency.base import Traits, accept
from server.concurrency.children import ForkingModel, reap
from server.session import Endpoint

if TYPE_CHECKING:
    from multiprocessing.context import ForkProcess


class Process(ForkingModel):
    """Accept, and leave the rest to a new process."""

    traits = Traits(keep_alive=False, multithread=False, multiprocess=True, views_block_others=False, c10k=False)

    def serve(self, listeners: Sequence[socket.socket]) -> None:
        """Serve up to `settings.processes` clients at once until `stop`."""
        fork = get_context("fork")
        endpoints = {listener: self.endpoint(listener) for listener in listeners}
        for listener in listeners:
            listener.setblocking(False)  # another worker may have been quicker
        children: dict[int, ForkProcess] = {}
        try:
            while not self.stopping.is_set:
                room = len(children) < self.settings.processes
                ready = wait([self.stopping.fileno(), *children, *(listeners if room else ())])
                reap(children, ready)
                for listener in endpoints.keys() & set(ready):
                    if client := accept(listener):
                        child = fork.Process(target=self._run, args=(listeners, endpoints[listener], *client))
                        child.start()
                        children[child.sentinel] = child
                        client[0].close()
        finally:
            self.end(children)

    def _run(self, listeners: Sequence[socket.socket], endpoint: Endpoint, sock: socket.socket, address: Any) -> None:
        self.become_child(listeners)
        self.handle(endpoint, sock, address)


MODEL = Process
