"""The request body: spooled in memory, then in a temporary file; the application reads it as `wsgi.input`.

The whole body is here before the application is called, so a slow client never holds an application up, and
`wsgi.input` never blocks, never ends early and needs no Content-Length to be read (`wsgi.input_terminated`).
"""

import io
import tempfile
from collections.abc import Iterator
from typing import IO, Final

from server.http11.errors import ContentTooLarge, SpoolFailed


class NoInput:
    """The `wsgi.input` of a request without a body. It has no state, so one serves all requests."""

    def read(self, _size: int = -1, /) -> bytes:
        """Return b"": there is nothing to read."""
        return b""

    readline = read

    def readlines(self, _hint: int = -1, /) -> list[bytes]:
        """Return no lines."""
        return []

    def __iter__(self) -> Iterator[bytes]:
        return iter(())

    def close(self) -> None:
        """Do nothing: the next request reads from here, too."""


NO_INPUT: Final = NoInput()


class Body:
    """A request body on its way in.

    Args:
        limit: the most octets taken; one more raises `ContentTooLarge`.
        memory: octets kept in memory before a temporary file takes over.
    """

    __slots__ = ("_file", "_in_memory", "_limit", "_memory", "size")

    def __init__(self, limit: int, memory: int) -> None:
        self._limit = limit
        self._memory = memory
        self._file: IO[bytes] = io.BytesIO()
        self._in_memory = True
        self.size = 0
        """Octets written so far."""

    def write(self, piece: bytes) -> None:
        """Keep one more piece.

        Raises:
            ContentTooLarge: the body is over the limit.
            SpoolFailed: the temporary file can't be written, the disk is full, say.
        """
        self.size += len(piece)
        if self.size > self._limit:
            raise ContentTooLarge(f"the body is over {self._limit} bytes")
        try:
            if self._in_memory and self.size > self._memory:
                self._move_to_disk()
            self._file.write(piece)
        except OSError as error:
            raise SpoolFailed(f"the request body can't be spooled: {error}") from error

    def _move_to_disk(self) -> None:
        file = tempfile.TemporaryFile(prefix="minnow-")  # noqa: SIM115 - `close` closes it
        head, self._file, self._in_memory = self._file, file, False
        head.seek(0)
        file.write(head.read())

    def rewind(self) -> IO[bytes]:
        """Return the whole body as a file at its beginning.

        Raises:
            SpoolFailed: what was still buffered can't be written.
        """
        try:
            self._file.seek(0)
        except OSError as error:
            raise SpoolFailed(f"the request body can't be spooled: {error}") from error
        return self._file

    def close(self) -> None:
        """Give the memory or the temporary file back; an application that kept `wsgi.input` reads no more."""
        try:
            self._file.close()
        except OSError:  # the flush of an abandoned body on a full disk; the descriptor is closed all the same
            return
