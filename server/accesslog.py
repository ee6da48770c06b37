"""The access log: one line a request on standard output, whatever its end.

It lies on the way of every request, so it does little: the time is written once a second, the checks are C functions,
and a line is one `os.write`. That also keeps the lines of several workers whole: POSIX makes a write of up to PIPE_BUF
bytes to a pipe atomic, and a longer line has its fields clipped. What the client sent is escaped, so that no request
can write a line of its own.
"""

import json
import os
import re
import select
import time
from collections.abc import Callable
from contextlib import suppress

from server.console import PLAIN, RED, YELLOW
from server.http11.request import Request

_LONGEST = select.PIPE_BUF
_CLIPPED = 150  # four fields and a method of 150 characters stay below PIPE_BUF however they are escaped
_STDOUT = 1

ClientOf = Callable[[str, dict[str, str]], str]
"""Given the peer and a request's fields, tell whom the line is about."""

_UNSAFE = re.compile(r'[^\x20-\x7e]|["\\]')
_json_text = json.JSONEncoder().encode


def _peer_itself(peer: str, _fields: dict[str, str]) -> str:
    return peer


class AccessLog:
    """Write lines of one form, "combined" or "json".

    `client_of` finds the client behind a trusted proxy. `colours`, which JSON never has, make errors stand out on a
    terminal. `write` takes a whole line and may raise OSError, which costs
    that line and nothing else.
    """

    def __init__(
        self,
        form: str,
        *,
        client_of: ClientOf = _peer_itself,
        colours: bool = False,
        write: Callable[[bytes], object] = lambda line: os.write(_STDOUT, line),
    ) -> None:
        self._line, self._stamp = _FORMS["coloured" if colours and form == "combined" else form]
        self._client_of = client_of
        self._write = write
        self._second = 0
        self._now = ""

    def record(self, peer: str, request: Request | None, status: int, sent: int, seconds: float) -> None:
        """Write the line of one request.

        `request` is None when what came never was one (a 400, a 408). `sent` is in bytes of body, `seconds` is the time
        from the call of the application, when the request is whole, to the last byte of the answer.
        """
        second = int(time.time())
        if second != self._second:
            self._second, self._now = second, self._stamp(second)
        if request is not None:
            peer = self._client_of(peer, request.section.fields)
        line = self._line(peer, self._now, request, status, sent, seconds, None)
        if len(line) > _LONGEST:
            line = self._line(peer, self._now, request, status, sent, seconds, _CLIPPED)
        with suppress(OSError):  # a full disk or a log reader that has gone is no reason to fail a request
            self._write(line.encode("ascii"))


def _combined(
    peer: str, now: str, request: Request | None, status: int, sent: int, seconds: float, clip: int | None
) -> str:
    """Apache's combined format, the seconds at the end."""
    if request is None:
        return f'{peer or "-"} - - [{now}] "-" {status} {sent} "-" "-" {seconds:.6f}\n'
    target = request.target[:clip]
    referer = request.section.fields.get("HTTP_REFERER", "-")[:clip]
    agent = request.section.fields.get("HTTP_USER_AGENT", "-")[:clip]
    if not _is_plain(f"{target}{referer}{agent}"):
        target, referer, agent = _escaped(target), _escaped(referer), _escaped(agent)
    return (
        f'{peer or "-"} - - [{now}] "{request.method[:clip]} {target} {request.version}" '
        f'{status} {sent} "{referer}" "{agent}" {seconds:.6f}\n'
    )


def _coloured(
    peer: str, now: str, request: Request | None, status: int, sent: int, seconds: float, clip: int | None
) -> str:
    """Colour the combined format: yellow for the client's errors, red for the server's."""
    line = _combined(peer, now, request, status, sent, seconds, clip)
    colour = _COLOUR.get(status // 100)
    return line if colour is None else f"{colour}{line[:-1]}{PLAIN}\n"


_COLOUR = {4: YELLOW, 5: RED}


def _json(
    peer: str, now: str, request: Request | None, status: int, sent: int, seconds: float, clip: int | None
) -> str:
    """One JSON object; what a request that never was one does not have is null."""
    start = f'{{"time":"{now}","peer":{_json_text(peer)},'
    end = f'"status":{status},"sent":{sent},"seconds":{seconds:.6f}}}\n'
    if request is None:
        return f"{start}{_NOTHING}{end}"
    field = request.section.fields.get
    return (
        f'{start}"method":{_json_text(request.method[:clip])},"target":{_json_text(request.target[:clip])},'
        f'"version":"{request.version}","referer":{_optional(field("HTTP_REFERER"), clip)},'
        f'"user_agent":{_optional(field("HTTP_USER_AGENT"), clip)},'
        f'"request_id":{_optional(field("HTTP_X_REQUEST_ID"), clip)},{end}'
    )


_NOTHING = '"method":null,"target":null,"version":null,"referer":null,"user_agent":null,"request_id":null,'


def _optional(text: str | None, clip: int | None) -> str:
    return "null" if text is None else _json_text(text[:clip])


def _is_plain(text: str) -> bool:
    """Tell whether nothing has to be escaped; four methods in C take a third of the time of one pattern."""
    return text.isascii() and text.isprintable() and '"' not in text and "\\" not in text


def _escaped(text: str) -> str:
    r"""Write control bytes, quotes, backslashes and Latin-1 as \xhh."""
    return _UNSAFE.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _apache_time(second: int) -> str:
    """Write `20/Nov/2026:12:43:45 +0000`; strftime's %b would follow the locale."""
    now = time.gmtime(second)
    month = _MONTHS[now.tm_mon - 1]
    return f"{now.tm_mday:02}/{month}/{now.tm_year}:{now.tm_hour:02}:{now.tm_min:02}:{now.tm_sec:02} +0000"


def _iso_time(second: int) -> str:
    """Write `2026-11-20T12:43:45Z` (RFC 3339)."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FORMS = {
    "combined": (_combined, _apache_time),
    "coloured": (_coloured, _apache_time),
    "json": (_json, _iso_time),
}
