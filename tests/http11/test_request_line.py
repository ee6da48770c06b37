"""The short way through a request line is the grammar's way."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.http11 import grammar, reader
from server.http11.errors import ProtocolError
from tests.http11.streams import STREAMS

WORDS = st.sampled_from(
    [b"GET", b"get", b"POST", b"CONNECT", b"OPTIONS", b"/", b"/a?b", b"*", b"http://a/", b"HTTP/1.1"]
)
LINES = st.lists(st.one_of(WORDS, st.binary(max_size=6)), max_size=4).map(b" ".join)


def outcome(parse: Any, line: bytes | str) -> Any:
    """Return what a way through a line comes to, an error by its class."""
    try:
        return parse(line)
    except ProtocolError as error:
        return type(error)


@given(st.one_of(LINES, STREAMS.map(lambda stream: stream.split(b"\r\n")[0])))
def test_any_line(line: bytes) -> None:
    """A line comes to the same, by its octets alone and by the grammar."""
    expected = outcome(reader._parse_request_line, line.decode("latin-1"))
    assert outcome(reader.parse_request_line, line) == expected


@pytest.mark.parametrize("octet", range(256))
def test_any_octet_of_a_target(octet: int) -> None:
    """An octet that the short way lets through stands for itself by the grammar, in a path as in a query."""
    for target in (b"/a%bb", b"/a?b%bc"):
        line = b"GET " + target % bytes([octet]) + b" HTTP/1.1"
        expected = outcome(reader._parse_request_line, line.decode("latin-1"))
        assert outcome(reader.parse_request_line, line) == expected
        if octet in grammar.PLAIN_TARGET:
            assert expected[2].encode() == target % bytes([octet])
