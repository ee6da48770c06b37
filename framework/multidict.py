"""What a query or a form holds: names with one value or more, read with care."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from framework.errors import HTTPError
from framework.paths import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FIELD_LIMIT = 1000  # names in one query or form: parsing stays linear, but somebody has to hold them
_NUMBER = re.compile(
    "[+-]?[0-9]{1,18}"
).fullmatch  # as <n:int> in a path; int() would take 1_0 and digits of any script


class MultiDict:
    """Map a name to its values. Plain access gives the first one."""

    __slots__ = ("_values",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def __getitem__(self, name: str) -> str:
        try:
            return self._values[name][0]
        except KeyError:
            raise HTTPError(400, f"{name} is missing.") from None

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"MultiDict({list(self.pairs())!r})"

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield each name with each of its values."""
        return ((name, value) for name, values in self._values.items() for value in values)

    def get(self, name: str, default: str = "") -> str:
        """Return the first value of a name, or ``default``."""
        values = self._values.get(name)
        return values[0] if values else default

    def getlist(self, name: str) -> list[str]:
        """Return all values of a name, in order."""
        return list(self._values.get(name, ()))

    def int(
        self,
        name: str,
        default: int | None = None,
        *,
        min: int | None = None,  # noqa: A002 - the word that readers expect
        max: int | None = None,  # noqa: A002
    ) -> int:
        """Return a whole number from ``min`` to ``max``.

        Raises HTTPError 400 if the value is something else, or missing without a ``default``.
        """
        text = self.get(name).strip()
        if not text and default is not None:
            return default
        if not _NUMBER(text):
            raise HTTPError(400, f"{name} must be a whole number.")
        number = int(text)
        if (min is not None and number < min) or (max is not None and number > max):
            bounds = " and ".join(f"{word} {n}" for word, n in (("at least", min), ("at most", max)) if n is not None)
            raise HTTPError(400, f"{name} must be {bounds}.")
        return number


def parse_pairs(text: str) -> list[tuple[str, str]]:
    """Parse ``a=1&b=2`` (as WSGI hands it over); raise HTTPError 400 for broken escapes, 413 for too many names."""
    if text.count("&") >= FIELD_LIMIT:
        raise HTTPError(413, f"More than {FIELD_LIMIT} fields.")
    pairs = (pair.replace("+", " ").partition("=") for pair in text.split("&") if pair)
    return [(decode(name), decode(value)) for name, _, value in pairs]
