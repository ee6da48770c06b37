"""Bytes to requests: the head, in one piece or as it comes. What follows it is in `framing`."""

from dataclasses import dataclass
from typing import ClassVar, Final, NoReturn

from server.http11 import grammar
from server.http11.errors import (
    BadField,
    BadFraming,
    BadHost,
    BadRequestLine,
    BadTarget,
    ExpectationFailed,
    FieldsTooLarge,
    NotImplementedHere,
    ProtocolError,
    TargetTooLong,
    VersionNotSupported,
)
from server.http11.request import Request

END_OF_HEAD: Final = b"\r\n\r\n"
COOKIE: Final = b"\r\nCookie: "
CR: Final = 0x0D

# RFC 9110 §5.3: only a list may be repeated. These are no lists, and each of them decides how a message is read.
SINGLE_FIELDS: Final = frozenset({"HTTP_HOST", "CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_AUTHORIZATION"})
REPEATED: Final = {"HTTP_HOST": BadHost, "CONTENT_LENGTH": BadFraming}
"""The errors of those that have one of their own."""

# What differs from client to client or from request to request is not worth remembering: it would push out what is.
CHANGING_FIELDS: Final = frozenset({"HTTP_COOKIE", "HTTP_REFERER", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE"})


@dataclass(frozen=True, slots=True)
class Limits:
    """How large the parts of a request may be; sizes in bytes."""

    request_line: int = 8192
    field_count: int = 100
    head: int = 65536
    body: int = 16 << 20
    chunk_line: int = 256
    """A chunk's size with its extensions."""
    chunk_extensions: int = 4096
    """All extensions of one body together: nobody reads them, so they only cost (CVE-2023-39326)."""


class _Lines(dict[str, tuple[str, str]]):
    """Parsed field lines, remembered: a browser repeats ten of its twelve lines in every request.

    Only lines that passed the grammar get in, only short ones, and all are forgotten when there are too many.
    """

    ROOM: ClassVar = 2048
    LONGEST: ClassVar = 256

    def __missing__(self, line: str) -> tuple[str, str]:
        entry = parse_field(line)
        if len(line) <= self.LONGEST and entry[0] not in CHANGING_FIELDS:
            if len(self) >= self.ROOM:
                self.clear()
            self[line] = entry
        return entry


class _Sections(dict[bytes, dict[str, str]]):
    """Parsed field sections, remembered by the same rules: a connection mostly repeats all of it but the cookie."""

    ROOM: ClassVar = 256
    LONGEST: ClassVar = 2048

    def __missing__(self, section: bytes) -> dict[str, str]:
        fields = parse_fields(section.decode("latin-1").split("\r\n")[1:])
        if len(section) <= self.LONGEST:
            if len(self) >= self.ROOM:
                self.clear()
            self[section] = fields
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


_lines = _Lines()
_sections = _Sections()


def parse_fields(lines: list[str]) -> dict[str, str]:
    """Turn the lines of a field section into values by meta-variable name.

    Raises:
        BadField: a line breaks the grammar, or a field that may stand once is repeated.
    """
    fields = dict(map(_lines.__getitem__, lines))
    if len(fields) != len(lines) or "" in fields:
        fields = _join_repeated(lines)
    return fields


def parse_section(section: bytes) -> dict[str, str]:
    """Turn a field section, each line with a CRLF before it, into values by meta-variable name.

    Raises:
        BadField: as `parse_fields`.
    """
    start = section.rfind(COOKIE)
    if start < 0:
        return _sections[section].copy()
    end = section.find(b"\r\n", start + 2)
    cookie = section[start + len(COOKIE) : end if end > 0 else None].decode("latin-1")
    fields = _sections[section[:start] + section[end:] if end > 0 else section[:start]].copy()
    if "HTTP_COOKIE" in fields or not (cookie.isascii() and cookie.isprintable()):  # C's quick look at field-value
        return parse_fields(section.decode("latin-1").split("\r\n")[1:])
    fields["HTTP_COOKIE"] = cookie.strip(" ")
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


def parse_head(head: bytes, limits: Limits) -> Request:
    """Parse a request's head; `head` ends before the empty line.

    Raises:
        ProtocolError: the subclass that names the rule and carries the status.
    """
    try:
        if len(head) > limits.head:
            raise FieldsTooLarge(f"the head is over {limits.head} bytes")
        end_of_line = head.find(b"\r\n")
        if end_of_line < 0:
            end_of_line = len(head)
        if end_of_line > limits.request_line:
            raise TargetTooLong(f"the request line is over {limits.request_line} bytes")
        line, section = head[:end_of_line].decode("latin-1"), head[end_of_line:]
        if section.count(b"\r\n") > limits.field_count:
            raise FieldsTooLarge(f"there are over {limits.field_count} fields")
        match = grammar.REQUEST_LINE.fullmatch(line)
        if match is not None:
            method, target, path, query, minor = match.groups("")
            authority = ""
            if method == "CONNECT":
                raise BadTarget("CONNECT takes host:port as its target")
        else:
            method, target, minor = _split_request_line(line)
            authority, path, query = _split_target(method, target)
        fields = parse_section(section)
        if "HTTP_HOST" not in fields and minor == "1":
            raise BadHost("an HTTP/1.1 request needs a Host field")
        if authority:
            fields["HTTP_HOST"] = authority  # RFC 9112 §3.2.2: the target's host replaces the field's
        length, chunked, keep_alive, expect_continue = _framing(fields, minor)
        # _make, as the generated __new__ takes twice its time.
        return Request._make(
            (method, target, path, query, VERSIONS[minor], fields, length, chunked, keep_alive, expect_continue)
        )
    except ProtocolError:
        check_beginning(head, limits)  # what stands first is told, as it is to a client that sends byte by byte
        raise


VERSIONS: Final = {"0": "HTTP/1.0", "1": "HTTP/1.1"}


def _framing(fields: dict[str, str], minor: str) -> tuple[int, bool, bool, bool]:
    """Tell how long the body is and how the connection goes on: the last four fields of `Request`."""
    length, chunked = 0, False
    if "HTTP_TRANSFER_ENCODING" in fields:
        chunked = _check_transfer_encoding(fields, minor)
    elif "CONTENT_LENGTH" in fields:
        length = int(fields["CONTENT_LENGTH"])
    expect = fields.get("HTTP_EXPECT")
    if expect is not None and expect.lower() != "100-continue":
        raise ExpectationFailed("the only expectation known here is 100-continue")
    connection = fields.get("HTTP_CONNECTION")
    keep_alive = minor == "1"
    if connection is not None and connection != "keep-alive":
        options = {option.strip(" \t") for option in connection.lower().split(",")}
        keep_alive = "close" not in options and (keep_alive or "keep-alive" in options)
    elif connection is not None:
        keep_alive = True
    # RFC 9110 §10.1.1: a server ignores the expectation of an HTTP/1.0 client.
    return length, chunked, keep_alive, expect is not None and minor == "1" and (chunked or length > 0)


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


def _split_request_line(line: str) -> tuple[str, str, str]:
    """Take apart a request line that is not in the common form; say what is wrong with it if it is in none."""
    words = line.split(" ")
    if len(words) != 3:  # noqa: PLR2004 - method, target, version (RFC 9112 §3)
        raise BadRequestLine("the request line is not method, target and version, one space between them")
    method, target, version = words
    if grammar.TOKEN.fullmatch(method) is None:
        raise BadRequestLine("the method is not a token")
    match = grammar.VERSION.fullmatch(version)
    if match is None:
        raise BadRequestLine("the version is not HTTP/digit.digit")
    if match[1] != "1" or match[2] not in "01":
        raise VersionNotSupported("the only versions known here are HTTP/1.0 and HTTP/1.1")
    return method, target, match[2]


def _split_target(method: str, target: str) -> tuple[str, str, str]:
    """Split a target that is not in origin-form into authority, path and query (RFC 9112 §3.2)."""
    if method == "CONNECT":
        if grammar.HOST_VALUE.fullmatch(target) is None or not target.rpartition(":")[2].isdigit():
            raise BadTarget("CONNECT takes host:port as its target")
        raise NotImplementedHere("this server is no proxy: it does not CONNECT")
    if target == "*":
        if method != "OPTIONS":
            raise BadTarget("only OPTIONS takes * as its target")
        return "", "", ""  # RFC 3875 §4.1.5: a PATH_INFO that is not empty begins with a slash
    match = grammar.ABSOLUTE_FORM.fullmatch(target)
    if match is None:
        raise BadTarget("the target is no path, or has a character or percent-coding that is not allowed")
    authority, path, query = match.groups("")
    return authority, path or "/", query


class HeadReader:
    """Collects a head that comes in pieces, in linear time however small the pieces are."""

    __slots__ = ("_buffer", "_limits", "_searched", "_skipped")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._searched = 0
        self._skipped = False

    @property
    def has_begun(self) -> bool:
        """Whether anything but an empty line has come."""
        return len(self._buffer) > 0

    def feed(self, data: bytes) -> bytes | None:
        """Take what arrived; return it all as soon as it begins with a whole head.

        Raises:
            ProtocolError: no continuation can mend what came, so its sender need not be waited for.
        """
        self._buffer += data
        if not self._skipped and self._buffer.startswith(b"\r\n"):  # RFC 9112 §2.2: at least one empty line
            self._skipped = True
            del self._buffer[:2]
        if self._buffer.find(END_OF_HEAD, max(0, self._searched - 3)) >= 0:
            return bytes(self._buffer)
        check_beginning(self._buffer, self._limits, self._searched)
        self._searched = len(self._buffer)
        return None


def check_beginning(buffer: bytes | bytearray, limits: Limits, searched: int = 0) -> None:
    """Refuse the beginning of a head for what no continuation can mend.

    The fault that stands first is told, so that a head is refused for the same reason however its bytes were cut.
    `searched` octets are known to have no bare LF.
    """
    if buffer and grammar.TOKEN.match(buffer[:1].decode("latin-1")) is None and buffer != b"\r":
        raise BadRequestLine("the method is not a token")  # TLS spoken to a plain port, often
    line_feed = _bare_line_feed(buffer, searched)
    if line_feed > limits.request_line + 1 and buffer.find(b"\r\n", 0, limits.request_line + 2) < 0:
        raise TargetTooLong(f"the request line is over {limits.request_line} bytes")
    if line_feed >= limits.head + len(END_OF_HEAD):
        raise FieldsTooLarge(f"the head is over {limits.head} bytes")
    if line_feed < len(buffer):
        raise (BadField if b"\r\n" in buffer[:line_feed] else BadRequestLine)("a line ends in a bare LF")


def _bare_line_feed(buffer: bytes | bytearray, start: int) -> int:
    """Return where the first LF without a CR stands from `start` on; the length of `buffer` when there is none."""
    position = buffer.find(b"\n", start)
    while position > 0 and buffer[position - 1] == CR:
        position = buffer.find(b"\n", position + 1)
    return position if position >= 0 else len(buffer)
