"""Bytes to requests: the head, in one piece or as it comes. What follows it is in `framing`."""

from dataclasses import dataclass
from typing import Final

from server.http11 import grammar
from server.http11.errors import (
    BadField,
    BadRequestLine,
    BadTarget,
    FieldsTooLarge,
    Misdirected,
    NotImplementedHere,
    ProtocolError,
    TargetTooLong,
    VersionNotSupported,
)
from server.http11.fields import parse_section
from server.http11.request import Request, Section

END_OF_HEAD: Final = b"\r\n\r\n"
CR: Final = 0x0D


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
        authority, method, target, path, query, minor = parse_request_line(head[:end_of_line])
        section, cookie = parse_section(head[end_of_line:], minor, limits.field_count)
        if authority:
            section = _with_host(section, authority)
        return Request(method, target, path, query, VERSIONS[minor], section, cookie)
    except ProtocolError:
        check_beginning(head, limits)  # what stands first is told, as it is to a client that sends byte by byte
        raise


VERSIONS: Final = {"0": "HTTP/1.0", "1": "HTTP/1.1"}
MINORS: Final = {b"HTTP/1.1": "1", b"HTTP/1.0": "0"}
METHODS: Final = {name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}


def parse_request_line(line: bytes) -> tuple[str, str, str, str, str, str]:
    """Take a request line apart into authority, method, target, path, query and minor version (RFC 9112 §3).

    The authority is "" but for an absolute-form target. A line of a common method, version and nothing but plain octets
    in its target can't break the grammar; any other is held against it.

    Raises:
        BadRequestLine, BadTarget: the line breaks the grammar, or the target's form is not for this method.
        VersionNotSupported, NotImplementedHere, Misdirected: it keeps the grammar, and asks for what is not here.
    """
    words = line.split(b" ")
    if len(words) == 3:  # noqa: PLR2004 - method, target, version
        method, minor = METHODS.get(words[0]), MINORS.get(words[2])
        if method is not None and minor is not None:
            plain = words[1]
            if plain.startswith(b"/") and not plain.translate(None, grammar.PLAIN_TARGET):
                target = plain.decode("ascii")
                path, _, query = target.partition("?")
                return "", method, target, path, query, minor
    return _parse_request_line(line.decode("latin-1"))


def _parse_request_line(line: str) -> tuple[str, str, str, str, str, str]:
    match = grammar.REQUEST_LINE.fullmatch(line)
    if match is None:
        method, target, minor = _split_request_line(line)
        authority, path, query = _split_target(method, target)
        return authority, method, target, path, query, minor
    method, target, path, query, minor = match.groups("")
    if method == "CONNECT":
        raise BadTarget("CONNECT takes host:port as its target")
    return "", method, target, path, query, minor


def _with_host(section: Section, host: str) -> Section:
    """Return the section with the host that the target names, which replaces the field's (RFC 9112 §3.2.2)."""
    return Section(
        {**section.fields, "HTTP_HOST": host},
        section.count,
        content_length=section.content_length,
        chunked=section.chunked,
        keep_alive=section.keep_alive,
        expect_continue=section.expect_continue,
    )


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
    scheme, authority, path, query = match.groups("")
    if scheme.lower() == "https":  # RFC 9110 §7.4; a gateway that has taken TLS off sends the origin-form (§3.2.1)
        raise Misdirected("https is asked for, and this connection has no TLS")
    if not path and (method != "OPTIONS" or "?" in target):  # RFC 9110 §4.2.3: to OPTIONS, an empty path is like *
        path = "/"
    return authority, path, query


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
