"""Request bodies: read whole within a limit, or parsed as a form."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, NamedTuple

from framework.errors import HTTPError
from framework.multidict import FIELD_LIMIT, MultiDict, parse_pairs

if TYPE_CHECKING:
    from collections.abc import Mapping

MEMORY_LIMIT = 1024 * 1024  # bytes of plain form fields, all together
SPOOL_LIMIT = 64 * 1024  # bytes of a file that stay in memory; the rest goes to a temporary file
PART_LIMIT = 128  # parts of a multipart form


class Upload(NamedTuple):
    """Hold one uploaded file. ``filename`` is the client's word: never open a path made from it."""

    filename: str
    content_type: str
    file: IO[bytes]
    size: int


def read_body(environ: Mapping[str, Any], limit: int) -> bytes:
    """Read the whole body; raise HTTPError 413 past ``limit`` bytes, 400 if it ends early."""
    declared = content_length(environ)
    if declared is None and not environ.get("wsgi.input_terminated"):
        return b""  # PEP 3333: without a length there is no telling where the body ends
    if (declared or 0) > limit:
        raise HTTPError(413, f"The body may be {limit} bytes long.")
    stream: IO[bytes] = environ["wsgi.input"]
    body = stream.read(limit + 1 if declared is None else declared)
    if len(body) > limit:
        raise HTTPError(413, f"The body may be {limit} bytes long.")
    if declared is not None and len(body) < declared:
        raise HTTPError(400, "The body ended early.")
    return body


def content_length(environ: Mapping[str, Any]) -> int | None:
    """Return the declared length of the body in bytes, None if there is none; raise HTTPError 400 for nonsense."""
    text: str = environ.get("CONTENT_LENGTH") or ""
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise HTTPError(400, "Content-Length must be a number.")
    return int(text)


def parse_form(environ: Mapping[str, Any], content_type: str, limit: int) -> tuple[MultiDict, dict[str, list[Upload]]]:
    """Return the fields and files of a form; both are empty if the body is no form.

    Raises HTTPError 413 past a limit and 400 for a malformed body.
    """
    if content_type == "application/x-www-form-urlencoded":
        return MultiDict(parse_pairs(read_body(environ, min(limit, MEMORY_LIMIT)).decode("latin-1"))), {}
    if content_type == "multipart/form-data":
        return _parse_multipart(environ, limit)
    return MultiDict(), {}


def _parse_multipart(environ: Mapping[str, Any], limit: int) -> tuple[MultiDict, dict[str, list[Upload]]]:
    from multipart import MultipartError, ParserLimitReached, parse_form_data  # noqa: PLC0415 - few requests need it

    if (content_length(environ) or 0) > limit:
        raise HTTPError(413, f"The form may be {limit} bytes long.")
    try:
        fields, parts = parse_form_data(
            environ,
            strict=True,
            part_limit=min(PART_LIMIT, FIELD_LIMIT),
            spool_limit=SPOOL_LIMIT,
            memory_limit=MEMORY_LIMIT,
            disk_limit=limit,
        )
    except ParserLimitReached:
        raise HTTPError(413, "The form is larger than this site takes.") from None
    except (
        MultipartError,
        ValueError,
        LookupError,
    ):  # the latter two: text in another encoding than it says, or in none
        raise HTTPError(400, "The form is malformed.") from None
    files: dict[str, list[Upload]] = {}
    for name, part in parts.iterallitems():
        files.setdefault(name, []).append(Upload(part.filename or "", part.content_type, part.file, part.size))
    return MultiDict(fields.iterallitems()), files
