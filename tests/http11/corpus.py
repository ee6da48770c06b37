"""The corpus in `requests/`: one rule a file, the bytes in NAME.http and what must come of them in NAME.toml.

`valid/` lists the requests that the application must see. `invalid/` names the status and the error class that refuse
the last request; `answered` counts those before it that are served, `ends` says that the error is only known when the
client ends its side. Both may lower limits in `[settings]`, so that a file for an over-long head is not itself long.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.server.sansio import split

ROOT = Path(__file__).parent / "requests"
NEXT = b"GET /trailing HTTP/1.1\r\nHost: trailing.example\r\n\r\n"
"""A request behind a request; behind a malformed one it must never be taken for one."""


@dataclass(frozen=True)
class Valid:
    """A file of requests that must reach the application."""

    name: str
    data: bytes
    rule: str
    request: list[dict[str, Any]]
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Invalid:
    """A file whose last request must be refused."""

    name: str
    data: bytes
    rule: str
    status: int
    error: str
    answered: int = 0
    ends: bool = False
    settings: dict[str, Any] = field(default_factory=dict)


def _files(kind: str) -> Iterator[dict[str, Any]]:
    for path in sorted((ROOT / kind).glob("*.http")):
        expected = tomllib.loads(path.with_suffix(".toml").read_text("utf-8"))
        yield {"name": path.stem, "data": path.read_bytes(), **expected}


VALID = [Valid(**each) for each in _files("valid")]
INVALID = [Invalid(**each) for each in _files("invalid")]


@dataclass(frozen=True)
class Cut:
    """A way of sending a file."""

    name: str
    size: int | None = None
    """Bytes at a time; None is all at once."""
    trailing: bytes = b""
    """What is sent behind it."""

    def __call__(self, data: bytes) -> list[bytes]:
        """Return the pieces to send."""
        data += self.trailing
        return split(data, self.size or len(data))


CUTS = [
    Cut("whole"),
    Cut("byte by byte", size=1),
    Cut("with trailing bytes", trailing=NEXT),
    Cut("byte by byte with trailing bytes", size=1, trailing=NEXT),
]
