"""Header fields and cookies: what goes in comes out, and nothing breaks out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.cookies import make_cookie, parse_cookies
from framework.headers import Headers


def test_names_have_no_case() -> None:
    """A field is found, replaced and deleted under any spelling."""
    headers = Headers({"X-One": "1"})
    headers["x-one"] = "2"
    assert (headers["X-ONE"], "x-One" in headers, list(headers)) == ("2", True, [("x-one", "2")])
    del headers["X-one"]
    assert (headers.get("X-One"), headers.fields()) == (None, [])
    with pytest.raises(KeyError):
        headers["X-One"]


def test_added_values_are_joined() -> None:
    """RFC 9110 §5.3: values of one field are joined by commas, but each cookie keeps its own line."""
    headers = Headers([("Vary", "Cookie"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    headers.add("Vary", "Accept")
    headers.vary("accept")
    headers.vary("Origin")
    assert headers.getlist("Vary") == ["Cookie", "Accept", "Origin"]
    assert headers.fields() == [("Vary", "Cookie, Accept, Origin"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    headers["Set-Cookie"] = "c=3"
    assert (headers.getlist("set-cookie"), headers["Set-Cookie"]) == (["c=3"], "c=3")
    del headers["Set-Cookie"]
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X", "a\r\nSet-Cookie: b=1"),
        ("X", "a\nb"),
        ("X", "a\rb"),
        ("X", "a\0b"),
        ("X", "a\x7fb"),
        ("X", "中"),
        ("X: y\r\nZ", "a"),
        ("", "a"),
        ("X Y", "a"),
        ("X:", "a"),
    ],
)
def test_injection(name: str, value: str) -> None:
    """A name or value that would break out of its line is refused by every way in."""
    headers = Headers()
    for enter in (lambda: Headers({name: value}), lambda: headers.add(name, value)):
        with pytest.raises(ValueError, match="header field"):
            enter()
    with pytest.raises(ValueError, match="header field"):
        headers[name] = value
    assert headers.fields() == []


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_cookie_values_survive(value: str) -> None:
    """Any text comes back, and cannot break out of its cookie."""
    pair, *attributes = make_cookie("name", value).split("; ")
    assert parse_cookies(f"a=1; {pair}; b=2") == {"a": "1", "name": value, "b": "2"}
    assert attributes == ["Path=/", "HttpOnly", "SameSite=Lax"]


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ({"max_age": 60}, "n=v; Max-Age=60; Path=/; HttpOnly; SameSite=Lax"),
        ({"secure": True, "same_site": "Strict"}, "n=v; Path=/; Secure; HttpOnly; SameSite=Strict"),
        ({"same_site": "None"}, "n=v; Path=/; Secure; HttpOnly; SameSite=None"),
        ({"http_only": False, "same_site": None}, "n=v; Path=/"),
        ({"path": "/a", "domain": "example.com", "max_age": 0}, "n=v; Max-Age=0; Domain=example.com; Path=/a; "),
    ],
)
def test_cookie_attributes(attributes: dict[str, Any], text: str) -> None:
    """Attributes are written as RFC 6265 names them; SameSite=None is never sent without Secure."""
    assert make_cookie("n", "v", **attributes).startswith(text)


@pytest.mark.parametrize(
    ("name", "value", "attributes"),
    [
        ("a b", "v", {}),
        ("a=b", "v", {}),
        ("a\r\nb", "v", {}),
        ("n", "v", {"path": "/; Secure"}),
        ("n", "v", {"domain": "a\r\nb"}),
        ("n", "v", {"same_site": "lax"}),
        ("n", "v" * 4096, {}),
    ],
)
def test_bad_cookies(name: str, value: str, attributes: dict[str, Any]) -> None:
    """What browsers would misread or drop without a word is refused here, with a word."""
    with pytest.raises(ValueError, match=r"cookie|same_site"):
        make_cookie(name, value, **attributes)


@pytest.mark.parametrize(
    ("header", "cookies"),
    [
        ("", {}),
        ("a=1;b=2", {"a": "1", "b": "2"}),
        ("a=1; a=2", {"a": "1"}),
        ('a="quoted"', {"a": "quoted"}),
        ("nonsense; a=b=c; =x", {"a": "b=c"}),
    ],
)
def test_parse_cookies(header: str, cookies: dict[str, str]) -> None:
    """Foreign spellings are read, and nonsense is passed over."""
    assert parse_cookies(header) == cookies
