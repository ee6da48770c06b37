"""Conditional requests (RFC 9110 §13) and ranges (§14): send only what the client does not have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from framework.errors import HTTPError

if TYPE_CHECKING:
    from collections.abc import Mapping

OK, NOT_MODIFIED, PRECONDITION_FAILED = 200, 304, 412
_TAG = re.compile(r'(?:W/)?"[!\x23-\x7e\x80-\xff]*"')
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})").fullmatch


def etag_of(content: bytes) -> str:
    """Return a strong entity-tag for a content."""
    import hashlib  # noqa: PLC0415 - pulls in OpenSSL

    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def http_date(seconds: float) -> str:
    """Return a time, given in seconds since the epoch, in the form of RFC 9110 §5.6.7."""
    from email.utils import formatdate  # noqa: PLC0415 - slow to import, and few need it

    return formatdate(seconds, usegmt=True)


def evaluate(environ: Mapping[str, Any], etag: str, modified: float | None = None) -> int:
    """Return the status that the preconditions of a GET or HEAD come to (RFC 9110 §13.2.2): 200, 304 or 412."""
    if "HTTP_IF_MATCH" in environ:
        if not _names(environ["HTTP_IF_MATCH"], etag, weak=False):
            return PRECONDITION_FAILED
    elif _unchanged_since(environ.get("HTTP_IF_UNMODIFIED_SINCE"), modified) is False:
        return PRECONDITION_FAILED
    if "HTTP_IF_NONE_MATCH" in environ:
        return NOT_MODIFIED if _names(environ["HTTP_IF_NONE_MATCH"], etag, weak=True) else OK
    return NOT_MODIFIED if _unchanged_since(environ.get("HTTP_IF_MODIFIED_SINCE"), modified) else OK


def _names(field: str, etag: str, *, weak: bool) -> bool:
    if field.strip() == "*":
        return True
    tags = _TAG.findall(field)
    if weak:
        return etag.removeprefix("W/") in [tag.removeprefix("W/") for tag in tags]
    return not etag.startswith("W/") and etag in tags


def _unchanged_since(field: str | None, modified: float | None) -> bool | None:
    """Compare with a date; None without one, or with a broken one, which is ignored (RFC 9110 §13.1.3)."""
    if field is None or modified is None:
        return None
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - as above

    try:
        return int(modified) <= parsedate_to_datetime(field).timestamp()
    except (ValueError, OverflowError):
        return None


def wanted_range(environ: Mapping[str, Any], size: int, etag: str, modified: float | None = None) -> range | None:
    """Return the bytes that a GET asks for, None for all of them.

    Raises HTTPError 416 if there are no such bytes. Several ranges at once are answered with the whole, as
    RFC 9110 §14.2 allows.
    """
    found = _RANGE(environ.get("HTTP_RANGE", "").replace(" ", ""))
    if found is None or environ["REQUEST_METHOD"] != "GET":
        return None
    if_range = environ.get("HTTP_IF_RANGE")
    if if_range is not None and if_range not in {etag, http_date(modified) if modified is not None else ""}:
        return None
    first, last = found.groups()
    if first:
        if last and int(last) < int(first):
            return None  # RFC 9110 §14.1.1: an invalid range is ignored
        wanted = range(int(first), min(int(last) + 1, size) if last else size)
    elif last:
        wanted = range(max(size - int(last), 0), size)
    else:
        return None
    if not wanted:
        raise HTTPError(416, headers={"Content-Range": f"bytes */{size}"})
    return wanted
