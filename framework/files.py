"""Files as responses: entity-tags, conditional requests, ranges, and the server's own way of sending."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

from framework.conditional import NOT_MODIFIED, PRECONDITION_FAILED, evaluate, http_date, wanted_range
from framework.errors import HTTPError
from framework.response import Response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from framework.request import Request

BLOCK = 64 * 1024  # bytes read at a time


def send_file(
    request: Request,
    path: str | Path,
    *,
    content_type: str | None = None,
    download_as: str | None = None,
    cache_control: str = "no-cache",
) -> Response:
    """Return a file as a response; raise HTTPError 404 if it is none, 412 or 416 as the client's conditions ask.

    ``path`` is trusted: it must not come from the client. ``download_as`` is the name under which browsers save it.
    """
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - the response closes it
    except OSError:
        raise HTTPError(404) from None
    try:
        return _answer(request, file, content_type or guess_type(str(path)), download_as, cache_control)
    except BaseException:
        file.close()
        raise


def _answer(request: Request, file: IO[bytes], kind: str, download_as: str | None, cache_control: str) -> Response:
    status = os.fstat(file.fileno())
    etag, modified = f'"{status.st_mtime_ns:x}-{status.st_size:x}"', status.st_mtime
    headers = {
        "ETag": etag,
        "Last-Modified": http_date(modified),
        "Accept-Ranges": "bytes",
        "Cache-Control": cache_control,
    }
    if download_as is not None:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(download_as, safe='')}"  # RFC 6266 §4.3
    outcome = evaluate(request.environ, etag, modified)
    if outcome == PRECONDITION_FAILED:
        raise HTTPError(PRECONDITION_FAILED)
    if outcome == NOT_MODIFIED:
        file.close()
        return Response(status=NOT_MODIFIED, headers=headers)
    part = wanted_range(request.environ, status.st_size, etag, modified)
    if part is None:
        headers["Content-Length"] = str(status.st_size)
        wrapper = request.environ.get("wsgi.file_wrapper", _Blocks)
        return Response(wrapper(file, BLOCK), 200, headers, kind)
    headers["Content-Length"] = str(len(part))
    headers["Content-Range"] = f"bytes {part[0]}-{part[-1]}/{status.st_size}"
    file.seek(part[0])
    return Response(_Blocks(file, BLOCK, len(part)), 206, headers, kind)


class _Blocks:
    """Read a file block by block; no generator, for one that never began would leave the file open."""

    def __init__(self, file: IO[bytes], size: int, left: float = math.inf) -> None:
        self._file = file
        self._size = size
        self._left = left
        self.close = file.close

    def __iter__(self) -> Iterator[bytes]:
        while block := self._file.read(int(min(self._size, self._left))):
            self._left -= len(block)
            yield block


def guess_type(name: str) -> str:
    """Return the media type that a file's name stands for; text is taken to be UTF-8."""
    import mimetypes  # noqa: PLC0415 - slow, and few need it

    kind, encoding = mimetypes.guess_type(name)
    if kind is None or encoding is not None:
        return "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
