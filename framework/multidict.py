"""What a query or a form holds: names with one value or more, read with care."""

# ruff: noqa: A002 - min, max and type are the words that readers expect

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from framework.errors import HTTPError
from framework.paths import decode
from framework.typed import DATE, DECIMAL, FLOAT, LOCATION, TRUTH, WHOLE, choice, kind_of

if TYPE_CHECKING:
    import builtins  # the methods below have the names of their types
    import datetime as dt
    from collections.abc import Iterable, Iterator
    from decimal import Decimal

    from framework.typed import Kind

    T = TypeVar("T")
    D = TypeVar("D")
    E = TypeVar("E", bound=Enum)

FIELD_LIMIT = 1000  # names in one query or form: parsing stays linear, but somebody has to hold them


class _Required(Enum):
    """Stand in for a default where there is none: None is one."""

    REQUIRED = "required"


REQUIRED: Final = _Required.REQUIRED


class MultiDict:
    """Map a name to its values. Plain access gives the first one.

    ``int``, ``float``, ``decimal``, ``bool``, ``date``, ``choice`` and ``location`` read the first one as what they
    are called. An empty or missing value is ``default``, which may be None. One that is something else or out of
    bounds, default or not, and a missing one without a default raise HTTPError 400 with the name and what was expected.
    """

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

    @overload
    def getlist(self, name: str) -> list[str]: ...
    @overload
    def getlist(self, name: str, type: type[T], *, min: T | None = None, max: T | None = None) -> list[T]: ...
    def getlist(
        self,
        name: str,
        type: type[Any] = str,
        *,
        min: Any = None,
        max: Any = None,
    ) -> list[Any]:
        """Return all values of a name, in order, as text or as a type: int, float, Decimal, bool, date or an Enum."""
        values = self._values.get(name, ())
        return [*values] if type is str else [kind_of(type).read(name, text, min, max) for text in values]

    def _first(self, name: str, kind: Kind[T], default: D | _Required, least: Any = None, most: Any = None) -> T | D:
        text = self.get(name)
        if text.strip() or (default is REQUIRED and name in self):
            return kind.read(name, text, least, most)
        if default is REQUIRED:
            raise HTTPError(400, f"{name} is missing: it must be {kind.expected}.")
        return default

    def int(
        self,
        name: str,
        default: D | _Required = REQUIRED,
        *,
        min: builtins.int | None = None,
        max: builtins.int | None = None,
    ) -> builtins.int | D:
        """Return a whole number of up to 18 digits."""
        return self._first(name, WHOLE, default, min, max)

    def float(
        self,
        name: str,
        default: D | _Required = REQUIRED,
        *,
        min: builtins.float | None = None,
        max: builtins.float | None = None,
    ) -> builtins.float | D:
        """Return a finite number, such as ``2``, ``-.5`` or ``1e3``."""
        return self._first(name, FLOAT, default, min, max)

    def decimal(
        self,
        name: str,
        default: D | _Required = REQUIRED,
        *,
        min: Decimal | builtins.int | None = None,
        max: Decimal | builtins.int | None = None,
    ) -> Decimal | D:
        """Return a decimal number as it was written: for money; 18 digits before and behind the dot, no exponent."""
        return self._first(name, DECIMAL, default, min, max)

    def bool(self, name: str, default: D | _Required = REQUIRED) -> builtins.bool | D:
        """Return true, yes, on and 1 as True, and false, no, off and 0 as False.

        Browsers send ``on`` for a box that is ticked and nothing for one that is not: its ``default`` is False.
        """
        return self._first(name, TRUTH, default)

    def date(
        self,
        name: str,
        default: D | _Required = REQUIRED,
        *,
        min: dt.date | None = None,
        max: dt.date | None = None,
    ) -> dt.date | D:
        """Return a date, written as browsers send it: ``2024-02-29``."""
        return self._first(name, DATE, default, min, max)

    @overload
    def choice(self, name: str, options: type[E], default: D | _Required = REQUIRED) -> E | D: ...
    @overload
    def choice(self, name: str, options: Iterable[str], default: D | _Required = REQUIRED) -> str | D: ...
    def choice(self, name: str, options: Iterable[Any], default: Any = REQUIRED) -> Any:
        """Return one of some texts, or the member of an Enum that has the text for its value."""
        return self._first(name, choice(options), default)

    def location(self, name: str, default: D | _Required = REQUIRED) -> str | D:
        """Return a path or reference that stays on this host: where to ``redirect`` to after a form."""
        return self._first(name, LOCATION, default)


def parse_pairs(text: str) -> list[tuple[str, str]]:
    """Parse ``a=1&b=2`` (as WSGI hands it over); raise HTTPError 400 for broken escapes, 413 for too many names."""
    if text.count("&") >= FIELD_LIMIT:
        raise HTTPError(413, f"More than {FIELD_LIMIT} fields.")
    pairs = (pair.replace("+", " ").partition("=") for pair in text.split("&") if pair)
    return [(decode(name), decode(value)) for name, _, value in pairs]
