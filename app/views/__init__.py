"""The handlers. Each module's `register` adds its routes to the application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.views import center, errors, health, live, marks, notes, settings, stocks, watching

if TYPE_CHECKING:
    from app.database import Database
    from app.pages import Pages
    from framework import App


def register(app: App, database: Database, pages: Pages) -> None:
    """Add every route and error handler of the site."""
    health.register(app, database)
    stocks.register(app, database, pages)
    marks.register(app, database)
    watching.register(app, database, pages)
    center.register(app, database, pages)
    notes.register(app, database, pages)
    settings.register(app)
    live.register(app, database)
    errors.register(app, pages)
