"""The request body: spooled in memory, then in a temporary file; the application reads it as `wsgi.input`.

The whole body is here before the application is called, so a slow client never holds an application up, and
`wsgi.input` never blocks, never ends early and needs no Content-Length to be read (`wsgi.input_terminated`).
"""

import io
import logging
import tempfile
from typing import IO, Final

from server.http11.errors import SpoolFailed

log = logging.getLogger("minnow")


class NoInput(io.BufferedIOBase):
    """The `wsgi.input` of a request without a body: a file, but without a state, so that one serves all requests."""

    def read(self, _size: int | None = -1, /) -> bytes:
        """Return b"": there is nothing to read."""
        return b""

    read1 = readline = read

    def readable(self) -> bool:
        """Return True: it can be read, if in vain."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, _offset: int, _whence: int = 0, /) -> int:
        """Return 0: the beginning is the end."""
        return 0

    def tell(self) -> int:
        """Return 0."""
        return 0

    def close(self) -> None:
        """Do nothing: the next request reads from here, too."""


NO_INPUT: Final = NoInput()


class Body:
    """A request body on its way in.

    Args:
        memory: octets kept in memory before a temporary file takes over.
    """

    __slots__ = ("_in_memory", "_memory", "file", "size")

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self.file: IO[bytes] = io.BytesIO()
        """The body so far; a `wsgi.input` once it is whole and rewound."""
        self._in_memory = True
        self.size = 0
        """Octets written so far."""

    def write(self, piece: bytes) -> None:
        """Keep one more piece.

        Raises:
            SpoolFailed: the temporary file can't be written, the disk is full, say.
        """
        self.size += len(piece)
        try:
            if self._in_memory and self.size > self._memory:
                self._move_to_disk()
            self.file.write(piece)
        except OSError as error:
            raise _no_room(error) from error

    def _move_to_disk(self) -> None:
        file = tempfile.TemporaryFile(prefix="minnow-")  # noqa: SIM115 - `close` closes it
        head, self.file, self._in_memory = self.file, file, False
        head.seek(0)
        file.write(head.read())

    def rewind(self) -> None:
        """Go to the beginning: the body is whole.

        Raises:
            SpoolFailed: what was still buffered can't be written.
        """
        try:
            self.file.seek(0)
        except OSError as error:
            raise _no_room(error) from error

    def close(self) -> None:
        """Give the memory or the temporary file back; an application that kept `wsgi.input` reads no more."""
        try:
            self.file.close()
        except OSError:  # the flush of an abandoned body on a full disk; the descriptor is closed all the same
            return


def _no_room(error: OSError) -> SpoolFailed:
    """Tell the operator why, and the client no more than that."""
    log.error("a request body cannot be spooled: %s", error)
    return SpoolFailed("there is no room for the request body at the moment")
