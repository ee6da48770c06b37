"""Header fields: names in any case, order kept, injection refused."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Field = tuple[str, str]

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch  # RFC 9110 §5.1: a token
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch  # RFC 9110 §5.5: no CR, LF or NUL; Latin-1 by PEP 3333
_COOKIE = "set-cookie"


@lru_cache(maxsize=512)  # most fields are the same in every response
def checked(name: str, value: str) -> Field:
    """Return the field, or raise ValueError if it would break out of its line."""
    if not _NAME(name):
        raise ValueError(f"{name!r} is no header field name")
    if not _VALUE(value):
        raise ValueError(f"the value of header field {name} holds a character that may not stand there: {value!r}")
    return name, value


class Headers:
    """Keep a response's header fields: a mapping whose names have no case.

    A name stands there once, except ``Set-Cookie``: values that are added to others are joined by commas, as
    RFC 9110 §5.3 has it. ``by_name`` holds the checked fields under their names in lower case, ``cookies`` the
    ``Set-Cookie`` fields.
    """

    __slots__ = ("by_name", "cookies")

    def __init__(self, fields: Mapping[str, str] | Iterable[Field] | None = None) -> None:
        self.by_name: dict[str, Field] = {}
        self.cookies: tuple[Field, ...] = ()
        if fields:
            for name, value in fields.items() if hasattr(fields, "items") else fields:
                self.add(name, value)

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields())

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: str) -> None:
        if name.lower() == _COOKIE:
            self.cookies = (checked(name, value),)
        else:
            self.by_name[name.lower()] = checked(name, value)

    def __delitem__(self, name: str) -> None:
        self.by_name.pop(name.lower(), None)
        if name.lower() == _COOKIE:
            self.cookies = ()

    def __repr__(self) -> str:
        return f"Headers({self.fields()!r})"

    def fields(self) -> list[Field]:
        """Return all fields as WSGI wants them."""
        return [*self.by_name.values(), *self.cookies]

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the value of a field (the first cookie's, for ``Set-Cookie``), or ``default``."""
        if name.lower() == _COOKIE:
            return self.cookies[0][1] if self.cookies else default
        field = self.by_name.get(name.lower())
        return field[1] if field else default

    def getlist(self, name: str) -> list[str]:
        """Return all values of a field, in order."""
        if name.lower() == _COOKIE:
            return [value for _, value in self.cookies]
        return [part.strip() for part in (self.get(name) or "").split(",") if part.strip()]

    def add(self, name: str, value: str) -> None:
        """Add a value to those that the field has."""
        if name.lower() == _COOKIE:
            self.cookies = (*self.cookies, checked(name, value))
        else:
            present = self.get(name)
            self[name] = value if present is None else f"{present}, {value}"

    def secure_cookies(self) -> None:
        """Keep all cookies to https."""
        self.cookies = tuple(
            (name, value if "; Secure" in value else f"{value}; Secure") for name, value in self.cookies
        )

    def vary(self, name: str) -> None:
        """Add a name to ``Vary``, once."""
        if name.lower() not in map(str.lower, self.getlist("Vary")):
            self.add("Vary", name)
