"""A process for each connection: nothing is shared, so nothing can be spoilt; and every client costs a fork.

A fork copies the page tables of the whole worker, milliseconds with an application loaded, and then each page that
either side writes to. So a connection ends after one response: to wait for the next request with a process of its own
is the dearest way to wait. What breaks: a cache, a counter or a connection pool in the application's memory is a copy
in each child and is gone with it; a lock that another thread held at the fork stays locked in the child for good.

Three things have no counterpart in `thread.py`: the parent closes its copy of the socket, or the client would never see
the end; the child closes its copies of the listeners, or their ports would stay taken; and the dead have to be reaped.
"""

import logging
import socket
import time
from collections.abc import Sequence
from typing import Any, ClassVar

from server.concurrency.base import OUT_OF_RESOURCES_PAUSE, Traits
from server.concurrency.children import Children, ForkingModel, Processes
from server.session import Endpoint

log = logging.getLogger("minnow")


class Process(ForkingModel):
    """Accept, and leave the rest to a new process."""

    traits = Traits(keep_alive=False, multithread=False, multiprocess=True, views_block_others=False, c10k=False)

    children: ClassVar[type[Children]] = Processes

    def serve(self, listeners: Sequence[socket.socket]) -> None:
        """Serve up to `settings.processes` clients at once until `stop`."""
        children = self.children()
        endpoints = {listener: self.endpoint(listener) for listener in listeners}
        try:
            for listener, sock, address in self.accept_for(children, listeners):
                with sock:
                    self._start(children, listeners, endpoints[listener], sock, address)
        finally:
            self.end(children)

    def _start(self, children: Children, *args: Any) -> None:
        try:
            children.start(self._run, *args)
        except OSError as error:  # as many as the system allows: those that are here go on, this client may come again
            log.error("there is no process for a client: %s", error)  # noqa: TRY400 - nothing of ours failed
            time.sleep(OUT_OF_RESOURCES_PAUSE)

    def _run(self, listeners: Sequence[socket.socket], endpoint: Endpoint, sock: socket.socket, address: Any) -> None:
        self.become_child(listeners)
        self.handle(endpoint, sock, address)


MODEL = Process
