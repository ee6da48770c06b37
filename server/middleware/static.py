"""Serve the files of a directory as WSGI.

The path is taken as octets, its segments are checked as text, and then only the opened descriptor is asked what it is:
between a check by name and an open the name could change hands.
"""

import errno
import os
import re
import stat
from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus
from mimetypes import MimeTypes
from typing import Any, Final

from server.environ import Environ
from server.middleware.conditional import (
    UNSATISFIABLE,
    Outcome,
    Span,
    Validators,
    evaluate,
    http_date,
    wanted_span,
)
from server.wsgi import WSGIApplication

IMMUTABLE: Final = "public, max-age=31536000, immutable"
"""For a URL with `v=…` in its query: another content gets another URL."""
REVALIDATE: Final = "no-cache"
"""For all others: keep it, but ask before using it; the answer is a 304 of a few bytes."""

_IN_MEMORY: Final = 64 << 10  # below this, one read costs less than what sendfile saves
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY  # a FIFO must not block, nor a terminal be won
_OUT_OF_RESOURCES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO})
_KNOWN_FILES: Final = 4096
_VERSIONED: Final = re.compile(r"(?:^|&)v=[^&]")
_HIDDEN: Final = re.compile(r"(?:^|/)(?:\.|/|$)|[\0\\]")  # a segment that is empty or begins with a dot; NUL; backslash

_TYPES = MimeTypes()  # Python's own table: what the machine's /etc/mime.types says must not matter
for _type, _suffix in (
    ("text/javascript", ".js"),
    ("text/javascript", ".mjs"),
    ("font/woff", ".woff"),
    ("font/woff2", ".woff2"),
    ("image/webp", ".webp"),
    ("image/avif", ".avif"),
    ("image/x-icon", ".ico"),
    ("application/json", ".map"),
    ("application/manifest+json", ".webmanifest"),
    ("text/markdown", ".md"),
):
    _TYPES.add_type(_type, _suffix)
_UTF_8: Final = ("application/json", "application/manifest+json", "application/xml", "image/svg+xml")

NOSNIFF: Final = ("X-Content-Type-Options", "nosniff")


