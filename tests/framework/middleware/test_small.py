"""Request ids, timing and compression."""

from __future__ import annotations

import gzip
import logging
import zlib
from typing import TYPE_CHECKING, Any
from wsgiref.validate import validator

import pytest

from framework import App, Request, Response
from framework.middleware.gzip import SMALLEST, Gzip
from framework.middleware.request_id import RequestId
from framework.middleware.timing import ServerTiming
from framework.testing import Client
from tests.framework.middleware.inner import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


@pytest.mark.parametrize(
    ("given", "keep", "kept"),
    [
        ("abc-1.2_3", True, True),
        ("abc-1.2_3", False, False),
        ("two words", True, False),
        ("x" * 65, True, False),
        ("", True, False),
    ],
)
def test_request_id(given: str, keep: bool, kept: bool) -> None:
    """An id is kept where that was asked for, if it can forge nothing; else a new one is made."""
    answer = Client(validator(RequestId(validator(show), keep=keep))).get("/", headers={"X-Request-ID": given})
    request_id = answer.headers["X-Request-ID"]
    assert f"framework.request_id={request_id}\n" in answer.text
    assert (request_id == given) is kept
    assert kept or len(request_id) == 16


def test_request_id_of_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """Log, response and error page of a failed request name the same id."""
    app = App("ids")
    app.get("/")(lambda _request: 1 / 0)
    app.use(RequestId)
    with caplog.at_level(logging.ERROR):
        answer = app.test_client().get("/")
    request_id = answer.headers["X-Request-ID"]
    assert request_id in answer.text
    assert request_id in caplog.text


def test_timing() -> None:
    """The response tells how long the application took."""
    value = Client(validator(ServerTiming(validator(show)))).get("/").headers["Server-Timing"]
    assert value.startswith("app;dur=")
    assert float(value.removeprefix("app;dur=")) >= 0


PAGE = "价格 price " * 100


def page(**options: Any) -> Client:
    """Return a client of a compressed page."""
    return Client(validator(Gzip(validator(Response(PAGE, **options)))))


def test_gzip() -> None:
    """Text is compressed for those who accept it; the length goes, and caches learn what it depends on."""
    answer = page(headers={"ETag": '"a"'}).get("/", headers={"Accept-Encoding": "br, gzip"})
    assert gzip.decompress(answer.body).decode() == PAGE
    assert len(answer.body) < len(PAGE)
    names = dict(answer.headers)
    assert (names["Content-Encoding"], names["Vary"], names["ETag"]) == ("gzip", "Accept-Encoding", 'W/"a"')
    assert "Content-Length" not in names


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "identity", "*;q=0"])
def test_plain(accepted: str) -> None:
    """Others get it as it is, and caches learn that it may differ."""
    answer = page().get("/", headers={"Accept-Encoding": accepted})
    assert (answer.text, answer.headers["Vary"]) == (PAGE, "Accept-Encoding")
    assert answer.headers["Content-Length"] == str(len(PAGE.encode()))


@pytest.mark.parametrize(
    "response",
    [
        Response("x" * (SMALLEST - 1)),
        Response(PAGE, content_type="image/png"),
        Response(PAGE, headers={"Content-Encoding": "identity"}),
        Response(PAGE, headers={"Cache-Control": "private, no-transform"}),
        Response(PAGE, 206, headers={"Content-Range": "bytes 0-1/2"}),
    ],
)
def test_left_alone(response: Response) -> None:
    """What is small, packed, partial or marked is sent as it is."""
    answer = Client(validator(Gzip(validator(response)))).get("/", headers={"Accept-Encoding": "gzip"})
    assert answer.body == response.body
    assert answer.headers.get("Content-Encoding") != "gzip"


def test_gzip_of_bodiless_answers() -> None:
    """HEAD and 304 have no body to compress."""
    assert page().request("HEAD", "/", headers={"Accept-Encoding": "gzip"}).body == b""
    assert page(status=304).get("/", headers={"Accept-Encoding": "gzip"}).body == b""


def test_streams_stay_streams() -> None:
    """Each item of a stream can be read before the next one is made, and the stream is closed."""
    log: list[str] = []

    def events(_request: Request) -> Response:
        def items() -> Iterator[bytes]:
            try:
                for n in range(3):
                    log.append(f"made {n}")
                    yield f"data: {n}\n\n".encode()
            finally:
                log.append("closed")

        return Response(items(), content_type="text/event-stream")

    app = App("stream")
    app.get("/")(events)
    app.use(Gzip)
    unpack = zlib.decompressobj(31)
    with app.test_client().stream("GET", "/", headers={"Accept-Encoding": "gzip"}) as answer:
        for n, chunk in zip(range(2), answer, strict=False):
            assert unpack.decompress(chunk).decode() == f"data: {n}\n\n"
            assert log == [f"made {m}" for m in range(n + 1)]
    assert log[-1] == "closed"


def test_gzip_of_write() -> None:
    """An application that uses write(), or starts late, is compressed as well."""

    def old(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        write(PAGE.encode())
        return [b"end"]

    def late(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield PAGE.encode()
        yield b"end"

    for application in (old, late):
        answer = Client(Gzip(application)).get("/", headers={"Accept-Encoding": "gzip"})
        assert gzip.decompress(answer.body).decode() == f"{PAGE}end"
