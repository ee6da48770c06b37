"""Request bodies: limits, forms and uploads."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from framework import App, Request, Response
from framework.errors import HTTPError
from framework.forms import MEMORY_LIMIT, PART_LIMIT, SPOOL_LIMIT, parse_form, read_body

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"


def environ(body: bytes, length: str | None = None, **extra: Any) -> dict[str, Any]:
    """Return an environ with a body."""
    return {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body)) if length is None else length, **extra}


def multipart(*parts: str) -> dict[str, Any]:
    """Return an environ with a multipart form."""
    body = "".join(f"--B\r\nContent-Disposition: form-data; {part}\r\n" for part in parts) + "--B--\r\n"
    return environ(body.encode(), CONTENT_TYPE=f"{MULTIPART}; boundary=B")


@pytest.mark.parametrize(
    ("given", "body"),
    [
        (environ(b"abc"), b"abc"),
        (environ(b"abcdef", "3"), b"abc"),
        (environ(b"abc", ""), b""),
        (environ(b"abc", "", **{"wsgi.input_terminated": True}), b"abc"),
        (environ(b"0123456789"), b"0123456789"),
    ],
)
def test_read_body(given: dict[str, Any], body: bytes) -> None:
    """A body is read to its length, or to its end where the server vouches for one."""
    assert read_body(given, 10) == body


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (environ(b"", "11"), 413),
        (environ(b"01234567890", "", **{"wsgi.input_terminated": True}), 413),
        (environ(b"ab", "3"), 400),
        (environ(b"ab", "-3"), 400),
        (environ(b"ab", "²"), 400),
    ],
)
def test_read_body_refuses(given: dict[str, Any], status: int) -> None:
    """Too long is a 413; cut short or of nonsensical length is a 400."""
    with pytest.raises(HTTPError) as caught:
        read_body(given, 10)
    assert caught.value.status == status


def test_urlencoded() -> None:
    """A plain form gives its fields."""
    fields, files = parse_form(environ(b"note=%E4%B8%AD+%26&n=1&n=2"), FORM, 1000)
    assert (fields["note"], fields.getlist("n"), files) == ("中 &", ["1", "2"], {})


def test_multipart() -> None:
    """Fields and files come apart; a file keeps its name, type and size."""
    fields, files = parse_form(
        multipart('name="note"\r\n\r\n中', 'name="csv"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\na,b\r\n'),
        MULTIPART,
        1000,
    )
    (upload,) = files["csv"]
    assert fields["note"] == "中"
    assert (upload.filename, upload.content_type, upload.size, upload.file.read()) == (
        "a.csv",
        "text/csv",
        5,
        b"a,b\r\n",
    )
    upload.file.close()


def test_large_uploads_are_spooled() -> None:
    """A file past the spool limit is not held in memory."""
    text = "x" * (SPOOL_LIMIT + 1)
    _, files = parse_form(multipart(f'name="f"; filename="f"\r\n\r\n{text}'), MULTIPART, 10**6)
    with files["f"][0].file as file:
        assert not isinstance(file, BytesIO)
        assert file.read() == text.encode()


@pytest.mark.parametrize(
    ("given", "kind", "limit", "status"),
    [
        (environ(b"a=%ff"), FORM, 100, 400),
        (environ(b"a" * 101), FORM, 100, 413),
        (environ(b"a" * (MEMORY_LIMIT + 1)), FORM, 2 * MEMORY_LIMIT, 413),
        (multipart('name="f"\r\n\r\nx'), MULTIPART, 10, 413),
        (multipart(*[f'name="{n}"\r\n\r\nx' for n in range(PART_LIMIT + 1)]), MULTIPART, 10**6, 413),
        (environ(b"--B\r\nnonsense", CONTENT_TYPE=f"{MULTIPART}; boundary=B"), MULTIPART, 100, 400),
        (environ(b"", CONTENT_TYPE=MULTIPART), MULTIPART, 100, 400),
        (
            environ(
                b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--B--\r\n',
                CONTENT_TYPE=f"{MULTIPART}; boundary=B",
            ),
            *(MULTIPART, 100, 400),
        ),
        (multipart('name="a"\r\nContent-Type: text/plain; charset=bogus\r\n\r\nx'), MULTIPART, 1000, 400),
    ],
)
def test_forms_refused(given: dict[str, Any], kind: str, limit: int, status: int) -> None:
    """A malformed form is a 400, one past a limit a 413."""
    with pytest.raises(HTTPError) as caught:
        parse_form(given, kind, limit)
    assert caught.value.status == status


def test_uploads_are_closed() -> None:
    """The file of an upload is open while the handler and its stream run, and closed with the response."""
    app, kept = App("uploads"), list[Any]()

    @app.post("/")
    def take(request: Request) -> Response:
        (upload,) = request.files["f"]
        kept.append(upload.file)
        return Response(iter([upload.file.read()]))

    answer = app.test_client().post("/", form={"a": "1"}, files={"f": ("f.txt", b"x" * (SPOOL_LIMIT + 1))})
    assert (len(answer.body), kept[0].closed) == (SPOOL_LIMIT + 1, True)


def test_no_form() -> None:
    """A body of another type is left unread."""
    given = environ(b"{}")
    fields, files = parse_form(given, "application/json", 100)
    assert (len(fields), files, given["wsgi.input"].read()) == (0, {}, b"{}")
