"""For those who watch over the site: whether the process is up, and whether it is of use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import stocks
from app.errors import Unavailable
from framework import Response

if TYPE_CHECKING:
    from app.database import Database
    from framework import App, Request

NOT_CACHED = {"Cache-Control": "no-store"}


def register(app: App, database: Database) -> None:
    """Add `/healthz` and `/readyz`."""

    @app.get("/healthz", suffix="")
    def healthz(_request: Request) -> Response:
        """Answer as long as the process does: a restart would not bring a database back."""
        return Response("ok\n", headers=NOT_CACHED)

    @app.get("/readyz", suffix="")
    def readyz(_request: Request) -> Response:
        """Answer 200 while the database does, and 503 when no visitor should be sent here."""
        try:
            database.read(stocks.probe)
        except Unavailable:
            return Response("the database does not answer\n", 503, headers=NOT_CACHED)
        return Response("ready\n", headers=NOT_CACHED)
