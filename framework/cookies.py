"""Cookies, both ways (RFC 6265). Values are percent-coded, so that any text comes back as it went."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_ATTRIBUTE = re.compile(r"[\x20-\x3a\x3c-\x7e]*").fullmatch  # RFC 6265 §4.1.1: no control bytes, no semicolon
_SAFE = "!#$&'()*+-./:<=>?@[]^_`{|}~"  # §4.1.1 cookie-octet, without the percent sign
SIZE_LIMIT = 4096  # bytes: RFC 6265 §6.1; browsers drop longer ones without a word


def parse_cookies(header: str) -> dict[str, str]:
    """Parse a ``Cookie`` field. Of two cookies with one name the first counts: its path is the more specific."""
    cookies: dict[str, str] = {}
    for pair in header.split(";"):
        name, equals, value = pair.strip().partition("=")
        if name and equals:
            cookies.setdefault(name, unquote(value.strip('"')))
    return cookies


def make_cookie(
    name: str,
    value: str,
    *,
    max_age: int | None = None,
    path: str = "/",
    domain: str | None = None,
    secure: bool = False,
    http_only: bool = True,
    same_site: str | None = "Lax",
) -> str:
    """Return the value of a ``Set-Cookie`` field; raise ValueError for what browsers would refuse or misread."""
    if not _NAME(name):
        raise ValueError(f"{name!r} is no cookie name")
    if same_site not in {"Strict", "Lax", "None", None}:
        raise ValueError(f"same_site is 'Strict', 'Lax', 'None' or None, not {same_site!r}")
    if not _ATTRIBUTE(path) or not _ATTRIBUTE(domain or ""):
        raise ValueError(
            f"cookie {name}: path {path!r} or domain {domain!r} holds a character that may not stand there"
        )
    attributes = {
        "Max-Age": max_age,
        "Domain": domain,
        "Path": path,
        "Secure": secure or same_site == "None",
        "HttpOnly": http_only,
        "SameSite": same_site,
    }
    cookie = f"{name}={quote(value, safe=_SAFE)}" + "".join(map(_attribute, attributes, attributes.values()))
    if len(cookie) > SIZE_LIMIT:
        raise ValueError(f"cookie {name} is {len(cookie)} bytes long; browsers keep {SIZE_LIMIT}")
    return cookie


def _attribute(name: str, value: str | int | bool | None) -> str:
    if value is None or value is False:
        return ""
    return f"; {name}" if value is True else f"; {name}={value}"
