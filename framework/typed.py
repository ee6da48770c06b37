"""Text from a query or a form as values of a type, or the sentence that tells the client what was expected.

What is read is what browsers' form controls send: plain ASCII digits with a dot, ISO dates. Python itself reads more,
such as ``1_0``, ``nan``, digits of any script or ``2024-W09``, and a million digits for minutes.
"""

from __future__ import annotations

import math
import re
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from framework.errors import HTTPError
from framework.security import stays_on_this_host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date
    from decimal import Decimal

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

_WHOLE = re.compile("[+-]?[0-9]{1,18}").fullmatch  # as <n:int> in a path: 18 digits fit into 64 bits
_PLAIN = r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})"
_DECIMAL = re.compile(_PLAIN).fullmatch  # no exponent: 1e999999999 is short, and its digits are not
_FLOAT = re.compile(_PLAIN + "(?:[eE][+-]?[0-9]{1,3})?").fullmatch
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


class Kind(NamedTuple, Generic[T]):
    """Say how a text becomes a value: ``parse`` raises ValueError or KeyError for what is not ``expected``."""

    parse: Callable[[str], T]
    expected: str
    least: str = "at least"
    most: str = "at most"

    def read(self, name: str, text: str, least: Any = None, most: Any = None) -> T:
        """Return the value of the field ``name``, from ``least`` to ``most``; raise HTTPError 400 otherwise."""
        try:
            value = self.parse(text.strip())
        except (ValueError, KeyError):
            raise HTTPError(400, f"{name} must be {self.expected}.") from None
        if (least is not None and value < least) or (most is not None and value > most):
            bounds = [f"{word} {end}" for word, end in ((self.least, least), (self.most, most)) if end is not None]
            raise HTTPError(400, f"{name} must be {' and '.join(bounds)}.")
        return value


def _whole(text: str) -> int:
    if not _WHOLE(text):
        raise ValueError(text)
    return int(text)


def _float(text: str) -> float:
    if not _FLOAT(text) or not math.isfinite(number := float(text)):
        raise ValueError(text)
    return number


def _decimal(text: str) -> Decimal:
    from decimal import Decimal  # noqa: PLC0415 - slow to import, and few need it

    if not _DECIMAL(text):
        raise ValueError(text)
    return Decimal(text)


def _date(text: str) -> date:
    from datetime import date  # noqa: PLC0415 - as above

    if not _DATE(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def _truth(text: str) -> bool:
    return _WORDS[text.lower()]


def _location(text: str) -> str:
    if not stays_on_this_host(text):
        raise ValueError(text)
    return text


WHOLE = Kind(_whole, "a whole number")
FLOAT = Kind(_float, "a number")
DECIMAL = Kind(_decimal, "a decimal number")
TRUTH = Kind(_truth, "true or false")
LOCATION = Kind(_location, "an address on this site")
DATE = Kind(_date, "a date such as 2024-02-29", "on or after", "on or before")
_BY_TYPE: dict[str, Kind[Any]] = {
    "builtins.int": WHOLE,
    "builtins.float": FLOAT,
    "builtins.bool": TRUTH,
    "decimal.Decimal": DECIMAL,
    "datetime.date": DATE,
}


def choice(options: Iterable[Any]) -> Kind[Any]:
    """Return the kind of a value that is one of ``options``: texts, or the members of an Enum by their values."""
    by_text = {str(option.value if isinstance(option, Enum) else option): option for option in options}
    return Kind(by_text.__getitem__, f"one of {', '.join(by_text)}")


def kind_of(type_: type[T]) -> Kind[T]:
    """Return the kind of int, float, Decimal, bool, date or an Enum; raise TypeError for another type."""
    if issubclass(type_, Enum):
        return choice(type_)
    kind = _BY_TYPE.get(f"{type_.__module__}.{type_.__qualname__}")
    if kind is None:
        raise TypeError(f"values are read as int, float, bool, Decimal, date or an Enum, not as {type_.__name__}")
    return kind
