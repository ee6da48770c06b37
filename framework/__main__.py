"""``python -m framework routes app:create_app()`` prints the routing table of an application."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framework.app import App

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from framework.routing import Route


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit status: 0, or 2 when there is no such application."""
    parser = argparse.ArgumentParser(prog="python -m framework", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    routes = commands.add_parser("routes", help="print the routing table")
    routes.add_argument("application", help="module:attribute, or module:factory() to call it")
    options = parser.parse_args(arguments)
    try:
        app = load(options.application)
    except LookupError as error:
        print(f"python -m framework: {error}", file=sys.stderr)  # noqa: T201 - a command talks
        return 2
    print(table(app.router.routes))  # noqa: T201 - as above
    return 0


def load(target: str) -> App:
    """Import ``module:attribute`` or call ``module:factory()``; raise LookupError with what is wrong."""
    module_name, colon, attribute = target.partition(":")
    if not colon:
        raise LookupError(f"{target!r} names no application: write module:attribute or module:factory()")
    sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise
        raise LookupError(f"there is no module {error.name!r}") from None
    name = attribute.removesuffix("()")
    if not hasattr(module, name):
        raise LookupError(f"{module_name!r} has no {name!r}; it is {module.__file__}")
    value: Any = getattr(module, name)
    if attribute.endswith("()") and callable(value):
        value = value()
    if isinstance(value, App):
        return value
    hint = f"; is {target + '()'!r} meant?" if callable(value) and not attribute.endswith("()") else ""
    raise LookupError(f"{target!r} is no framework.App but {type(value).__name__}{hint}")


def table(routes: Iterable[Route]) -> str:
    """Return the routes as aligned lines: methods, pattern, name, and where the handler is defined."""
    rows = [(", ".join(route.methods), route.pattern, route.name, _short(route.where)) for route in routes]
    widths = [max(map(len, column), default=0) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _short(where: str) -> str:
    return where.removeprefix(f"{Path.cwd()}/")


if __name__ == "__main__":
    sys.exit(main())
