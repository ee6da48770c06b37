"""Jinja2 with autoescape: the only place where HTML is made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from framework.errors import RouteError

if TYPE_CHECKING:
    from jinja2 import Environment

    from framework.app import App
    from framework.request import Request


def check_directory(app_name: str, directory: str | Path) -> Path:
    """Return the directory of templates; raise RouteError if there is none."""
    path = Path(directory).resolve()
    if not path.is_dir():
        raise RouteError(f"App({app_name!r}, templates=…): there is no directory {path}")
    return path


def make_environment(app: App, directory: Path) -> Environment:
    """Return a Jinja2 environment over ``directory`` that escapes everything and fails on undefined names.

    Templates know ``request``, ``url_for`` and ``static_url``.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - slow, and not all render

    environment = Environment(
        loader=FileSystemLoader(directory),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=app.debug,
    )
    environment.globals.update(url_for=app.url_for, static_url=app.static_url)
    return environment


def render(environment: Environment, name: str, request: Request, context: dict[str, Any]) -> str:
    """Render a template; its addresses stay right below the request's mount point."""
    bound = {"request": request, "url_for": request.url_for, "static_url": request.static_url}
    return environment.get_template(name).render({**bound, **context})
