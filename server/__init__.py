"""Minnow's server: HTTP/1.1 and WSGI, with a choice of concurrency models.

The command line is `python -m server module:attribute`; a program calls `serve`.
"""

from server.concurrency import MODELS
from server.console import set_up
from server.errors import AppLoadError, BindError, ConfigError, ServerError
from server.sources import from_arguments, resolve
from server.supervisor import supervise
from server.wsgi import WSGIApplication

__version__ = "0.1.0"

__all__ = ["AppLoadError", "BindError", "ConfigError", "ServerError", "__version__", "serve"]


def serve(app: WSGIApplication | str, **settings: object) -> None:
    """Serve an application until SIGTERM or SIGINT; call it in the main thread.

    Args:
        app: `"module:attribute"` or `"module:factory()"`, which each worker loads for itself so that SIGHUP sees new
            code, or a WSGI callable, which the workers inherit as it is. What was imported for it the coroutine model
            can no longer patch to wait in greenlets, so name it by text where that matters.
        settings: any of `server.config.Settings`, by name, in the types or the texts of the command line.

    Raises:
        ConfigError: a setting is unknown or has no such value.
        AppLoadError: the application cannot be loaded.
        BindError: an address cannot be listened on.
    """
    named = {"app": app} if isinstance(app, str) else {}
    resolved = resolve([from_arguments({**named, **settings})], {"model": tuple(MODELS)})
    set_up()
    supervise(resolved.settings, None if isinstance(app, str) else app)
