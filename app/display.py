"""How a visitor likes to see the site: a language, the colour of rising prices, light or dark.

Each is a cookie of its own, unsigned: whoever changes it changes what he sees himself, and what is none of the
choices counts for nothing. Pages depend on the language alone; colours come with the visitor's own style sheet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.i18n import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework import Request, Response

CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "language": LANGUAGES,
    "rise": ("green", "red"),
    "theme": ("light", "dark"),
}
LIFETIME: Final = 365 * 24 * 3600  # seconds


def choice(request: Request, name: str) -> str:
    """Return what the visitor chose, nothing for one who did not."""
    value = request.cookies.get(name, "")
    return value if value in CHOICES[name] else ""


def language(request: Request) -> str:
    """Return the language that was chosen, else the one that Accept-Language likes best."""
    return choice(request, "language") or request.best_language(LANGUAGES)


def choose(request: Request, response: Response, name: str, value: str) -> None:
    """Keep a choice; any other value takes it back, and the browser's own wish counts again."""
    if value in CHOICES[name]:
        response.set_cookie(name, value, max_age=LIFETIME, secure=request.scheme == "https")
    else:
        response.delete_cookie(name)
