"""The number of files that this process, and what it forks, may have open."""

import resource

from server.console import log

SPARE = 512
"""Descriptors for all that is no connection: listeners, log, database connections, temporary files."""


def allow_descriptors(connections: int) -> None:
    """Raise the soft limit so that each worker can hold so many connections; say so where the hard one is lower.

    The usual soft limit of 1,024 is there for the sake of `select`, which nothing here uses. At the limit nobody is
    accepted any more, and the application cannot open a file.
    """
    wanted = connections + SPARE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        log.warning("only %d files may be open here (ulimit -n), too few for %d connections", allowed, connections)
