"""Ways of waiting. Each model drives the same sessions; they differ in nothing but how they wait for them."""

from importlib import import_module
from typing import Final

from server.concurrency.base import Model

MODELS: Final = {
    "iterative": "one connection after another",
    "thread": "a thread for each connection, up to a number",
    "coroutine": "a greenlet for each request; an idle connection costs none (the default)",
}
"""The models by name, with what they are, in the order in which they are best read."""


def load_model(name: str) -> type[Model]:
    """Import the model `name`, which is a key of `MODELS`, and only that one: gevent stays out of the others."""
    model: type[Model] = import_module(f"server.concurrency.{name}").MODEL
    return model
