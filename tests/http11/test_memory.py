"""What the core remembers is bounded, holds nothing bad, and changes no answer."""

from collections.abc import Iterator
from typing import Any

import pytest

from server.http11 import fields, reader, writer
from server.http11.errors import ProtocolError, ResponseError

LIMITS = reader.Limits()


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """Begin and end each test with nothing remembered."""
    memories: list[dict[Any, Any]] = [
        fields._lines,
        *fields._sections.values(),
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
    room = fields._lines.ROOM
    for number in range(room):
        fields.parse_fields([f"X-{number}: a"])
    assert len(fields._lines) == room
    fields.parse_fields(["X-Next: a"])
    assert set(fields._lines) == {"X-Next: a"}
    fields.parse_fields(["X-Long: " + "a" * fields._lines.LONGEST, "Cookie: a=b", "Referer: http://a.example/"])
    assert set(fields._lines) == {"X-Next: a"}


HOST = b"\r\nHost: a"


def parse(section: bytes, minor: str = "1", most: int = 100) -> dict[str, str]:
    """Return all values of a section, its cookie among them."""
    parsed, cookie = fields.parse_section(section, minor, most)
    return parsed.fields if cookie is None else {**parsed.fields, "HTTP_COOKIE": cookie}


def test_field_sections() -> None:
    """Field sections are remembered by the same rules, without their cookie, and say so."""
    memory = fields._sections["1"]
    for number in range(fields.SECTIONS_ROOM):
        found = parse(b"%b\r\nX-%d: a\r\nCookie: n=%d" % (HOST, number, number))
        assert found["HTTP_COOKIE"] == f"n={number}"
    assert len(memory) == fields.SECTIONS_ROOM
    assert not any(b"Cookie" in section for section in memory)
    assert fields.parse_section(HOST, "1", 100)[0].repeats
    assert set(memory) == {HOST}
    assert not fields.parse_section(HOST + b"\r\nX: " + b"a" * fields.LONGEST_SECTION, "1", 100)[0].repeats
    assert set(memory) == {HOST}


@pytest.mark.parametrize("minor", ["0", "1"])
def test_a_section_is_remembered_for_its_version(minor: str) -> None:
    """What a section means depends on the version: a connection goes on by default in HTTP/1.1 only."""
    for _ in range(2):
        assert fields.parse_section(HOST, minor, 100)[0].keep_alive == (minor == "1")


def test_a_remembered_section_has_too_many_lines_all_the_same() -> None:
    """The limit holds for what was let in under a larger one, and counts the cookie."""
    section = HOST + b"\r\nX-A: b\r\nX-A: c\r\nCookie: a=b"
    for most in (4, 100):
        assert parse(section, most=most)["HTTP_X_A"] == "b, c"
    for short in (section, HOST + b"\r\nX-A: b\r\nX-A: c\r\nX-B: d", b"\r\ncookie: a=b" + section[:-4]):
        with pytest.raises(ProtocolError, match="over 3 fields"):
            parse(short, most=3)


@pytest.mark.parametrize("line", ["X-A : b", "X-A: b\0", "Host: a b", "Content-Length: five", "no colon"])
def test_bad_lines_are_not_remembered(line: str) -> None:
    """A line that is refused once is refused again."""
    for _ in range(2):
        with pytest.raises(ProtocolError):
            reader.parse_head(f"GET / HTTP/1.1\r\nHost: a\r\n{line}".encode("latin-1"), LIMITS)
    assert not any(line.encode() in section for section in fields._sections["1"])
    assert line not in fields._lines


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
    expected = fields.parse_fields((HOST + section).decode("latin-1").split("\r\n")[1:])
    for _ in range(2):
        assert parse(HOST + section) == expected


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
            parse(HOST + section)


def test_response_heads() -> None:
    """Rendered heads, fields and status lines are remembered up to a number each; long ones never get in."""
    for number in range(writer.heads.ROOM + 1):
        writer.heads["200 OK", (("X-A", str(number)),)]
    assert len(writer.heads) == 1
    writer.heads["200 OK", (("X-A", "a" * writer.heads.LONGEST),)]
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
            writer.heads["200 OK", (("X-A", "a\r\nb"),)]
        with pytest.raises(ResponseError):
            writer.heads["20 OK", ()]
    assert not writer.heads
    assert not writer._lines
    assert set(writer._status_lines) == {"200 OK"}
