"""What the site may refuse, and the status of each refusal.

    Refusal
    ├── UnknownStock    404   no such code in the list
    ├── AlreadyWatched  409   the visitor watches it already
    ├── NotWatched      409   the visitor does not watch it
    ├── NoteTooLong     422   more characters than the column holds
    ├── NoteUnprintable 422   control characters
    └── Unavailable     503   the database does not answer; try again

A refusal names its message in the catalogue (`app/i18n.py`), not the message itself: the domain knows no language.
"""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):  # noqa: N818 – most of these are answers, not errors
    """A request that the site understood and does not grant."""

    status: ClassVar[int]
    message: ClassVar[str]


class UnknownStock(Refusal):
    """No stock has this code."""

    status = 404
    message = "unknown_stock"


class AlreadyWatched(Refusal):
    """The stock is on the visitor's watch list already."""

    status = 409
    message = "already_watched"


class NotWatched(Refusal):
    """The stock is not on the visitor's watch list."""

    status = 409
    message = "not_watched"


class NoteTooLong(Refusal):
    """The note does not fit: RFC 9110 §15.5.21, understood but not to be processed."""

    status = 422
    message = "note_too_long"


class NoteUnprintable(Refusal):
    """The note holds control characters, which no page could show."""

    status = 422
    message = "note_unprintable"


class Unavailable(Refusal):
    """The database does not answer, or no connection came free in time."""

    status = 503
    message = "unavailable"
