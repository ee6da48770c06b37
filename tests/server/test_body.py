"""Request bodies: kept in memory, then on disk, then nowhere."""

import errno
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest

from server.body import Body
from server.http11.errors import SpoolFailed
from server.session import Want
from tests.server.sansio import Client, answer, answers


def open_files() -> set[str]:
    """Return what this process has open."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            found.add(str(descriptor.readlink()))
        except FileNotFoundError:  # the one that listed the directory
            continue
    return found


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], set[str]]:
    """Let temporary files be made in an own directory; return what tells those that are open."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return lambda: {name for name in open_files() if name.startswith(str(tmp_path))}


@pytest.mark.parametrize(("size", "files"), [(0, 0), (9, 0), (10, 0), (11, 1), (100_000, 1)])
def test_the_mark(size: int, files: int, spool: Callable[[], set[str]]) -> None:
    """Up to the mark a body stays in memory; over it, all of it is in one file, which has no name and soon no life."""
    body = Body(memory=10)
    for start in range(0, size, 7):
        body.write(b"x" * min(7, size - start))
    body.rewind()
    assert body.size == size
    assert len(spool()) == files
    assert body.file.read() == b"x" * size
    body.close()
    assert spool() == set()
    with pytest.raises(ValueError, match="closed"):
        body.file.read()


def full_disk(**_: Any) -> IO[bytes]:
    """Open a file on a disk that is always full."""
    return open("/dev/full", "w+b")  # noqa: PTH123 - as tempfile does


def no_directory(**_: Any) -> IO[bytes]:
    """Fail as tempfile does when there is no directory to write to."""
    raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")


@pytest.mark.parametrize("size", [100, 100_000], ids=["found out at the end", "found out at once"])
@pytest.mark.parametrize("opens", [full_disk, no_directory])
def test_a_full_disk(opens: Callable[..., IO[bytes]], size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever the disk turns out to be full, it is SpoolFailed, and the file is closed without a sound."""
    monkeypatch.setattr(tempfile, "TemporaryFile", opens)
    body = Body(memory=10)
    with pytest.raises(SpoolFailed):  # noqa: PT012 - in one of the two
        body.write(b"x" * size)
        body.rewind()
    body.close()
    assert body.file.closed


POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b"


@pytest.mark.parametrize("size", [100, 100_000])
def test_the_server_goes_on_after_a_full_disk(
    size: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A body that finds no room is answered with 503; the log says why, the next client is served."""
    data = POST % (size, b"x" * size)
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "TemporaryFile", full_disk)
        client = Client(body_memory=10).send(data)
        assert answer(client.output).status == 503
        assert b"space" not in client.output
        assert "a request body cannot be spooled: [Errno 28] No space left on device" in caplog.text
        assert client.wants is Want.LINGER
        assert client.echo.calls == []
        assert client.records[0].status == 503
        client.finish()
        assert "/dev/full" not in open_files()
    later = Client(body_memory=10).send(data)
    assert answer(later.output).status == 200


def test_the_file_is_gone_after_the_request(spool: Callable[[], set[str]]) -> None:
    """The file lives as long as its request: the application sees it, the next request does not."""
    during = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        during.append(len(spool()))
        start_response("200 OK", [])
        return [environ["wsgi.input"].read()]

    client = Client(app, body_memory=10).send(POST % (20, b"x" * 20), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert during == [1, 0]
    assert [each.body for each in answers(client.output)] == [b"x" * 20, b""]
    assert spool() == set()


@pytest.mark.parametrize("end", [Client.finish, Client.close], ids=["ends", "vanishes"])
def test_the_file_is_gone_when_the_client_leaves(
    end: Callable[[Client], Client], spool: Callable[[], set[str]]
) -> None:
    """A client that leaves in the middle of its upload leaves nothing behind."""
    client = Client(body_memory=10).send(POST % (1000, b"x" * 500))
    assert client.wants is Want.BODY
    assert len(spool()) == 1
    end(client)
    assert spool() == set()
    assert client.echo.calls == []


def test_the_file_is_gone_after_a_bad_chunk(spool: Callable[[], set[str]]) -> None:
    """Nor does a body that breaks the rules late."""
    chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n" + b"x" * 20 + b"\r\n"
    client = Client(body_memory=10).send(chunked)
    assert len(spool()) == 1
    client.send(b"zz\r\n")
    assert answer(client.output).status == 400
    assert spool() == set()
