"""A client that shows what is on the wire: it sends what it is told to and reads one response at a time."""

import contextlib
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from tests.server.running import PATIENCE

RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Answer:
    """A response, as far as it came."""

    status: int
    fields: dict[str, str]
    """Values by name in lower case."""
    body: bytes


class Client:
    """One connection to the server.

    Args:
        port: where the server listens on 127.0.0.1.
        buffer: bytes of the receive buffer; small ones make the server wait early.
    """

    def __init__(self, port: int, buffer: int | None = None) -> None:
        self.sock = socket.socket()
        self.sock.settimeout(PATIENCE)
        if buffer is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        try:
            self.sock.connect(("127.0.0.1", port))
        except OSError:
            self.sock.close()
            raise
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self.sock.makefile("rb")

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        self.sock.sendall(data)

    def ask(self, path: str, method: str = "GET", *fields: str, body: bytes = b"", version: str = "1.1") -> None:
        """Send a request."""
        lines = [f"{method} {path} HTTP/{version}", "Host: test", *fields]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join([*lines, "", ""]).encode() + body)

    def answer(self, *, to_head: bool = False) -> Answer:
        """Read one whole response; EOFError tells that it broke off."""
        status = int(self._line().split(b" ")[1])
        fields = {}
        while line := self._line():
            name, _, value = line.decode().partition(": ")
            fields[name.lower()] = value
        return Answer(status, fields, b"" if to_head or status < 200 else self._body(fields))

    def _line(self) -> bytes:
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError(line)
        return line[:-2]

    def _body(self, fields: dict[str, str]) -> bytes:
        if fields.get("transfer-encoding") == "chunked":
            return b"".join(self._chunks())
        if "content-length" in fields:
            return self.read(int(fields["content-length"]))
        return self.rest()

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._line(), 16):
            yield self.read(size)
            self._line()
        self._line()

    def read(self, size: int) -> bytes:
        """Read `size` bytes; EOFError if there are fewer."""
        data = self._file.read(size)
        if len(data) < size:
            raise EOFError(f"{len(data)} of {size} bytes")
        return data

    def rest(self) -> bytes:
        """Read until the server ends the connection; b"" if it has said no more."""
        return self._file.read()

    def reset(self) -> None:
        """Vanish: the server gets an RST instead of an end."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.close()

    def close(self) -> None:
        """Close."""
        self._file.close()
        self.sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self.close()
