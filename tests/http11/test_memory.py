"""What the core remembers is bounded, holds nothing bad, and changes no answer."""

from collections.abc import Iterator
from typing import Any

import pytest

from server.http11 import reader, writer
from server.http11.errors import ProtocolError, ResponseError

LIMITS = reader.Limits()


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """Begin and end each test with nothing remembered."""
    memories: list[dict[Any, Any]] = [
        reader._lines,
        reader._sections,
        writer._lines,
        writer._status_lines,
        writer.heads,
    ]
    for memory in memories:
        memory.clear()
    yield
    for memory in memories:
        memory.clear()


def test_field_lines() -> None:
    """Field lines are remembered up to a number, and all forgotten beyond it; long and changing ones never get in."""
    room = reader._lines.ROOM
    for number in range(room):
        reader.parse_fields([f"X-{number}: a"])
    assert len(reader._lines) == room
    reader.parse_fields(["X-Next: a"])
    assert set(reader._lines) == {"X-Next: a"}
    reader.parse_fields(["X-Long: " + "a" * reader._lines.LONGEST, "Cookie: a=b", "Referer: http://a.example/"])
    assert set(reader._lines) == {"X-Next: a"}


def test_field_sections() -> None:
    """Field sections are remembered by the same rules, without their cookie."""
    memory = reader._sections
    for number in range(memory.ROOM):
        assert reader.parse_section(b"\r\nX-%d: a\r\nCookie: n=%d" % (number, number))["HTTP_COOKIE"] == f"n={number}"
    assert len(memory) == memory.ROOM
    assert not any(b"Cookie" in section for section in memory)
    reader.parse_section(b"\r\nX-Next: a")
    assert set(memory) == {b"\r\nX-Next: a"}
    reader.parse_section(b"\r\nX-Long: " + b"a" * memory.LONGEST)
    assert set(memory) == {b"\r\nX-Next: a"}


@pytest.mark.parametrize("line", ["X-A : b", "X-A: b\0", "Host: a b", "Content-Length: five", "no colon"])
def test_bad_lines_are_not_remembered(line: str) -> None:
    """A line that is refused once is refused again."""
    for _ in range(2):
        with pytest.raises(ProtocolError):
            reader.parse_head(f"GET / HTTP/1.1\r\nHost: a\r\n{line}".encode("latin-1"), LIMITS)
    assert not any(line.encode() in section for section in reader._sections)
    assert line not in reader._lines


@pytest.mark.parametrize(
    "section",
    [
        b"\r\nCookie: a=b",
        b"\r\nCookie: ",
        b"\r\nCookie:  a=b  ",
        b"\r\nCookie: a=b\r\nX-A: b",
        b"\r\nX-A: b\r\nCookie: a=b\r\nX-C: d",
        b"\r\nCookie: a=b\r\nX-A: b\r\nCookie: c=d",
        b"\r\ncookie: a=b\r\nCookie: c=d",
        b"\r\nCookie: a\tb\t",
        b"\r\nCookie: a=\xe9",
        b"\r\nX-Cookie: Cookie: a",
        b"\r\nX_Cookie: a\r\nCookie: b",
        b"",
    ],
)
def test_the_short_way_to_a_cookie_is_the_long_way(section: bytes) -> None:
    """A section with its cookie set aside parses as the lines do one by one, the first time and from memory."""
    expected = reader.parse_fields(section.decode("latin-1").split("\r\n")[1:])
    for _ in range(2):
        found = reader.parse_section(section)
        assert found == expected
        found["HTTP_CHANGED"] = "by its owner"


@pytest.mark.parametrize(
    "section",
    [
        b"\r\nCookie: a\0",
        b"\r\nCookie: a\nb",
        b"\r\nCookie: a\rb",
        b"\r\nCookie: a\x7f",
        b"\r\nCookie: a=b\r\n c=d",
        b"\r\nX-A: b\r\nCookie: a=b\r\n\tc",
        b"\r\n Cookie: a=b",
        b"\r\nCookie : a=b",
    ],
)
def test_a_bad_cookie_is_refused(section: bytes) -> None:
    """The short way lets nothing by."""
    for _ in range(2):
        with pytest.raises(ProtocolError):
            reader.parse_section(section)


def test_response_heads() -> None:
    """Rendered heads, fields and status lines are remembered up to a number each; long ones never get in."""
    for number in range(writer.heads.ROOM + 1):
        writer.heads["200 OK", ("X-A", str(number))]
    assert len(writer.heads) == 1
    writer.heads["200 OK", ("X-A", "a" * writer.heads.LONGEST)]
    assert len(writer.heads) == 1
    writer._lines.clear()
    for number in range(writer._lines.ROOM + 1):
        writer._lines["X-B", str(number)]
    assert len(writer._lines) == 1
    writer._lines["X-B", "a" * writer._lines.LONGEST]
    assert len(writer._lines) == 1
    writer._status_lines.clear()
    for number in range(writer._status_lines.ROOM + 1):
        writer._status_lines[f"200 {number}"]
    assert len(writer._status_lines) == 1


def test_bad_heads_are_not_remembered() -> None:
    """A head that is refused once is refused again."""
    for _ in range(2):
        with pytest.raises(ResponseError):
            writer.heads["200 OK", ("X-A", "a\r\nb")]
        with pytest.raises(ResponseError):
            writer.heads["20 OK",]
    assert not writer.heads
    assert not writer._lines
    assert set(writer._status_lines) == {"200 OK"}
