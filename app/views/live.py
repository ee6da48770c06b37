"""Quotes while a page is open, by server-sent events."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

from app.live import Feed
from framework import Response, abort
from framework.events import event_stream

if TYPE_CHECKING:
    from app.database import Database
    from framework import App, Request

CODES: Final = re.compile(r"[0-9]{6}(?:,[0-9]{6}){0,199}")


def register(app: App, database: Database) -> None:
    """Add `/live`."""
    feed = Feed(database)

    @app.get("/live", suffix="")
    def live(request: Request) -> Response:
        """Send the quotes that change: of the stocks in `?codes=`, or of all; after the version that the page shows.

        A browser that comes back names the last event it got, an open page the version it was made of (`?since=`).
        """
        if not waiting_is_cheap():
            # HTML §9.2.3: with 204 a browser does not come back. One open page would block this server, or its thread.
            return Response(status=204, headers={"Cache-Control": "no-store"})
        since = request.last_event_id or request.query.get("since")
        return event_stream(feed.events(int(since) if re.fullmatch("[0-9]{1,18}", since) else None, _codes(request)))


def waiting_is_cheap() -> bool:
    """Tell whether a stream costs a greenlet, of which there may be thousands, and not a thread or a process."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


def _codes(request: Request) -> frozenset[str]:
    text = request.query.get("codes", "")
    if text and not CODES.fullmatch(text):
        abort(400, "codes are up to 200 codes of stocks, separated by commas")
    return frozenset(text.split(",")) if text else frozenset()
