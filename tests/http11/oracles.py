"""Other parsers of HTTP/1.1, made comparable with this one: the requests that they read, and how it ended."""

import re
from dataclasses import dataclass
from typing import Any

import h11
import httptools

from tests.server.sansio import Client


@dataclass(frozen=True)
class Seen:
    """A request as some parser read it."""

    method: str
    target: str
    version: str
    fields: dict[str, str]
    """By meta-variable name; repeated ones joined, names with an underscore left out."""
    body: bytes


@dataclass(frozen=True)
class Reading:
    """What a parser made of a stream of bytes, before its client ended it."""

    requests: list[Seen]
    fault: str = ""
    """Why it refused to read on; "" when it did not."""


def _fields(lines: list[tuple[bytes, bytes]], target: str) -> dict[str, str]:
    """Name and join fields as RFC 3875 has it; let the host of an absolute-form replace Host (RFC 9112 §3.2.2)."""
    fields: dict[str, str] = {}
    for raw_name, raw_value in lines:
        if b"_" in raw_name:
            continue
        name, value = raw_name.decode("latin-1").upper().replace("-", "_"), raw_value.decode("latin-1").strip(" \t")
        name = name if name in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{name}"
        if name == "HTTP_TRANSFER_ENCODING":
            continue  # it was taken off
        if name == "CONTENT_LENGTH" and value.isdigit():
            value = str(int(value))  # as Minnow does
        joint = "; " if name == "HTTP_COOKIE" else ", "
        fields[name] = fields[name] + joint + value if name in fields else value
    if target.lower().startswith(("http://", "https://")):
        fields["HTTP_HOST"] = re.split("[/?#]", target.partition("://")[2])[0]
    return fields


def read_by_minnow(data: bytes) -> Reading:
    """Read by the parser under test."""
    client = Client().send(data)
    requests = []
    for call, record in zip(client.echo.calls, client.records, strict=False):
        environ = call.environ
        fields = {name: value for name, value in environ.items() if name.startswith(("HTTP_", "CONTENT_"))}
        if record.request and record.request.section.chunked:
            del fields["CONTENT_LENGTH"]  # the length of what was read; the client sent none
        requests.append(
            Seen(environ["REQUEST_METHOD"], environ["REQUEST_URI"], environ["SERVER_PROTOCOL"], fields, call.body)
        )
    return Reading(requests, str(client.error) if client.error else "")


def read_by_h11(data: bytes) -> Reading:
    """Read by h11, each request answered so that it goes on to the next."""
    connection = h11.Connection(h11.SERVER)
    requests: list[Seen] = []
    try:
        if data:  # none would be the end
            connection.receive_data(data)
        while not isinstance(event := connection.next_event(), type):  # NEED_DATA and PAUSED are classes
            if isinstance(event, h11.Request):
                request, body = event, b""
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                requests.append(_seen_by_h11(request, body))
                connection.send(h11.Response(status_code=404, headers=[("Content-Length", "0")]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                    return Reading(requests, f"closes after HTTP/{request.http_version.decode()}")
                connection.start_next_cycle()
    except h11.RemoteProtocolError as error:
        return Reading(requests, str(error) or "refused")
    return Reading(requests)


def _seen_by_h11(request: h11.Request, body: bytes) -> Seen:
    method, target, version = (
        each.decode("latin-1") for each in (request.method, request.target, request.http_version)
    )
    return Seen(method, target, f"HTTP/{version}", _fields(list(request.headers), target), body)


class _Protocol:
    """The callbacks of httptools."""

    def __init__(self) -> None:
        self.requests: list[Seen] = []
        self.parser: Any = httptools.HttpRequestParser(self)

    def on_message_begin(self) -> None:
        self.target, self.lines, self.body = b"", list[tuple[bytes, bytes]](), b""
        self.in_trailers = False

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.in_trailers:
            self.lines.append((name, value))

    def on_headers_complete(self) -> None:
        self.in_trailers = True

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        target = self.target.decode("latin-1")
        method, version = self.parser.get_method().decode(), f"HTTP/{self.parser.get_http_version()}"
        self.requests.append(Seen(method, target, version, _fields(self.lines, target), self.body))


def read_by_httptools(data: bytes) -> Reading:
    """Read by httptools, which is llhttp, the parser of Node.js."""
    protocol = _Protocol()
    try:
        protocol.parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        return Reading(protocol.requests, "upgrade")
    except httptools.HttpParserError as error:
        return Reading(protocol.requests, str(error) or "refused")
    return Reading(protocol.requests)
