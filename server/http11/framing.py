"""Bytes to bodies: how much of what follows a head belongs to it, with the coding taken off (RFC 9112 §6)."""

from typing import ClassVar, Final

from server.http11 import grammar
from server.http11.errors import BadChunk, ContentTooLarge, FieldsTooLarge
from server.http11.fields import SINGLE_FIELDS, field_name, parse_field
from server.http11.reader import Limits
from server.http11.request import Request

# RFC 9110 §6.5.1: framing, routing, modifiers of the request, authentication and the description of the content never
# come as a trailer.
FORBIDDEN_TRAILERS: Final = frozenset(
    {"HTTP_TRANSFER_ENCODING", "HTTP_CONTENT_ENCODING", "HTTP_CONTENT_RANGE", "HTTP_TE", "HTTP_TRAILER"}
    | {"HTTP_CONNECTION", "HTTP_KEEP_ALIVE", "HTTP_UPGRADE", "HTTP_EXPECT", "HTTP_MAX_FORWARDS", "HTTP_RANGE"}
    | {"HTTP_CACHE_CONTROL", "HTTP_PRAGMA", "HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_RANGE"}
    | {"HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE"}
    | {"HTTP_COOKIE", "HTTP_SET_COOKIE", "HTTP_PROXY_AUTHORIZATION"}
    | SINGLE_FIELDS
)
TRAILERS_TOO_LARGE: Final = "the trailer section is over the limits of a head"


class LengthReader:
    """A body of `Content-Length` octets (RFC 9112 §6.2)."""

    __slots__ = ("_remaining", "rest")

    def __init__(self, length: int) -> None:
        self._remaining = length
        self.rest: bytes | None = None
        """What came after the body, as soon as the body is whole; None until then."""

    def feed(self, data: bytes) -> bytes:
        """Take what arrived; return what of it belongs to the body."""
        piece = data[: self._remaining]
        self._remaining -= len(piece)
        if not self._remaining:
            self.rest = data[len(piece) :]
        return piece


class ChunkedReader:
    """A body in chunked coding, with its trailer section (RFC 9112 §7.1)."""

    __slots__ = ("_extensions", "_limits", "_line", "_remaining", "_size", "_trailer_size", "_trailers", "rest")

    # What `_remaining` says when it is no count of octets that the chunk still owes.
    SIZE_LINE: ClassVar = -1
    CHUNK_END: ClassVar = -2
    TRAILERS: ClassVar = -3

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._remaining = self.SIZE_LINE
        self._line = b""
        self._size = 0
        self._extensions = 0
        self._trailers: list[str] = []
        self._trailer_size = 0
        self.rest: bytes | None = None
        """As in `LengthReader`."""

    def feed(self, data: bytes) -> bytes:
        """Take what arrived; return what of it belongs to the body, the coding taken off.

        Raises:
            BadChunk: the coding is malformed.
            ContentTooLarge: a chunk's size goes over the limit of the body.
            FieldsTooLarge: the trailer section is over the limits of a head.
        """
        pieces = []
        position = 0
        while self.rest is None and position < len(data):
            if self._remaining > 0:
                piece = data[position : position + self._remaining]
                pieces.append(piece)
                position += len(piece)
                self._remaining = self._remaining - len(piece) or self.CHUNK_END
            else:
                position = self._take_line(data, position)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _take_line(self, data: bytes, position: int) -> int:
        """Collect one line of the coding, from wherever its pieces begin and end; act on it when it is whole."""
        end = data.find(b"\n", position) + 1
        self._line += data[position : end or len(data)]
        state, limits = self._remaining, self._limits
        longest = {self.CHUNK_END: 2, self.TRAILERS: limits.head + 2}.get(state, limits.chunk_line)
        if len(self._line) > longest and state == self.TRAILERS:
            raise FieldsTooLarge(TRAILERS_TOO_LARGE)
        if len(self._line) > longest:
            raise BadChunk("a chunk's line is too long, or a chunk longer than its size says")
        if not end:
            return len(data)
        if not self._line.endswith(b"\r\n"):
            raise BadChunk("a chunk's line ends in a bare LF")
        line, self._line = self._line[:-2].decode("latin-1"), b""
        if self._remaining == self.SIZE_LINE:
            self._on_size(line)
        elif self._remaining == self.CHUNK_END:  # two octets at most, so it is the CRLF
            self._remaining = self.SIZE_LINE
        elif line:
            self._on_trailer(line)
        else:
            _check_trailers(self._trailers)
            self.rest = data[end:]
        return end

    def _on_size(self, line: str) -> None:
        match = grammar.CHUNK_LINE.fullmatch(line)
        if match is None:
            raise BadChunk("a chunk's size is not a plain hexadecimal number, or its extension is malformed")
        self._extensions += len(match[2])
        if self._extensions > self._limits.chunk_extensions:
            raise BadChunk("the chunks carry too many extensions")
        size = int(match[1], 16)
        self._size += size
        if self._size > self._limits.body:
            raise ContentTooLarge(f"the body is over {self._limits.body} bytes")
        self._remaining = size or self.TRAILERS

    def _on_trailer(self, line: str) -> None:
        self._trailers.append(line)
        self._trailer_size += len(line)
        if self._trailer_size > self._limits.head or len(self._trailers) > self._limits.field_count:
            raise FieldsTooLarge(TRAILERS_TOO_LARGE)


def _check_trailers(lines: list[str]) -> None:
    """Hold trailers to the grammar, and drop them: WSGI has no place for them (RFC 9110 §6.5.1)."""
    for line in lines:
        name, _ = parse_field(line)
        if name in FORBIDDEN_TRAILERS:
            raise BadChunk(f"{field_name(name)} must not come as a trailer")


BodyReader = LengthReader | ChunkedReader


def body_reader(request: Request, limits: Limits) -> BodyReader:
    """Choose the reader that the request's framing asks for (RFC 9112 §6.3).

    Raises:
        ContentTooLarge: the length that the head states is over the limit.
    """
    section = request.section
    if section.content_length > limits.body:
        raise ContentTooLarge(f"the body is over {limits.body} bytes")
    return ChunkedReader(limits) if section.chunked else LengthReader(section.content_length)
