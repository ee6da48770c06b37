"""The language of route patterns."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from framework.errors import RouteError
from framework.patterns import CONVERTERS, Converter, Segment, parse

DATE = Converter(r"\d{4}-\d\d-\d\d", date.fromisoformat, date.isoformat)


def last(pattern: str) -> Segment:
    """Return the last segment of a pattern that may use a date converter."""
    return parse(pattern, {**CONVERTERS, "date": DATE})[-1]


@pytest.mark.parametrize(
    ("pattern", "text", "values"),
    [
        ("/<x>", "a/b 中", ("a/b 中",)),
        ("/<x>", "line\nbreak", ("line\nbreak",)),
        ("/<x>", "", None),
        ("/<x:int>", "0042", (42,)),
        ("/<x:int>", "-1", None),
        ("/<x:int>", "4²", None),
        ("/<x:int>", "٤", None),
        ("/<x:int>", "9" * 19, None),
        ("/<x:[0-9]{6}>", "000007", ("000007",)),
        ("/<x:[0-9]{6}>", "0000071", None),
        ("/<x:[0-9]{6}>", "000007\n", None),
        ("/<x:a|b>", "b", ("b",)),
        ("/<x:a|b>.html", "a.html", ("a",)),
        ("/<x:(?:a|b)>", "b", ("b",)),
        ("/<x:(?i:abc)>", "ABC", ("ABC",)),
        ("/<x:(?<=^)\\d+>", "12", ("12",)),
        ("/<x>.html", "a.html.html", ("a.html",)),
        ("/<x>.html", "ahtml", None),
        ("/<x>.html", ".html", None),
        ("/<a>-<b:int>.svg", "x-y-30.svg", ("x-y", 30)),
        ("/<d:date>", "2024-02-29", (date(2024, 2, 29),)),
        ("/<d:date>", "2023-02-29", None),
        ("/<p:path>", "a/b/c", ("a/b/c",)),
        ("/<p:path>/edit", "a/edit/edit", ("a/edit",)),
    ],
)
def test_match(pattern: str, text: str, values: tuple[Any, ...] | None) -> None:
    """A segment matches its whole decoded text or nothing."""
    assert last(pattern).matcher()(text) == values


@pytest.mark.parametrize(
    ("pattern", "values", "built"),
    [
        ("/<x>", {"x": "a/b?#% 中"}, "a%2Fb%3F%23%25%20%E4%B8%AD"),
        ("/<x>", {"x": ".."}, "%2E%2E"),
        ("/<x:int>", {"x": 7}, "7"),
        ("/<d:date>", {"d": date(2024, 2, 29)}, "2024-02-29"),
        ("/<p:path>", {"p": "a/b c"}, "a/b%20c"),
        ("/<a>-<b>", {"a": "x-y", "b": "z"}, "x-y-z"),
    ],
)
def test_build(pattern: str, values: dict[str, Any], built: str) -> None:
    """Values are formatted and percent-coded."""
    assert last(pattern).build(values) == built


@pytest.mark.parametrize(
    ("pattern", "values"),
    [
        ("/<x>", {"x": ""}),
        ("/<x:int>", {"x": -1}),
        ("/<x:[0-9]{6}>", {"x": "7"}),
        ("/<a>-<b>", {"a": "x", "b": "y-z"}),  # would come back as x-y and z
        ("/<p:path>/<x>", {"p": "a", "x": "b/c"}),
    ],
)
def test_build_refuses(pattern: str, values: dict[str, Any]) -> None:
    """A value that would not come back is refused, and the message names it."""
    with pytest.raises(ValueError, match="does not fit"):
        last(pattern).build(values)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("stock", 'begins with "/"'),
        ("/<x", "lone"),
        ("/x>", "lone"),
        ("/<1x>", "Python name"),
        ("/<>", "Python name"),
        ("/<x:float>", "no converter 'float'; there are int, path, str"),
        ("/<x:>", "no converter ''"),
        ("/<x:[0-9>", "no good regular expression"),
        ("/<x:(a|b)>", "(?:…) for (…)"),
        ("/<x>/<x>", "twice"),
        ("/<a:path>/<b:path>", "second variable that takes slashes"),
    ],
)
def test_mistakes(pattern: str, message: str) -> None:
    """A wrong pattern says what is wrong with it."""
    with pytest.raises(RouteError) as caught:
        parse(pattern)
    assert message in str(caught.value)


def test_converter_without_groups() -> None:
    """A converter that captures groups of its own would shift those of the segment."""
    with pytest.raises(ValueError, match="only the variable itself"):
        Converter("(a)(b)")


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("/<x>.csv", "/<x>.html", False),
        ("/a-<x>", "/b-<x>", False),
        ("/a<x>", "/ab<x>", True),
        ("/<x:int>", "/7", True),
        ("/<x:int>", "/new", False),
        ("/new", "/<x>", True),
        ("/a", "/b", False),
        ("/<x:int>", "/<y:[a-z]+>", True),  # told apart by the expressions alone: not looked into
    ],
)
def test_may_meet(one: str, other: str, meet: bool) -> None:
    """Literal text tells segments apart."""
    assert last(one).may_meet(last(other)) is meet
