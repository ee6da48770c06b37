"""Where a browser goes after a form: back to where it was."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from framework import Request

# A path of this site as a browser sends it, and nothing that a browser takes for another host ("//", "/\").
_PATH: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*").fullmatch


def back_to_row(request: Request, code: str) -> str:
    """Return the path in the form's field `back` with this stock's row as its target, else the watch list's row.

    The stock's own page has no rows: it is shown from its top.
    """
    path = back_to(request, request.url_for("center"))
    return path if path == request.url_for("stock", code=code) else f"{path.partition('#')[0]}#s{code}"


def back_to(request: Request, otherwise: str) -> str:
    """Return the path in the form's field `back`; `otherwise` if there is none, or one that leaves the site."""
    path = request.form.get("back")
    return path if _PATH(path) else otherwise
