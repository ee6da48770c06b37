"""Ways of waiting. Each model drives the same sessions; they differ in nothing but how they wait for them."""

from importlib import import_module
from typing import Final

from server.concurrency.base import Model

MODELS: Final = {
    "iterative": "one connection after another",
    "process": "a process for each connection, up to a number",
    "fork": "the same by os.fork, with the traps in sight",
    "process_pool": "a fixed number of processes, forked before there is any client",
    "thread": "a thread for each connection, up to a number",
    "thread_pool": "a fixed number of threads and a queue",
    "polling": "one thread asks every connection in turn; it keeps a core busy",
    "epoll": "one thread asks the kernel which connections are ready (level-triggered)",
    "epoll_edge": "the same, told of each change once (edge-triggered)",
    "coroutine": "a greenlet for each request; an idle connection costs none (the default)",
}
"""The models by name, with what they are, a ladder: each is one step on from those before."""


def load_model(name: str) -> type[Model]:
    """Import the model `name`, which is a key of `MODELS`, and only that one: gevent stays out of the others."""
    model: type[Model] = import_module(f"server.concurrency.{name}").MODEL
    return model
