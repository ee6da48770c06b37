"""Conditional and partial requests: the rules of RFC 9110 §13 and §14, without a file or a socket."""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import formatdate, parsedate_to_datetime
from enum import Enum, auto
from functools import lru_cache
from typing import Any, NamedTuple

_ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)


class Validators(NamedTuple):
    """What tells one state of a resource from another."""

    etag: str
    """A strong entity-tag, in its quotes (RFC 9110 §8.8.3)."""
    modified: int
    """Seconds since the epoch."""


class Outcome(Enum):
    """What the preconditions of a request come to."""

    PERFORM = auto()
    NOT_MODIFIED = auto()
    FAILED = auto()


class Span(NamedTuple):
    """A part of a resource: bytes from `start` up to but without `stop`."""

    start: int
    stop: int


UNSATISFIABLE = Span(0, 0)
"""A range that begins behind the end; it is answered with 416."""


@lru_cache(maxsize=1024)
def http_date(seconds: int) -> str:
    """Write a time in the form of RFC 9110 §5.6.7."""
    return formatdate(seconds, usegmt=True)


def parse_http_date(text: str) -> int | None:
    """Read a time; None when it is no date, which means that the field is ignored."""
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return int((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())


def evaluate(fields: Mapping[str, Any], now: Validators) -> Outcome:
    """Evaluate the preconditions of a GET or HEAD in the order of RFC 9110 §13.2.2; `fields` is an environ."""
    if "HTTP_IF_MATCH" in fields:
        if not _names(fields["HTTP_IF_MATCH"], now.etag, weak=False):
            return Outcome.FAILED
    elif "HTTP_IF_UNMODIFIED_SINCE" in fields:
        since = parse_http_date(fields["HTTP_IF_UNMODIFIED_SINCE"])
        if since is not None and now.modified > since:
            return Outcome.FAILED
    if "HTTP_IF_NONE_MATCH" in fields:
        same = _names(fields["HTTP_IF_NONE_MATCH"], now.etag, weak=True)
        return Outcome.NOT_MODIFIED if same else Outcome.PERFORM
    if "HTTP_IF_MODIFIED_SINCE" in fields:
        since = parse_http_date(fields["HTTP_IF_MODIFIED_SINCE"])
        return Outcome.NOT_MODIFIED if since is not None and now.modified <= since else Outcome.PERFORM
    return Outcome.PERFORM


def _names(listed: str, etag: str, *, weak: bool) -> bool:
    """Tell whether a list of entity-tags, or "*", holds this one, by strong or weak comparison (§8.8.3.2)."""
    if listed in (etag, "*"):  # nearly always
        return True
    tags = _ENTITY_TAG.findall(listed)
    return etag in ([tag.removeprefix("W/") for tag in tags] if weak else tags)


def wanted_span(fields: Mapping[str, Any], now: Validators, size: int) -> Span | None:
    """Return the part that a GET asks for: None for the whole, UNSATISFIABLE for one that is not there.

    Several ranges at once are answered with the whole, as §14.2 allows: no client of a web site asks for them, and
    the many small parts of an attack cost nothing then.
    """
    found = _RANGE.fullmatch(fields.get("HTTP_RANGE", "").strip())
    if found is None or not _is_unchanged(fields.get("HTTP_IF_RANGE"), now):
        return None
    first, last = found[1], found[2]
    if first:
        if last and int(last) < int(first):
            return None  # not a valid range, so no range (§14.1.1)
        start, stop = int(first), min(int(last) + 1, size) if last else size
    elif last:
        start, stop = max(0, size - int(last)), size
    else:
        return None
    return Span(start, stop) if start < stop else UNSATISFIABLE


def _is_unchanged(if_range: str | None, now: Validators) -> bool:
    """Evaluate If-Range: a strong entity-tag or an exact date (§13.1.5)."""
    if if_range is None:
        return True
    if if_range.startswith(('"', "W/")):
        return if_range == now.etag
    return parse_http_date(if_range) == now.modified
