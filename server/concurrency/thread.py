"""A thread for each connection: waiting costs only the one who waits, and every one who waits costs a stack.

The number of threads is bounded. When all of them are taken, nobody is accepted until one is free, and the next clients
wait in the listener's backlog: a server that starts threads without end is ended by its clients.
"""

import logging
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

from server.concurrency.base import OUT_OF_RESOURCES_PAUSE, Traits
from server.concurrency.blocking import BlockingModel, accept_until
from server.session import Endpoint

log = logging.getLogger("minnow")


class Thread(BlockingModel):
    """Accept, and leave the rest to a new thread."""

    traits = Traits(keep_alive=True, multithread=True, multiprocess=False, views_block_others=False, c10k=False)

    def serve(self, listeners: Sequence[socket.socket]) -> None:
        """Serve up to `settings.threads` clients at once until `stop`."""
        self._free = threading.BoundedSemaphore(self.settings.threads)
        self._free.acquire()  # a place for the next client before it is accepted
        endpoints = {listener: self.endpoint(listener) for listener in listeners}
        for listener, sock, address in accept_until(self.stopping, listeners):
            try:
                threading.Thread(target=self._run, args=(endpoints[listener], sock, address), daemon=True).start()
            except RuntimeError as error:  # as many as the system allows: this client may come again
                log.error("there is no thread for a client: %s", error)  # noqa: TRY400 - nothing of ours failed
                sock.close()
                time.sleep(OUT_OF_RESOURCES_PAUSE)
            else:
                self._free.acquire()
        for _ in range(self.settings.threads - 1):  # when all places are free, the last connection has ended
            self.wait_for(lambda seconds: self._free.acquire(timeout=seconds))

    def _run(self, endpoint: Endpoint, sock: socket.socket, address: Any) -> None:
        try:
            self.handle(endpoint, sock, address)
        finally:
            self._free.release()


MODEL = Thread
