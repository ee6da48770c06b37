"""`wsgi.file_wrapper`: what can be sent as a slice is, and everything else as it reads."""

import gzip
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from server.session import Want
from server.wsgi import Environ, FileSlice, FileWrapper
from tests.server.apps import Start
from tests.server.sansio import Client, answer, get

CONTENT = bytes(range(256)) * 1024
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file of 256 KiB."""
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


def sending(file: Any, *headers: tuple[str, str], status: str = "200 OK", **options: Any) -> Callable[..., Any]:
    """Make an application that sends a file."""

    def app(environ: Environ, start_response: Start) -> Any:
        start_response(status, list(headers))
        return environ["wsgi.file_wrapper"](file, **options)

    return app


class OnlyRead:
    """The least that PEP 3333 asks of a file: read()."""

    def __init__(self, content: bytes) -> None:
        self.read = io.BytesIO(content).read


def slices(client: Client) -> list[FileSlice]:
    """Return what was to be sent by sendfile."""
    return [step for step in client.steps if isinstance(step, FileSlice)]


@pytest.mark.parametrize("offset", [0, 1, len(CONTENT) - 1])
@pytest.mark.parametrize("buffering", [0, -1], ids=["raw", "buffered"])
def test_a_regular_file_is_a_slice(path: Path, buffering: int, offset: int) -> None:
    """A regular file goes by sendfile, from where it stands to its end, with a Content-Length; then it is closed."""
    file = path.open("rb", buffering)
    file.read(offset)
    client = Client(sending(file)).send(GET)
    told = answer(client.output)
    assert told.body == CONTENT[offset:]
    assert int(told.fields["content-length"]) == len(CONTENT) - offset
    assert slices(client) == [FileSlice(file, offset, len(CONTENT) - offset)]
    assert client.wants is Want.REQUEST
    assert client.records[0].sent == len(CONTENT) - offset
    assert file.closed


@pytest.mark.parametrize("offset", [len(CONTENT), len(CONTENT) + 5])
def test_nothing_left(path: Path, offset: int) -> None:
    """A file at its end has an empty body, and the connection goes on: there is no slice of no bytes."""
    file = path.open("rb")
    file.seek(offset)
    client = Client(sending(file)).send(GET)
    assert answer(client.output).fields["content-length"] == "0"
    assert slices(client) == []
    assert client.wants is Want.REQUEST


def test_an_empty_file(tmp_path: Path) -> None:
    """A file of no bytes is a response of no bytes."""
    (tmp_path / "empty").touch()
    client = Client(sending((tmp_path / "empty").open("rb"))).send(GET)
    assert answer(client.output).body == b""
    assert slices(client) == []


@pytest.mark.parametrize(("declared", "sent"), [(0, 0), (10, 10), (len(CONTENT), len(CONTENT))])
def test_content_length_bounds_the_slice(path: Path, declared: int, sent: int) -> None:
    """A part of a file (of a Range, say) is sent by seek and Content-Length."""
    client = get(sending(path.open("rb"), ("Content-Length", str(declared))))
    assert answer(client.output).body == CONTENT[:sent]
    assert client.records[0].sent == sent


@pytest.mark.parametrize("opened", [io.BytesIO, OnlyRead], ids=["BytesIO", "only read"])
@pytest.mark.parametrize("declared", [0, 1, 10, 16, 25, len(CONTENT)])
def test_content_length_bounds_what_is_read(opened: Callable[[bytes], Any], declared: int) -> None:
    """The file is sent "until Content-Length bytes have been written" (PEP 3333), and the connection goes on."""
    app = sending(opened(CONTENT), ("Content-Length", str(declared)), block_size=16)
    client = Client(app).send(GET)
    assert answer(client.output).body == CONTENT[:declared]
    assert client.wants is Want.REQUEST


def test_content_length_bounds_what_is_read_after_write() -> None:
    """What `write` has sent counts."""

    def app(environ: Environ, start_response: Start) -> Any:
        start_response("200 OK", [("Content-Length", "10")])(b"first")
        return environ["wsgi.file_wrapper"](io.BytesIO(CONTENT))

    client = Client(app).send(GET)
    assert answer(client.output).body == b"first" + CONTENT[:5]
    assert client.wants is Want.REQUEST


def test_content_length_beyond_the_file_gives_500(path: Path) -> None:
    """A file that is too short for what was promised is found out before the promise goes."""
    assert answer(get(sending(path.open("rb"), ("Content-Length", str(len(CONTENT) + 1)))).output).status == 500


@pytest.mark.parametrize(("method", "status"), [("HEAD", "200 OK"), ("GET", "304 Not Modified"), ("GET", "204 None")])
@pytest.mark.parametrize("length", [None, "10", "1000000"])
def test_no_slice_where_no_body_belongs(path: Path, method: str, status: str, length: str | None) -> None:
    """HEAD, 204 and 304 carry no body, whatever its length would be; the file is closed all the same."""
    file = path.open("rb")
    headers = [] if length is None else [("Content-Length", length)]
    client = get(sending(file, *headers, status=status), method=method)
    assert answer(client.output).status == int(status[:3])
    assert answer(client.output).body == b""
    assert slices(client) == []
    assert file.closed


def test_a_temporary_file_is_a_slice() -> None:
    """What `tempfile.TemporaryFile` gives is a regular file, too."""
    with tempfile.TemporaryFile() as file:
        file.write(CONTENT)
        file.seek(10)
        client = get(sending(file))
    assert answer(client.output).body == CONTENT[10:]
    assert len(slices(client)) == 1


def _compressed(path: Path) -> gzip.GzipFile:
    path.write_bytes(gzip.compress(CONTENT))
    return gzip.open(path)


def _named(path: Path) -> Any:
    file = tempfile.NamedTemporaryFile(dir=path.parent)  # noqa: SIM115 - the server closes it
    file.write(CONTENT)
    file.seek(0)
    return file


def _pipe(path: Path) -> Any:
    reading, writing = os.pipe()
    os.write(writing, CONTENT[:1000])
    os.close(writing)
    return os.fdopen(reading, "rb")


class Decoding(io.BufferedReader):
    """A file that reads as something else than it holds."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return it in upper case, so to speak."""
        return super().read(size).swapcase()


