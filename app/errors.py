"""What the site may refuse, and the status of each refusal.

    Refusal (a framework.HTTPError)
    ├── UnknownStock    404   no such code in the list
    ├── AlreadyWatched  409   the visitor watches it already
    ├── NotWatched      409   the visitor does not watch it
    ├── NoteMissing     400   a form without a note in it
    ├── NoteTooLong     422   more characters than the column holds
    ├── NoteUnprintable 422   control characters
    └── Unavailable     503   the database does not answer; try again

A refusal names its message in the catalogue (`app/i18n.py`), not the message itself: the domain knows no language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from framework import HTTPError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Refusal(HTTPError):
    """A request that the site does not grant: the status, and the key of its message."""

    code: ClassVar[int]
    key: ClassVar[str]
    fields: ClassVar[Mapping[str, str]] = {}

    def __init__(self) -> None:
        super().__init__(self.code, self.key, self.fields)


class UnknownStock(Refusal):
    """No stock has this code."""

    code = 404
    key = "unknown_stock"


class AlreadyWatched(Refusal):
    """The stock is on the visitor's watch list already."""

    code = 409
    key = "already_watched"


class NotWatched(Refusal):
    """The stock is not on the visitor's watch list."""

    code = 409
    key = "not_watched"


class NoteMissing(Refusal):
    """The form has no note in it; an empty one would be there, and empty."""

    code = 400
    key = "note_missing"


class NoteTooLong(Refusal):
    """The note does not fit: RFC 9110 §15.5.21, understood but not to be processed."""

    code = 422
    key = "note_too_long"


class NoteUnprintable(Refusal):
    """The note holds control characters, which no page could show."""

    code = 422
    key = "note_unprintable"


class Unavailable(Refusal):
    """The database does not answer, or no connection came free in time."""

    code = 503
    key = "unavailable"
    fields: ClassVar[Mapping[str, str]] = {"Retry-After": "5"}  # seconds; MySQL takes about that long to restart
