"""A fixed number of threads and a queue: no client pays for the start of a thread, and none can start one too many.

One thread accepts and puts clients into the queue, the others take them out. The queue is bounded, so that a full one
holds the acceptor up and the next clients wait in the listener's backlog, where they cost no descriptor: back-pressure.
A connection ends after one response, since a thread that waits for a client's next request is one that all others lack.

What breaks: as many slow clients, or slow queries, as there are threads, and everybody waits; the queue only hides it.
And the interpreter's lock lets one thread compute at a time: forty threads wait forty times as well as one, but they
compute no faster. Whatever requests share is shared by threads, and needs a lock as with `thread.py`.
"""

import contextvars
import logging
import queue
import socket
import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

from server.concurrency.base import Traits
from server.concurrency.blocking import BlockingModel, accept_until
from server.session import Endpoint

log = logging.getLogger("minnow")

Client = tuple[Endpoint, socket.socket, Any]


class ThreadPool(BlockingModel):
    """Accept and put into the queue; threads take out and serve."""

    traits = Traits(keep_alive=False, multithread=True, multiprocess=False, views_block_others=False, c10k=False)

    def serve(self, listeners: Sequence[socket.socket]) -> None:
        """Serve with `settings.threads` threads until `stop`."""
        waiting: queue.Queue[Client | None] = queue.Queue(maxsize=self.settings.threads)
        pool = [threading.Thread(target=self._work, args=(waiting,), daemon=True) for _ in range(waiting.maxsize)]
        for thread in pool:
            thread.start()
        endpoints = {listener: self.endpoint(listener) for listener in listeners}
        for listener, sock, address in accept_until(self.stopping, listeners):
            waiting.put((endpoints[listener], sock, address))
        self.wait_for(partial(_put_end, waiting))  # behind the clients that are still in the queue
        for thread in pool:
            self.wait_for(partial(_join, thread))

    def _work(self, waiting: queue.Queue[Client | None]) -> None:
        while client := waiting.get():
            try:
                # Each in a context of its own, as if in a new thread: one client's variables are not the next one's.
                contextvars.copy_context().run(self.handle, *client)
            except BaseException:
                log.exception("a connection ended by an error")  # the thread goes on
        waiting.put(None)  # the word to end goes from hand to hand


def _put_end(waiting: queue.Queue[Client | None], seconds: float) -> bool:
    try:
        waiting.put(None, timeout=seconds)
    except queue.Full:
        return False
    return True


def _join(thread: threading.Thread, seconds: float) -> bool:
    thread.join(seconds)
    return not thread.is_alive()


MODEL = ThreadPool
