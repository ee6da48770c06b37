"""A fixed number of processes, forked before there is any client; each is an `iterative` server on the same listeners.

The fork is paid once and not by each client: that was Apache's answer, and is still that of many servers. There is no
queue and no dispatcher, since the kernel has both: it keeps the backlog, and whichever process calls `accept` first
gets the client. All of them wake up for each new client and all but one in vain (the thundering herd), which is cheap
for four processes and would not be for four hundred.

What breaks: as many slow clients as there are processes stop everybody else, since a process waits with one client
for each byte. Nothing shared in memory lasts beyond a process, but it lasts from one request to the next: a database
connection may be kept here, as long as it is opened after the fork. Opened before, all processes would talk over it.
"""

import logging
import socket
import time
from collections.abc import Sequence
from multiprocessing.connection import wait

from server.concurrency.base import LOOK_UP, OUT_OF_RESOURCES_PAUSE, Traits
from server.concurrency.blocking import accept_until
from server.concurrency.children import ForkingModel, Processes

log = logging.getLogger("minnow")


class ProcessPool(ForkingModel):
    """Fork first; accept in the children."""

    traits = Traits(keep_alive=False, multithread=False, multiprocess=True, views_block_others=False, c10k=False)

    def serve(self, listeners: Sequence[socket.socket]) -> None:
        """Keep `settings.processes` children at work until `stop`."""
        pool = Processes()
        try:
            while not self.stopping.is_set:
                while len(pool) < self.settings.processes:
                    pool.start(self._work, listeners)
                wait([self.stopping.fileno(), *pool.signs()], LOOK_UP)
                pool.reap()
                if len(pool) < self.settings.processes and not self.stopping.is_set:
                    log.warning("a process of the pool has died; another takes its place")
                    time.sleep(OUT_OF_RESOURCES_PAUSE)  # one that dies at once should not be forked in a frenzy
        finally:
            self.end(pool)

    def _work(self, listeners: Sequence[socket.socket]) -> None:
        self.become_child()
        endpoints = {listener: self.endpoint(listener) for listener in listeners}
        for listener, sock, address in accept_until(self.stopping, listeners):
            self.handle(endpoints[listener], sock, address)


MODEL = ProcessPool
