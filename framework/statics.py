"""Addresses of static files that change when the file does, so that browsers may keep them for ever."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from framework.errors import HTTPError, RouteError
from framework.files import send_file
from framework.paths import encode_path

if TYPE_CHECKING:
    from framework.request import Request
    from framework.response import Response

FOR_EVER = "public, max-age=31536000, immutable"  # a year: RFC 8246 keeps browsers from asking again


class StaticFiles:
    """Name the files below a directory by ``<prefix>/<path>?v=<content hash>``."""

    def __init__(self, directory: str | Path, prefix: str = "/static") -> None:
        self.directory = Path(directory).resolve()
        if not self.directory.is_dir():
            raise RouteError(f"static files: there is no directory {self.directory}")
        self.prefix = prefix
        self._versions: dict[Path, tuple[int, int, str]] = {}

    def url(self, path: str) -> str:
        """Return the address of a file, relative to the mount point; raise RouteError if there is none."""
        file = self._find(path)
        if file is None:
            raise RouteError(f"there is no static file {path!r} in {self.directory}")
        return f"{self.prefix}/{encode_path(path)}?v={self._version(file)}"

    def serve(self, request: Request, path: str) -> Response:
        """Answer a request for a file: for ever, if the address holds the hash of the content.

        Raises HTTPError 404 if there is none.
        """
        file = self._find(path)
        if file is None:
            raise HTTPError(404)
        current = request.query.get("v") == self._version(file)
        return send_file(request, file, cache_control=FOR_EVER if current else "no-cache")

    def _find(self, path: str) -> Path | None:
        if path.endswith("/"):  # pathlib would drop it
            return None
        try:
            file = (self.directory / path).resolve()
            return file if file.is_relative_to(self.directory) and file.is_file() else None
        except (OSError, ValueError):  # a name too long, or with a NUL in it
            return None

    def _version(self, file: Path) -> str:
        status = file.stat()
        known = self._versions.get(file)
        if known is None or known[:2] != (status.st_mtime_ns, status.st_size):
            import hashlib  # noqa: PLC0415 - pulls in OpenSSL

            digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
            self._versions[file] = known = (status.st_mtime_ns, status.st_size, digest)
        return known[2]
