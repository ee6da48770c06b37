"""Percent-coding, and the request path as it was sent.

PEP 3333's PATH_INFO comes decoded: there ``/a%2Fb`` and ``/a/b`` look the same, and routes that trust it lose
the difference. So matching starts from the raw path, and each segment is decoded on its own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

from framework.errors import HTTPError

if TYPE_CHECKING:
    from collections.abc import Mapping

PCHAR = "!$&'()*+,;=:@-._~"  # RFC 3986 §3.3: what a segment may hold as it is, beside letters and digits
_BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


def is_plain(raw: str) -> bool:
    """Tell whether decoding would change nothing."""
    return "%" not in raw and raw.isascii()


def decode(text: str) -> str:
    """Decode percent-coded UTF-8 as WSGI hands it over (bytes in Latin-1 clothes).

    Raises HTTPError 400 when the escapes are broken or the bytes are not UTF-8.
    """
    if is_plain(text):
        return text
    if _BROKEN_ESCAPE.search(text):
        raise HTTPError(400, "The request contains a broken percent escape.")
    try:
        return unquote_to_bytes(text.encode("latin-1")).decode()
    except UnicodeError:
        raise HTTPError(400, "The request contains text that is not UTF-8.") from None


def encode_segment(text: str) -> str:
    """Percent-code one path segment so that ``decode`` gives the same text back.

    Dot segments are coded too, since RFC 3986 §5.2.4 has clients remove bare ones.
    """
    if text.isalnum() and text.isascii():  # nothing to code: most values
        return text
    if text in {".", ".."}:
        return text.replace(".", "%2E")
    return quote(text, safe=PCHAR)


def encode_path(text: str) -> str:
    """Percent-code a path of several segments; its slashes stay separators."""
    return "/".join(map(encode_segment, text.split("/")))


def split_path(raw: str) -> list[str]:
    """Split a raw path at its slashes and decode each segment."""
    return raw.split("/") if is_plain(raw) else [decode(segment) for segment in raw.split("/")]


def raw_path(environ: Mapping[str, Any]) -> str:
    """Return the path below SCRIPT_NAME, still percent-coded.

    The server's REQUEST_URI (or RAW_URI) is used while it tells of the same resource as SCRIPT_NAME + PATH_INFO.
    A middleware may have rewritten those; then PATH_INFO is coded again.
    """
    path: str = environ.get("PATH_INFO") or "/"
    target: str = environ.get("REQUEST_URI") or environ.get("RAW_URI") or ""
    if "%" not in path and "%" not in target and path.isascii():
        return path
    return _sent_path(target, environ.get("SCRIPT_NAME", ""), path) or quote(path.encode("latin-1"), f"/{PCHAR}")


def _sent_path(target: str, script: str, path: str) -> str | None:
    """Return the part of the request target below ``script``, or None if the target tells of something else."""
    raw = target.partition("?")[0]
    if not raw.startswith("/"):  # absolute-form, RFC 9112 §3.2.2
        raw = "/" + raw.partition("://")[2].partition("/")[2]
    end = 0
    for _ in range(script.count("/")):
        end = raw.find("/", end + 1) if end >= 0 else end
    end = len(raw) if end < 0 else end
    if as_wsgi(raw[:end].encode("latin-1")) == script and as_wsgi(raw[end:].encode("latin-1")) == path:
        return raw[end:]
    return None


def as_wsgi(raw: bytes) -> str:
    """Decode a raw path the way PEP 3333 has servers do it for PATH_INFO."""
    return unquote_to_bytes(raw).decode("latin-1")