class StaticFiles:
    """Answer GET and HEAD under `prefix` with the files of `directory`; everything else is the application's.

    Directories, dotfiles and whatever lies outside of the directory, symbolic links followed, are 404.

    Args:
        app: what stands behind it.
        prefix: a URL path such as "/static", without a slash at its end.
        directory: resolved now, so that a later change of a symbolic link above it does not move it.
    """

    def __init__(self, app: WSGIApplication, prefix: str, directory: str) -> None:
        self._app = app
        self._prefix = prefix.rstrip("/") + "/"
        self._root = os.fsencode(os.path.realpath(directory)).rstrip(b"/") + b"/"
        self._inside: set[tuple[int, int, int]] = set()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        path: str = environ["PATH_INFO"]
        if not path.startswith(self._prefix) and path != self._prefix[:-1]:
            return self._app(environ, start_response)
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _refuse(start_response, HTTPStatus.METHOD_NOT_ALLOWED, ("Allow", "GET, HEAD"))
        name = self._name(path[len(self._prefix) :])
        descriptor = None if name is None else _opened(name)
        if name is None or descriptor is None:
            return _refuse(start_response, HTTPStatus.NOT_FOUND)
        try:
            status = os.fstat(descriptor)
            if not (stat.S_ISREG(status.st_mode) and self._is_inside(descriptor, name, status)):
                return _refuse(start_response, HTTPStatus.NOT_FOUND)
            return self._answer(environ, start_response, descriptor, status, content_type(path))
        finally:
            os.close(descriptor)

    def _name(self, relative: str) -> bytes | None:
        """Return the file name of a path under the prefix; None for one that must not be looked for."""
        return None if _HIDDEN.search(relative) else self._root + relative.encode("latin-1")  # octets (PEP 3333)

    def _is_inside(self, descriptor: int, name: bytes, status: os.stat_result) -> bool:
        """Tell whether an open file lies under the root; a file that was found to is known again by its inode.

        To ask the kernel costs as much as all the rest. A renamed file gets another ctime, so it is asked about anew.
        """
        known = (status.st_dev, status.st_ino, status.st_ctime_ns)
        if known in self._inside:
            return True
        if not _real_name(descriptor, name).startswith(self._root):
            return False
        if len(self._inside) >= _KNOWN_FILES:
            self._inside.clear()
        self._inside.add(known)
        return True

    def _answer(
        self, environ: Environ, start_response: Any, descriptor: int, status: os.stat_result, kind: str
    ) -> Iterable[bytes]:
        """Answer with the file, a part of it, or the news that the client has it already."""
        now = Validators(f'"{status.st_mtime_ns:x}-{status.st_size:x}"', int(status.st_mtime))
        fields = [
            ("ETag", now.etag),
            ("Last-Modified", http_date(now.modified)),
            ("Cache-Control", IMMUTABLE if _VERSIONED.search(environ["QUERY_STRING"]) else REVALIDATE),
        ]
        outcome = evaluate(environ, now)
        if outcome is Outcome.FAILED:
            return _refuse(start_response, HTTPStatus.PRECONDITION_FAILED)
        if outcome is Outcome.NOT_MODIFIED:
            start_response("304 Not Modified", fields)
            return []
        is_get = environ["REQUEST_METHOD"] == "GET"
        span = wanted_span(environ, now, status.st_size) if is_get else None  # a HEAD has no ranges (§14.2)
        if span is UNSATISFIABLE:
            whole = ("Content-Range", f"bytes */{status.st_size}")
            return _refuse(start_response, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, whole)
        sent = span or Span(0, status.st_size)
        fields += [("Content-Type", kind), ("Content-Length", str(sent.stop - sent.start)), NOSNIFF]
        fields.append(("Accept-Ranges", "bytes"))
        if span:
            fields.append(("Content-Range", f"bytes {span.start}-{span.stop - 1}/{status.st_size}"))
        body = _body(environ, descriptor, sent) if is_get else []
        start_response("206 Partial Content" if span else "200 OK", fields)
        return body


@lru_cache(maxsize=1024)
def content_type(path: str) -> str:
    """Return the media type that a path's suffix stands for, text always as UTF-8."""
    kind, encoding = _TYPES.guess_type(path, strict=True)
    if kind is None or encoding is not None:  # a .tar.gz is sent as what it is, not as a tar with a coding
        return "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") or kind in _UTF_8 else kind


def _opened(name: bytes) -> int | None:
    try:
        return os.open(name, _FLAGS)
    except (OSError, ValueError) as error:  # missing, forbidden, too long, a socket: all the same to a visitor
        if isinstance(error, OSError) and error.errno in _OUT_OF_RESOURCES:
            raise
        return None


def _real_name(descriptor: int, name: bytes) -> bytes:
    """Return the name of an open file with all symbolic links followed, from the kernel where it tells."""
    try:
        return os.readlink(b"/proc/self/fd/%d" % descriptor)  # noqa: PTH115 - on bytes, and on every request
    except OSError:
        return os.path.realpath(name)


def _body(environ: Environ, descriptor: int, span: Span) -> Iterable[bytes]:
    """Return a part of an open file: a short one in memory, a long one for the server to send."""
    length = span.stop - span.start
    if length <= _IN_MEMORY:
        return [os.pread(descriptor, length, span.start)]
    file = os.fdopen(os.dup(descriptor), "rb", 0)
    file.seek(span.start)
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](file)  # sends Content-Length bytes from there (PEP 3333)
    return wrapped


def _refuse(start_response: Any, status: HTTPStatus, *fields: tuple[str, str]) -> Iterable[bytes]:
    body = f"{status.value} {status.phrase}\n".encode()
    plain = ("Content-Type", "text/plain; charset=utf-8")
    start_response(f"{status.value} {status.phrase}", [plain, ("Content-Length", str(len(body))), NOSNIFF, *fields])
    return [body]
