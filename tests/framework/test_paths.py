"""Percent-coding and the raw path."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.errors import HTTPError
from framework.paths import as_wsgi, decode, encode_path, encode_segment, raw_path, split_path

TEXT = st.text(st.characters(exclude_categories=["Cs"]))  # no lone surrogates: they have no UTF-8


@given(TEXT)
def test_segment_survives(text: str) -> None:
    """Any text comes back from its coded form, which holds no slash, no question mark and no dot segment."""
    coded = encode_segment(text)
    assert decode(coded) == text
    assert coded.isascii()
    assert not set(coded) & set("/?# ")
    assert coded not in {".", ".."}


@given(TEXT)
def test_path_survives(text: str) -> None:
    """A path of several segments comes back, slash by slash."""
    assert "/".join(split_path(encode_path(text))) == text


@pytest.mark.parametrize(
    ("coded", "text"),
    [
        ("", ""),
        ("a%2Fb", "a/b"),
        ("%E4%B8%AD", "中"),
        ("100%25", "100%"),
        ("a+b", "a+b"),
        ("%e4%b8%ad", "中"),
        ("\xe4\xb8\xad", "中"),  # raw bytes, in PEP 3333's Latin-1 clothes
        ("%00", "\0"),
    ],
)
def test_decode(coded: str, text: str) -> None:
    """Escapes and raw bytes are read as UTF-8."""
    assert decode(coded) == text


@pytest.mark.parametrize("coded", ["%", "%4", "%zz", "%ff", "%C3", "%C0%AF", "%ED%A0%80", "\xff"])
def test_decode_refuses(coded: str) -> None:
    """Broken escapes, overlong forms, surrogates and anything else that is not UTF-8 are the client's fault."""
    with pytest.raises(HTTPError) as caught:
        decode(coded)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("environ", "raw"),
    [
        ({"PATH_INFO": "/a"}, "/a"),
        ({"PATH_INFO": ""}, "/"),
        ({"PATH_INFO": "/a/b", "REQUEST_URI": "/a%2Fb"}, "/a%2Fb"),
        ({"PATH_INFO": "/a/b", "RAW_URI": "/a%2Fb?x=%2F"}, "/a%2Fb"),
        ({"PATH_INFO": "/a/b", "REQUEST_URI": "http://h:1/a%2Fb"}, "/a%2Fb"),
        ({"PATH_INFO": "/é", "REQUEST_URI": "/%E9"}, "/%E9"),
        ({"SCRIPT_NAME": "/m", "PATH_INFO": "/a/b", "REQUEST_URI": "/m/a%2Fb"}, "/a%2Fb"),
        ({"SCRIPT_NAME": "/m", "PATH_INFO": "", "REQUEST_URI": "/m"}, "/"),
        ({"SCRIPT_NAME": "/m n", "PATH_INFO": "/x y", "REQUEST_URI": "/m%20n/x%20y"}, "/x%20y"),
    ],
)
def test_raw_path_as_sent(environ: dict[str, Any], raw: str) -> None:
    """The request target is used, less its query, host and mount point."""
    assert raw_path(environ) == raw


@pytest.mark.parametrize(
    ("environ", "raw"),
    [
        ({"PATH_INFO": "/new", "REQUEST_URI": "/old"}, "/new"),
        ({"PATH_INFO": "/a b", "REQUEST_URI": "/old%2F"}, "/a%20b"),
        ({"PATH_INFO": "/a%b"}, "/a%25b"),
        ({"PATH_INFO": "/a?b"}, "/a?b"),
        ({"PATH_INFO": "/\xe4\xb8\xad"}, "/%E4%B8%AD"),
        ({"SCRIPT_NAME": "/m/n", "PATH_INFO": "/a%", "REQUEST_URI": "/m"}, "/a%25"),
        ({"PATH_INFO": "/a%41", "REQUEST_URI": "/a%41"}, "/a%2541"),
    ],
)
def test_raw_path_made_again(environ: dict[str, Any], raw: str) -> None:
    """PATH_INFO is coded again when there is no request target, or it tells of something else."""
    assert raw_path(environ) == raw


@given(st.lists(TEXT, min_size=1))
def test_raw_path_is_faithful(segments: list[str]) -> None:
    """With or without the request target, the path decodes to PATH_INFO; with it, segment by segment."""
    target = "".join(f"/{encode_segment(segment)}" for segment in segments)
    environ = {"SCRIPT_NAME": "", "PATH_INFO": as_wsgi(target.encode())}
    assert split_path(raw_path({**environ, "REQUEST_URI": target}))[1:] == segments
    assert "/".join(split_path(raw_path(environ))[1:]) == "/".join(segments)
