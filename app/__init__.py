"""A list of stocks, and each visitor's own watch list with notes: the site that Minnow carries."""

from __future__ import annotations

from pathlib import Path

from app import security, views
from app.config import Config
from app.database import Database
from app.pages import Pages
from framework import App

__all__ = ["create_app"]

ROOT = Path(__file__).parent.parent


def create_app(config: Config | None = None, database: Database | None = None) -> App:
    """Return the site as a WSGI application; without `config` its settings come from the environment.

    A test gives its own `database`, which it closes afterwards.

    Opens no connection: the site starts, and answers 503, while its database is still away.
    Raises ConfigError when a setting is missing or makes no sense.
    """
    config = config or Config.from_environment()
    app = App(
        "app",
        suffix=".html",
        templates=ROOT / "templates",
        static=ROOT / "static",
        secret_keys=config.secret_keys,
        security_headers=security.FIELDS,
    )
    views.register(app, database or Database(config.database), Pages(app))
    return app
