"""RFC 9110 §13 and §14 as tables."""

import pytest

from server.middleware.conditional import (
    UNSATISFIABLE,
    Outcome,
    Span,
    Validators,
    evaluate,
    parse_http_date,
    wanted_span,
)

NOW = Validators('"now"', 784_111_777)
SAME = "Sun, 06 Nov 1994 08:49:37 GMT"
BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT"
AFTER = "Sun, 06 Nov 1994 08:49:38 GMT"

GO, KNOWN, FAILED = Outcome.PERFORM, Outcome.NOT_MODIFIED, Outcome.FAILED


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({}, GO),
        ({"IF_NONE_MATCH": '"now"'}, KNOWN),
        ({"IF_NONE_MATCH": 'W/"now"'}, KNOWN),
        ({"IF_NONE_MATCH": '"a", "now", "b"'}, KNOWN),
        ({"IF_NONE_MATCH": '"a,b","now"'}, KNOWN),
        ({"IF_NONE_MATCH": "*"}, KNOWN),
        ({"IF_NONE_MATCH": '"old"'}, GO),
        ({"IF_NONE_MATCH": "now"}, GO),
        ({"IF_NONE_MATCH": ""}, GO),
        ({"IF_MODIFIED_SINCE": SAME}, KNOWN),
        ({"IF_MODIFIED_SINCE": AFTER}, KNOWN),
        ({"IF_MODIFIED_SINCE": BEFORE}, GO),
        ({"IF_MODIFIED_SINCE": "yesterday"}, GO),
        ({"IF_MODIFIED_SINCE": "Sunday, 06-Nov-94 08:49:37 GMT"}, KNOWN),
        ({"IF_MODIFIED_SINCE": "Sun Nov  6 08:49:37 1994"}, KNOWN),
        ({"IF_NONE_MATCH": '"old"', "IF_MODIFIED_SINCE": SAME}, GO),
        ({"IF_MATCH": '"now"'}, GO),
        ({"IF_MATCH": "*"}, GO),
        ({"IF_MATCH": 'W/"now"'}, FAILED),
        ({"IF_MATCH": '"old"'}, FAILED),
        ({"IF_MATCH": '"now"', "IF_UNMODIFIED_SINCE": BEFORE}, GO),
        ({"IF_MATCH": '"now"', "IF_NONE_MATCH": '"now"'}, KNOWN),
        ({"IF_UNMODIFIED_SINCE": BEFORE}, FAILED),
        ({"IF_UNMODIFIED_SINCE": SAME}, GO),
        ({"IF_UNMODIFIED_SINCE": "nonsense"}, GO),
        ({"IF_UNMODIFIED_SINCE": AFTER, "IF_MODIFIED_SINCE": AFTER}, KNOWN),
    ],
)
def test_preconditions_in_their_order(fields: dict[str, str], outcome: Outcome) -> None:
    """§13.2.2: If-Match before If-Unmodified-Since, then If-None-Match before If-Modified-Since."""
    assert evaluate({f"HTTP_{key}": value for key, value in fields.items()}, NOW) is outcome


@pytest.mark.parametrize(
    ("asked", "size", "span"),
    [
        (None, 10, None),
        ("bytes=0-0", 10, Span(0, 1)),
        ("bytes=0-9", 10, Span(0, 10)),
        ("bytes=5-100", 10, Span(5, 10)),
        ("bytes=5-", 10, Span(5, 10)),
        ("bytes=-1", 10, Span(9, 10)),
        ("bytes=-100", 10, Span(0, 10)),
        ("BYTES=0-0", 10, Span(0, 1)),
        (" bytes=0-0 ", 10, Span(0, 1)),
        ("bytes=10-", 10, UNSATISFIABLE),
        ("bytes=10-20", 10, UNSATISFIABLE),
        ("bytes=-0", 10, UNSATISFIABLE),
        ("bytes=0-", 0, UNSATISFIABLE),
        ("bytes=-5", 0, UNSATISFIABLE),
        ("bytes=5-4", 10, None),
        ("bytes=-", 10, None),
        ("bytes=", 10, None),
        ("bytes=a-b", 10, None),
        ("bytes=0-1,5-6", 10, None),
        ("bytes=+1-2", 10, None),
        ("lines=0-1", 10, None),
        ("bytes=" + "9" * 5000 + "-", 10, None),
    ],
)
def test_ranges(asked: str | None, size: int, span: Span | None) -> None:
    """§14.1: one range of bytes; what is not a valid one is ignored."""
    assert wanted_span({} if asked is None else {"HTTP_RANGE": asked}, NOW, size) == span


@pytest.mark.parametrize(
    ("if_range", "holds"),
    [
        ('"now"', True),
        ('"old"', False),
        ('W/"now"', False),
        (SAME, True),
        (AFTER, False),
        (BEFORE, False),
        ("?", False),
    ],
)
def test_if_range_wants_the_same_version_exactly(if_range: str, holds: bool) -> None:
    """§13.1.5: strong comparison, or the very same date."""
    span = wanted_span({"HTTP_RANGE": "bytes=0-1", "HTTP_IF_RANGE": if_range}, NOW, 10)
    assert span == (Span(0, 2) if holds else None)


@pytest.mark.parametrize(
    "text",
    [
        *("", "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 99999 08:49:37 GMT", "1", "\x80"),
        f"Sun, 06 Nov 1994 {'9' * 20}:49:37 GMT",
        f"Sun, 06 Nov 1994 08:49:37 +{'9' * 14}",
        f"Sun, 06 Nov 1994 08:49:{'9' * 5000} GMT",
    ],
    ids=lambda text: text[:40],
)
def test_nonsense_is_no_date(text: str) -> None:
    """Whatever the standard library raises about it."""
    assert parse_http_date(text) is None
