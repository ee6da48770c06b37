"""Queries and forms: parsing, and typed access."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.errors import HTTPError
from framework.multidict import FIELD_LIMIT, MultiDict, parse_pairs

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.tuples(TEXT.filter(bool), TEXT)))
def test_pairs_survive(pairs: list[tuple[str, str]]) -> None:
    """Whatever urlencode writes is read back."""
    assert parse_pairs(urlencode(pairs)) == pairs


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("", []),
        ("a", [("a", "")]),
        ("a=1&a=2&&b=", [("a", "1"), ("a", "2"), ("b", "")]),
        ("q=a+b%2Bc", [("q", "a b+c")]),
        ("q=\xe4\xb8\xad", [("q", "中")]),
        ("a=b=c", [("a", "b=c")]),
    ],
)
def test_parse_pairs(text: str, pairs: list[tuple[str, str]]) -> None:
    """Empty names, plus signs, raw bytes and second equals signs are read as browsers write them."""
    assert parse_pairs(text) == pairs


@pytest.mark.parametrize(("text", "status"), [("q=%ff", 400), ("%zz=1", 400), ("a&" * FIELD_LIMIT, 413)])
def test_parse_refuses(text: str, status: int) -> None:
    """Nonsense is a 400, a flood a 413."""
    with pytest.raises(HTTPError) as caught:
        parse_pairs(text)
    assert caught.value.status == status


def test_access() -> None:
    """Plain access gives the first value; a missing one is the client's fault."""
    values = MultiDict([("a", "1"), ("a", "2"), ("b", "")])
    assert (values["a"], values.get("a"), values.getlist("a")) == ("1", "1", ["1", "2"])
    assert (values.get("c"), values.get("c", "x"), values.getlist("c")) == ("", "x", [])
    assert ("a" in values, "c" in values, list(values), len(values)) == (True, False, ["a", "b"], 2)
    with pytest.raises(HTTPError, match=r"400 Bad Request: c is missing\."):
        values["c"]
