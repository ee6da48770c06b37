"""Who is asking: a random name in the signed session cookie, given with the first stock that is watched."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from app.tables import VISITOR_LENGTH

if TYPE_CHECKING:
    from framework import Request

# No visitor is named so: it watches nothing.
NOBODY = ""


def visitor_of(request: Request) -> str:
    """Return the visitor's name, NOBODY for one who has watched nothing yet."""
    return str(request.session.get("visitor", NOBODY))


def named_visitor(request: Request) -> str:
    """Return the visitor's name, giving a new one 128 random bits; the cookie goes out with the answer."""
    if visitor_of(request) == NOBODY:
        request.session["visitor"] = secrets.token_hex(VISITOR_LENGTH // 2)
    return visitor_of(request)