@pytest.mark.parametrize(
    ("opened", "expected"),
    [
        (_compressed, CONTENT),
        (_named, CONTENT),
        (_pipe, CONTENT[:1000]),
        (lambda _: io.BytesIO(CONTENT), CONTENT),
        (lambda _: OnlyRead(CONTENT), CONTENT),
        (lambda path: Decoding(io.FileIO(path)), CONTENT.swapcase()),
        (lambda _: io.BufferedReader(io.BytesIO(CONTENT)), CONTENT),
    ],
    ids=["gzip", "named temporary", "pipe", "BytesIO", "only read", "decoding", "buffered BytesIO"],
)
def test_what_is_no_plain_file_is_read(path: Path, opened: Callable[[Path], Any], expected: bytes) -> None:
    """A file that is not what lies on the disk, or does not lie there, is sent as it reads."""
    file = opened(path)
    client = get(sending(file, ("Content-Length", str(len(expected)))))
    assert answer(client.output).body == expected
    assert slices(client) == []
    assert getattr(file, "closed", True)


@pytest.mark.parametrize("length", [None, 5])
def test_a_file_that_claims_to_be_empty_is_read(length: int | None) -> None:
    """What the kernel writes when asked has no size before that: /proc and the like."""
    headers = [] if length is None else [("Content-Length", str(length))]
    with Path("/proc/self/status").open("rb") as file:
        told = answer(get(sending(file, *headers)).output)
    assert b"Name:" in told.body


def test_what_was_written_into_the_file_is_sent(path: Path) -> None:
    """A file that was changed and not flushed yet goes out changed."""
    file = path.open("r+b")
    file.read(10)
    file.seek(0)
    file.write(b"changed")
    file.seek(0)
    client = get(sending(file))
    assert answer(client.output).body == b"changed" + CONTENT[7:]
    assert len(slices(client)) == 1


@pytest.mark.parametrize(("text", "status"), [("", 200), ("text", 500)])
def test_a_file_of_text_ends(text: str, status: int) -> None:
    """It is no file of bytes: a 500, but for an empty one, which must not be read for ever."""
    assert answer(get(sending(io.StringIO(text))).output).status == status


@pytest.mark.parametrize("opened", [lambda path: path.open("rb"), lambda _: io.BytesIO(CONTENT)])
def test_a_wrapper_is_its_own_iterator(path: Path, opened: Callable[[Path], Any]) -> None:
    """Who keeps only `iter()` of it can still seek to a range and close the file: Werkzeug does both."""
    file = opened(path)
    wrapper = iter(FileWrapper(file, 1000))
    assert wrapper.seekable()
    assert wrapper.seek(5000) == wrapper.tell() == 5000
    assert next(wrapper) == CONTENT[5000:6000]
    assert b"".join(wrapper) == CONTENT[6000:]
    wrapper.close()
    assert file.closed


def test_a_wrapper_of_a_bare_file_cannot_seek() -> None:
    """Only what the file can do is promised."""
    wrapper = FileWrapper(OnlyRead(CONTENT))
    assert not wrapper.seekable()
    assert not hasattr(wrapper, "close")
    with _pipe(Path()) as pipe:
        assert not FileWrapper(pipe).seekable()


def test_the_block_size_is_honoured() -> None:
    """The second argument is how much is read at a time (PEP 3333)."""
    wrapper = FileWrapper(io.BytesIO(b"abcdefg"), 3)
    assert list(wrapper) == [b"abc", b"def", b"g"]
    assert not hasattr(FileWrapper(OnlyRead(b"")), "close")


def test_a_closed_file_gives_500(path: Path) -> None:
    """An application that closes its file too early gets a 500, not the server's end."""
    file = path.open("rb")
    file.close()
    assert answer(get(sending(file)).output).status == 500


def test_a_wrapper_after_write_is_read(path: Path) -> None:
    """When the head has gone by `write`, the file is chunked behind it."""

    def app(environ: Environ, start_response: Start) -> Any:
        start_response("200 OK", [])(b"first")
        return environ["wsgi.file_wrapper"](path.open("rb"), len(CONTENT))

    body = answer(get(app).output).body
    assert body == b"5\r\nfirst\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(CONTENT), CONTENT)


def test_a_wrapper_inside_an_iterable_is_no_slice(path: Path) -> None:
    """Middleware may take a wrapper apart: it is an iterable as any other."""

    def app(environ: Environ, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Length", str(len(CONTENT)))])
        yield from environ["wsgi.file_wrapper"](path.open("rb"))

    with pytest.warns(ResourceWarning):  # this middleware forgot close()
        assert answer(get(app).output).body == CONTENT
