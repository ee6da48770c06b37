"""Header fields: names in any case, order kept, injection refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch  # RFC 9110 §5.1: a token
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch  # RFC 9110 §5.5: no CR, LF or NUL; Latin-1 by PEP 3333


def checked(name: str, value: str) -> tuple[str, str]:
    """Return the field, or raise ValueError if it would break out of its line."""
    if not _NAME(name):
        raise ValueError(f"{name!r} is no header field name")
    if not _VALUE(value):
        raise ValueError(f"the value of header field {name} holds a character that may not stand there: {value!r}")
    return name, value


class Headers:
    """Keep a response's header fields: a mapping, but a name may stand there more than once."""

    __slots__ = ("fields",)

    def __init__(self, fields: Mapping[str, str] | Iterable[tuple[str, str]] | None = None) -> None:
        self.fields: list[tuple[str, str]] = []
        if fields:
            pairs = fields.items() if hasattr(fields, "items") else fields
            self.fields += [checked(name, value) for name, value in pairs]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.fields)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: str) -> None:
        field = checked(name, value)
        del self[name]
        self.fields.append(field)

    def __delitem__(self, name: str) -> None:
        lowered = name.lower()
        self.fields = [field for field in self.fields if field[0].lower() != lowered]

    def __repr__(self) -> str:
        return f"Headers({self.fields!r})"

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the first value of a field, or ``default``."""
        lowered = name.lower()
        return next((value for key, value in self.fields if key.lower() == lowered), default)

    def getlist(self, name: str) -> list[str]:
        """Return all values of a field, in order."""
        lowered = name.lower()
        return [value for key, value in self.fields if key.lower() == lowered]

    def add(self, name: str, value: str) -> None:
        """Add a field beside those of the same name."""
        self.fields.append(checked(name, value))

    def setdefault(self, name: str, value: str) -> str:
        """Set a field unless it is there; return its value."""
        present = self.get(name)
        if present is None:
            self.add(name, value)
            return value
        return present

    def vary(self, name: str) -> None:
        """Add a field name to ``Vary``, once."""
        names = [part.strip() for value in self.getlist("Vary") for part in value.split(",")]
        if name.lower() not in map(str.lower, names):
            self["Vary"] = ", ".join([*names, name])
