"""Bodies that are too large, and a disk that is too small."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from harness.peers import ours
from harness.processes import HOST, Server

from reliability.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 10 * 2**20
PIECE = bytes(65536)


def check_limit() -> Outcome:
    """Upload 1 GB against a limit of 10 MB: announced, then in chunks."""
    with tempfile.TemporaryDirectory(prefix="bench-spool-") as spool:
        command = partial(_command, LIMIT)
        with Server(command, environment={"TMPDIR": spool}) as server:
            announced, sent = _upload(server.port, announced=2**30)
            chunked, sent_chunked = _upload(server.port, chunked=True)
            time.sleep(0.5)
            left = spooled(server, Path(spool))
            goes_on = server.get()[0] == 200
    claims = {
        "1 GB announced: 413 at the head": announced == 413 and sent < 4 * 2**20,
        "1 GB in chunks: 413 soon after 10 MB": chunked == 413 and sent_chunked < 2 * LIMIT,
        "no temporary file is left": not left,
        "the server goes on": goes_on,
    }
    figures = {"bytes sent of what was announced": sent, "bytes sent in chunks": sent_chunked, "files left": left}
    return Outcome("too large a body", claims, figures)


def check_disk() -> Outcome:
    """Upload 20 MB while the disk for temporary files has 4 MB."""
    if os.geteuid():
        return Outcome("a full disk", skipped="only root can mount the small disk")
    with small_disk() as spool, Server(partial(_command, 64 * 2**20), environment={"TMPDIR": str(spool)}) as server:
        full, _ = _upload(server.port, announced=20 * 2**20)
        small, _ = _upload(server.port, announced=2**20)
        time.sleep(0.5)
        used = (stat := os.statvfs(spool)).f_blocks - stat.f_bfree
        left = spooled(server, spool)
        goes_on = server.get()[0] == 200
    claims = {
        "a body that does not fit: 503": full == 503,
        "the next one that fits: 200": small == 200,
        "the disk is empty afterwards": not left and used == 0,
        "the server goes on": goes_on,
    }
    return Outcome(
        "a full disk", claims, {"status when full": full, "status of a smaller body": small, "files left": left}
    )


@contextlib.contextmanager
def small_disk() -> Iterator[Path]:
    """Mount 4 MB of memory for a while."""
    with tempfile.TemporaryDirectory(prefix="bench-disk-") as name:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", name], check=True)
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "--lazy", name], check=True)


def spooled(server: Server, directory: Path) -> list[str]:
    """Return the temporary files in `directory`: those with a name, and those that a process still holds open."""
    found = [str(path) for path in directory.iterdir()]
    for pid in server.pids():
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                target = str(link.readlink())
                found += [target] if target.startswith(str(directory)) else []
    return found


def _command(limit: int, port: int) -> list[str]:
    return ours(port, "--body-limit", str(limit), app="apps:trials")


def _upload(port: int, *, announced: int = 0, chunked: bool = False) -> tuple[int, int]:
    """Send a body until the server answers; return the status (0: none came) and the bytes of body sent."""
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {announced}"
    piece = b"%x\r\n%b\r\n" % (len(PIECE), PIECE) if chunked else PIECE
    sent = 0
    with socket.create_connection((HOST, port), 20) as client:
        client.sendall(f"POST /upload HTTP/1.1\r\nHost: {HOST}\r\n{framing}\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError):
            while sent < (2**30 if chunked else announced) and not _answers(client):
                client.sendall(piece)
                sent += len(PIECE)
        try:
            answer = client.recv(4096)
        except ConnectionError:
            answer = b""
    return int(answer[9:12] or 0), sent


def _answers(client: socket.socket) -> bool:
    """Whether an answer, or the end, has come."""
    client.setblocking(False)
    try:
        client.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    finally:
        client.settimeout(20)
    return True
