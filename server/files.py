"""Files as responses: `wsgi.file_wrapper`, and the slices that are sent by sendfile (PEP 3333)."""

import io
import os
import stat
from typing import IO, Any, Final, NamedTuple


class FileSlice(NamedTuple):
    """A part of a regular file to be sent, by sendfile where the model can."""

    file: IO[bytes]
    offset: int
    size: int


OPEN_FILES: Final = frozenset({io.BufferedReader, io.BufferedRandom, io.FileIO})
"""What `open` returns for bytes."""


class FileWrapper:
    """`wsgi.file_wrapper`: a file as an application's iterable, sent by sendfile if it is a regular one (PEP 3333)."""

    def __init__(self, filelike: Any, block_size: int = 65536) -> None:
        self.filelike = filelike
        self.block_size = block_size
        if hasattr(filelike, "close"):
            self.close = filelike.close

    # Its own iterator, and seekable where the file is: middleware that sends a range keeps no more than `iter()` of it.
    def __iter__(self) -> "FileWrapper":
        return self

    def __next__(self) -> Any:
        if data := self.filelike.read(self.block_size):
            return data
        raise StopIteration

    def seekable(self) -> bool:
        """Tell whether `seek` and `tell` work."""
        return hasattr(self.filelike, "seekable") and bool(self.filelike.seekable())

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> Any:
        """Move to a place in the file, as `io.IOBase.seek` does."""
        return self.filelike.seek(offset, whence)

    def tell(self) -> Any:
        """Return the place in the file where the next block begins."""
        return self.filelike.tell()

    def as_slice(self) -> FileSlice | None:
        """Return what is left of the file as a slice; None when it is no regular file or seems to be empty."""
        # By its type, as a GzipFile has fileno(), too, but of the compressed file.
        raw = getattr(self.filelike, "raw", self.filelike)
        if type(self.filelike) not in OPEN_FILES or not isinstance(raw, io.FileIO):
            return None
        try:
            self.filelike.flush()  # what was written into it lately may not be on its way to the disk yet
            status = os.fstat(self.filelike.fileno())
            offset = self.filelike.tell()
        except (OSError, ValueError):  # a pipe has no place, a closed file nothing
            return None
        # A file of no size may have content all the same: /proc makes it when it is read.
        if not stat.S_ISREG(status.st_mode) or offset >= status.st_size:
            return None
        return FileSlice(self.filelike, offset, status.st_size - offset)
