"""Responses to bytes: the head, the framing of the body, and when there is no body at all."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, Final, NamedTuple

from server.http11 import grammar
from server.http11.errors import ResponseError

LAST_CHUNK: Final = b"0\r\n\r\n"
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

# RFC 9110 §7.6.1 and PEP 3333: the connection is the server's business, an application must not speak of it.
HOP_BY_HOP: Final = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"}
    | {"te", "trailer", "transfer-encoding", "upgrade"}
)

Header = tuple[str, str]


def render_field(name: str, value: str) -> bytes:
    """Render one field of a response, line end included.

    Raises:
        ResponseError: the name is no token, the value has a control character, or the field is hop-by-hop.
    """
    name, value = _text(name), _text(value)
    if grammar.TOKEN.fullmatch(name) is None:
        raise ResponseError(f"{name!r} is no field name")
    if grammar.FIELD_VALUE.fullmatch(value) is None:
        raise ResponseError(f"the value of {name} has a control character or is not Latin-1: {value!r}")
    if name.lower() in HOP_BY_HOP:
        raise ResponseError(f"{name} belongs to the connection, not to the application (PEP 3333)")
    return f"{name}: {value}\r\n".encode("latin-1")


def _text(given: Any) -> str:
    """Return what a string holds: one of a subclass, of markup or an enumeration, may show itself as something else."""
    if not isinstance(given, str):
        raise ResponseError(f"a status, and a header's name and value, must be str, not {given!r} (PEP 3333)")
    return str.__str__(given)


class Head(NamedTuple):
    """Status line and fields of a response, rendered; the server's own fields and the empty line come after."""

    rendered: bytes
    status: int
    length: int | None
    """The Content-Length that was declared."""
    dated: bool
    """Whether the application gave a Date of its own."""
    named: bool
    """Whether the application gave a Server of its own."""
    endless: bool
    """Whether the body is an event stream: it never ends by itself, and who loses it comes back for the rest."""


class _Lines(dict[Header, tuple[bytes, str]]):
    """Rendered fields and their lower-case names, remembered: most come again soon. Bounded like `_FieldLines`."""

    ROOM: ClassVar = 1024
    LONGEST: ClassVar = 256

    def __missing__(self, header: Header) -> tuple[bytes, str]:
        if not isinstance(header, tuple):
            raise TypeError
        name, value = header
        entry = render_field(name, value), str.lower(name)
        if len(entry[0]) <= self.LONGEST:
            if len(self) >= self.ROOM:
                self.clear()
            self[header] = entry
        return entry


_lines = _Lines()
_SPECIAL = frozenset({"content-length", "content-type", "date", "server"})


def render_fields(headers: Iterable[Header]) -> tuple[bytes, dict[str, str]]:
    """Render the fields of a response in their order; return them, and the values of those the server looks at.

    Raises:
        ResponseError: one of them breaks a rule (see `render_field`), or Content-Length is repeated.
    """
    lines = []
    special: dict[str, str] = {}
    try:
        for header in headers:
            line, name = _lines[header]
            lines.append(line)
            if name in _SPECIAL:
                if name == "content-length" and name in special:
                    raise ResponseError("Content-Length is given twice")
                special[name] = header[1]
    except (TypeError, ValueError) as error:  # no pairs, or nothing that can be looked up
        raise ResponseError(f"headers must be (str, str) tuples, not {headers!r} (PEP 3333)") from error
    return b"".join(lines), special


def render_head(status: str, headers: Sequence[Header]) -> Head:
    """Render a response's status line ("200 OK", as PEP 3333 has it) and fields.

    Raises:
        ResponseError: the status or one of the fields breaks a rule.
    """
    line = _status_lines[status]
    fields, special = render_fields(headers)
    code, length = int(status[:3]), _declared(special.get("content-length"))
    if code == HTTPStatus.NO_CONTENT and length is not None:  # RFC 9110 §8.6: a 204 must not have one
        fields, _ = render_fields([header for header in headers if header[0].lower() != "content-length"])
        length = None
    endless = special.get("content-type", "").lower().startswith("text/event-stream")
    return Head(line + fields, code, length, "date" in special, "server" in special, endless)


class _Heads(dict[tuple[str, tuple[Header, ...]], Head]):
    """Rendered heads by status and headers, remembered: many applications have only a few. Bounded, too."""

    ROOM: ClassVar = 512
    LONGEST: ClassVar = 1024

    def __missing__(self, key: tuple[str, tuple[Header, ...]]) -> Head:
        head = render_head(*key)
        if len(head.rendered) <= self.LONGEST:
            if len(self) >= self.ROOM:
                self.clear()
            self[key] = head
        return head


heads: Final = _Heads()
"""Look a head up by `(status, headers)`; it is rendered, and may raise as `render_head` does, when it is not known."""


def _declared(value: str | None) -> int | None:
    if value is None:
        return None
    if grammar.CONTENT_LENGTH.fullmatch(value) is None:
        raise ResponseError(f"Content-Length is no plain decimal number: {value!r}")
    return int(value)


class _StatusLines(dict[str, bytes]):
    """Rendered status lines, remembered: a server knows some sixty of them."""

    ROOM: ClassVar = 256

    def __missing__(self, status: str) -> bytes:
        line = render_status(status)
        if len(self) >= self.ROOM:
            self.clear()
        self[status] = line
        return line


def render_status(status: str) -> bytes:
    """Render a status line; `status` is "200 OK" as PEP 3333 has it.

    Raises:
        ResponseError: it is not three digits (1xx excluded), a space and a reason without control characters.
    """
    match = grammar.STATUS.fullmatch(_text(status))
    if match is None:
        raise ResponseError(f"{status!r} is no status such as '200 OK', or has a control character")
    code, reason = match.groups("")
    return f"HTTP/1.1 {code} {reason}\r\n".encode("latin-1")  # RFC 9112 §4: the space stays without a reason


_status_lines = _StatusLines()


BODILESS: Final = frozenset({204, 304})
"""The final statuses that never have a body (RFC 9110 §6.4.1)."""


def plain(block: Any) -> bytes:
    """Return a block of a body as bytes that behave as bytes do, which those of a subclass need not.

    Raises:
        ResponseError: it is something else.
    """
    if not isinstance(block, bytes):
        raise ResponseError(f"a body is made of bytes, not of {type(block).__name__} (PEP 3333)")
    return bytes(block)


def chunk(data: bytes) -> bytes:
    """Frame `data`, which must not be empty, as one chunk (RFC 9112 §7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def render_early_hints(headers: list[Header]) -> bytes:
    """Render an informational 103 response (RFC 8297).

    Raises:
        ResponseError: one of the fields breaks a rule, or is a Content-Length (RFC 9110 §8.6).
    """
    fields, special = render_fields(headers)
    if "content-length" in special:
        raise ResponseError("hints have no body, so no Content-Length either")
    return b"HTTP/1.1 103 Early Hints\r\n" + fields + b"\r\n"
