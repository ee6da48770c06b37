"""The site in a test: an application, its database, and the callers that it tells apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from sqlalchemy import func, select

from app.tables import watches

if TYPE_CHECKING:
    from app.database import Database
    from framework import App
    from framework.testing import Client

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
CURL = {"Accept": "*/*"}
JSON = {"Accept": "application/json"}
CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}

NASTY_NOTES = [
    r"\1 and \g<0>",
    "<script>alert(1)</script>",
    "\"quoted\" & 'quoted'",
    "a/b?c#d%e%2F f+g 中文",
    "{{ 7 * 7 }}",
    "'; DROP TABLE watches; --",
    "..",
    ".html",
    "a.html",
    "𠮷🐟",
    "长" * 200,
    "/?#%中" * 40,
]


class Site(NamedTuple):
    """What a test holds of the site."""

    app: App
    database: Database

    def visitor(self, *watched: str) -> Client:
        """Return a caller with cookies of its own, who watches these stocks."""
        client = self.app.test_client()
        for code in watched:
            assert client.post(f"/add/{code}.html").status == 201
        return client

    def watch_count(self) -> int:
        """Return how many rows there are in all watch lists."""
        return self.database.read(lambda c: c.execute(select(func.count()).select_from(watches)).scalar_one())

    def notes(self) -> list[str]:
        """Return all notes, oldest first."""
        return self.database.read(lambda c: list(c.execute(select(watches.c.note).order_by(watches.c.id)).scalars()))


def note_path(code: str, note: str) -> str:
    """Return the address that saves a note from its path."""
    return f"/update/{code}/{quote(note, safe='')}.html"
