"""Addresses of static files that change when the file does, so that browsers may keep them for ever."""

from __future__ import annotations

from pathlib import Path

from framework.errors import RouteError
from framework.paths import encode_path


class StaticFiles:
    """Name the files below a directory by ``<prefix>/<path>?v=<content hash>``."""

    def __init__(self, directory: str | Path, prefix: str = "/static") -> None:
        self.directory = Path(directory).resolve()
        self.prefix = prefix
        self._versions: dict[Path, tuple[int, int, str]] = {}

    def url(self, path: str) -> str:
        """Return the address of a file, relative to the mount point; raise RouteError if there is none."""
        file = (self.directory / path).resolve()
        if not file.is_relative_to(self.directory) or not file.is_file():
            raise RouteError(f"there is no static file {path!r} in {self.directory}")
        return f"{self.prefix}/{encode_path(path)}?v={self._version(file)}"

    def _version(self, file: Path) -> str:
        status = file.stat()
        known = self._versions.get(file)
        if known is None or known[:2] != (status.st_mtime_ns, status.st_size):
            import hashlib  # noqa: PLC0415 - pulls in OpenSSL

            digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
            self._versions[file] = known = (status.st_mtime_ns, status.st_size, digest)
        return known[2]
