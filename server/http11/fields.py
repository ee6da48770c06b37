"""Field sections: lines to values, checked, and what they say of the body and the connection (RFC 9112 §5 and §6).

What passed the grammar is remembered: a browser repeats ten of its twelve lines in every request, and a connection
mostly all of them but the cookie. Both memories are bounded, hold only short text, and are emptied when they are full.
"""

from typing import ClassVar, Final, NoReturn

from server.http11 import grammar
from server.http11.errors import (
    BadField,
    BadFraming,
    BadHost,
    ExpectationFailed,
    FieldsTooLarge,
    NotImplementedHere,
)
from server.http11.request import Section

COOKIE: Final = b"\r\nCookie: "

# RFC 9110 §5.3: only a list may be repeated. These are no lists, and each of them decides how a message is read.
SINGLE_FIELDS: Final = frozenset({"HTTP_HOST", "CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_AUTHORIZATION"})
REPEATED: Final = {"HTTP_HOST": BadHost, "CONTENT_LENGTH": BadFraming}
"""The errors of those that have one of their own."""

# What differs from client to client or from request to request is not worth remembering: it would push out what is.
CHANGING_FIELDS: Final = frozenset({"HTTP_COOKIE", "HTTP_REFERER", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE"})


class _Lines(dict[str, tuple[str, str]]):
    """Parsed field lines, remembered."""

    ROOM: ClassVar = 2048
    LONGEST: ClassVar = 256

    def __missing__(self, line: str) -> tuple[str, str]:
        entry = parse_field(line)
        if len(line) <= self.LONGEST and entry[0] not in CHANGING_FIELDS:
            if len(self) >= self.ROOM:
                self.clear()
            self[line] = entry
        return entry


_lines = _Lines()

SECTIONS_ROOM: Final = 256
LONGEST_SECTION: Final = 2048
_sections: Final[dict[str, dict[bytes, Section]]] = {"0": {}, "1": {}}
"""Parsed sections without their cookie, remembered by the minor version of their request."""


def parse_section(section: bytes, minor: str, most: int) -> tuple[Section, str | None]:
    """Parse a field section, each line with a CRLF before it; return it, and its cookie apart from it.

    Args:
        section: octets from the end of the request line on.
        minor: the digit of the request's HTTP/1 version.
        most: lines that it may have.

    Raises:
        BadField: a line breaks the grammar, or a field that may stand once is repeated.
        BadHost, BadFraming, ExpectationFailed, NotImplementedHere: a value is not one that this field may have.
        FieldsTooLarge: there are more lines.
    """
    start = section.rfind(COOKIE)
    if start < 0:
        parsed = _remembered(section, minor, most)
        _check_count(parsed.count, most)
        return parsed, None
    end = section.find(b"\r\n", start + 2)
    if end < 0:
        end = len(section)
    cookie = section[start + len(COOKIE) : end].decode("latin-1")
    parsed = _remembered(section[:start] + section[end:], minor, most)
    _check_count(parsed.count + 1, most)
    if "HTTP_COOKIE" in parsed.fields or not (cookie.isascii() and cookie.isprintable()):  # C's look at field-value
        return _parse(section, minor, most), None
    return parsed, cookie.strip(" ")


def _check_count(count: int, most: int) -> None:
    if count > most:
        raise FieldsTooLarge(f"there are over {most} fields")


def _remembered(section: bytes, minor: str, most: int) -> Section:
    if len(section) > LONGEST_SECTION:
        return _parse(section, minor, most)
    memory = _sections[minor]
    parsed = memory.get(section)
    if parsed is None:
        parsed = _parse(section, minor, most)
        parsed.repeats = True
        if len(memory) >= SECTIONS_ROOM:
            memory.clear()
        memory[section] = parsed
    return parsed


def _parse(section: bytes, minor: str, most: int) -> Section:
    _check_count(section.count(b"\r\n"), most)  # before the work of parsing them
    lines = section.decode("latin-1").split("\r\n")[1:]
    fields = parse_fields(lines)
    if "HTTP_HOST" not in fields and minor == "1":
        raise BadHost("an HTTP/1.1 request needs a Host field")
    length, chunked = 0, False
    if "HTTP_TRANSFER_ENCODING" in fields:
        chunked = _check_transfer_encoding(fields, minor)
    elif "CONTENT_LENGTH" in fields:
        length = int(fields["CONTENT_LENGTH"])
        fields["CONTENT_LENGTH"] = str(length)  # without the zeros that may stand before it
    expects = _expects_continue(fields["HTTP_EXPECT"]) if "HTTP_EXPECT" in fields else False
    return Section(
        fields,
        len(lines),
        content_length=length,
        chunked=chunked,
        keep_alive=_keep_alive(fields.get("HTTP_CONNECTION", ""), minor),
        # RFC 9110 §10.1.1: a server ignores the expectation of an HTTP/1.0 client.
        expect_continue=expects and minor == "1" and (chunked or length > 0),
    )


def parse_fields(lines: list[str]) -> dict[str, str]:
    """Turn the lines of a field section into values by meta-variable name.

    Raises:
        BadField: a line breaks the grammar, or a field that may stand once is repeated.
    """
    fields = dict(map(_lines.__getitem__, lines))
    if len(fields) != len(lines) or "" in fields:
        fields = _join_repeated(lines)
    return fields


def _join_repeated(lines: list[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in lines:
        name, value = _lines[line]
        if name not in fields:
            fields[name] = value
        elif name in SINGLE_FIELDS:
            raise REPEATED.get(name, BadField)(f"{field_name(name)} is repeated")
        else:
            fields[name] += ("; " if name == "HTTP_COOKIE" else ", ") + value
    fields.pop("", None)
    return fields


def parse_field(line: str) -> tuple[str, str]:
    """Split a field line into its meta-variable name and its value (RFC 9112 §5).

    A name with an underscore comes back as "" and is to be dropped: its meta-variable could not be told from that of
    the name with a hyphen, so `X_Forwarded_For` could pose as `X-Forwarded-For`.

    Raises:
        BadField: the line breaks the grammar.
        BadHost, BadFraming: the value is not one that this field may have.
    """
    match = grammar.FIELD_LINE.fullmatch(line)
    if match is None:
        _refuse_field(line)
    name, value = match.groups()
    if "_" in name:
        return "", ""
    variable = name.upper().replace("-", "_")
    value = value.rstrip(" \t")
    if variable not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
        variable = "HTTP_" + variable
    if variable == "HTTP_HOST" and grammar.HOST_VALUE.fullmatch(value) is None:
        raise BadHost("the Host field is not a host with an optional port")
    if variable == "CONTENT_LENGTH" and grammar.CONTENT_LENGTH.fullmatch(value) is None:
        raise BadFraming("Content-Length is not a plain decimal number")
    return variable, value


def field_name(variable: str) -> str:
    """Return the field's name for a meta-variable's, as a client would know it: `Content-Type`."""
    return variable.removeprefix("HTTP_").replace("_", "-").title()


def _refuse_field(line: str) -> NoReturn:
    name, colon, _ = line.partition(":")
    if line[:1] in {" ", "\t"}:
        raise BadField("a field line is folded over two lines")  # RFC 9112 §5.2: obs-fold
    if not colon:
        raise BadField("a field line has no colon")
    if grammar.TOKEN.fullmatch(name) is None:
        raise BadField("a field name has a character that is not allowed, or a space before the colon")
    raise BadField("a field value has a control character")


def _check_transfer_encoding(fields: dict[str, str], minor: str) -> bool:
    """Accept the one transfer coding known here, in the one place it may stand (RFC 9112 §6.1)."""
    if minor == "0":
        raise BadFraming("HTTP/1.0 knows no Transfer-Encoding")
    if "CONTENT_LENGTH" in fields:
        raise BadFraming("Content-Length and Transfer-Encoding together are how requests are smuggled")
    coding = fields["HTTP_TRANSFER_ENCODING"].lower()
    if coding != "chunked":
        codings = [name.strip(" \t") for name in coding.split(",")]
        if codings[-1] != "chunked" or codings.count("chunked") > 1:
            raise BadFraming("the last transfer coding is not chunked")
        raise NotImplementedHere("the only transfer coding known here is chunked")
    return True


def _expects_continue(expect: str) -> bool:
    """Tell whether the Expect field is of the one expectation known here, or is empty (RFC 9110 §10.1.1)."""
    expectations = {each.strip(" \t") for each in expect.lower().split(",")} - {""}
    if not expectations <= {"100-continue"}:
        raise ExpectationFailed("the only expectation known here is 100-continue")
    return bool(expectations)


def _keep_alive(connection: str, minor: str) -> bool:
    """Tell what the Connection field, or its absence, says of the connection's future (RFC 9112 §9.3)."""
    options = {option.strip(" \t") for option in connection.lower().split(",")}
    return "close" not in options and (minor == "1" or "keep-alive" in options)
