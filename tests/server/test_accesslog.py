"""The access log: its forms, and that nobody can forge or break it."""

import json
import re
import select
from typing import Any

import pytest

from server.accesslog import AccessLog
from server.http11.request import Request, Section


def request_of(target: str = "/a?b=c", **fields: str) -> Request:
    """Make a request with this target and these fields, given as `user_agent`."""
    named = {f"HTTP_{key.upper()}": value for key, value in fields.items()}
    return Request("GET", target, "/a", "b=c", "HTTP/1.1", Section(named), None)


def lines_of(form: str, *records: tuple[Any, ...], **more: Any) -> list[str]:
    """Return what a log of this form writes for these records."""
    written: list[bytes] = []
    log = AccessLog(form, write=written.append, **more)
    for record in records:
        log.record(*record)
    assert all(line.count(b"\n") == 1 and line.endswith(b"\n") for line in written)
    return [line.decode("ascii") for line in written]


TIME = r"\[\d\d/(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/\d{4}:\d\d:\d\d:\d\d \+0000\]"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            ("203.0.113.9", request_of(referer="http://a/", user_agent="curl/8"), 200, 512, 0.0123456),
            r'203\.0\.113\.9 - - TIME "GET /a\?b=c HTTP/1\.1" 200 512 "http://a/" "curl/8" 0\.012346\n',
        ),
        (
            ("", request_of(), 304, 0, 0.0),
            r'- - - TIME "GET /a\?b=c HTTP/1\.1" 304 0 "-" "-" 0\.000000\n',
        ),
        (
            ("203.0.113.9", None, 408, 0, 15.0),
            r'203\.0\.113\.9 - - TIME "-" 408 0 "-" "-" 15\.000000\n',
        ),
    ],
)
def test_combined_is_apaches_with_the_seconds(record: tuple[Any, ...], expected: str) -> None:
    """A Unix peer is a dash, and what never was a request still has its line."""
    (line,) = lines_of("combined", record)
    assert re.fullmatch(expected.replace("TIME", TIME), line)


@pytest.mark.parametrize(("status", "colour"), [(200, ""), (304, ""), (404, "\x1b[33m"), (503, "\x1b[31m")])
def test_errors_stand_out_on_a_terminal(status: int, colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where colours are wanted, but never in JSON, which programs read."""
    monkeypatch.setattr("server.accesslog.time.time", lambda: 1e9)
    record = ("::1", request_of(), status, 0, 0.0)
    (plain,) = lines_of("combined", record)
    (coloured,) = lines_of("combined", record, colours=True)
    assert coloured == (f"{colour}{plain[:-1]}\x1b[0m\n" if colour else plain)
    assert lines_of("json", record, colours=True) == lines_of("json", record)


def test_json_is_one_object_a_line() -> None:
    """The same keys always; null for what is not there."""
    fields = {"referer": "http://a/", "user_agent": 'a "b" \\', "x_request_id": "r1"}
    told, nothing = map(
        json.loads,
        lines_of("json", ("::1", request_of(**fields), 200, 512, 0.5), ("::1", None, 400, 0, 0.0)),
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told.pop("time"))
    assert told == {
        "peer": "::1",
        "method": "GET",
        "target": "/a?b=c",
        "version": "HTTP/1.1",
        "status": 200,
        "sent": 512,
        "seconds": 0.5,
        "referer": "http://a/",
        "user_agent": 'a "b" \\',
        "request_id": "r1",
    }
    assert nothing.keys() - {"time"} == told.keys()
    assert {key for key, value in nothing.items() if value is None} == {
        *("method", "target", "version", "referer", "user_agent", "request_id")
    }


NASTY = ["\n", "\r", "\t", "\0", "\x1b[2J", '"', "\\", "\x7f", "\x85", "\xe9", '" 200 0 "-" "-" 0.0\n6.6.6.6 - - "GET']


@pytest.mark.parametrize("nasty", NASTY)
def test_a_client_cannot_forge_a_combined_line(nasty: str) -> None:
    """Control bytes, quotes and backslashes come escaped, so that there are six quotes and no more."""
    request = request_of("/" + nasty, user_agent=nasty, referer=nasty)
    (line,) = lines_of("combined", ("::1", request, 200, 0, 0.0))
    assert line[:-1].isprintable()
    assert len(re.findall(r'(?<!\\)"', line.replace("\\x5c", "").replace("\\x22", ""))) == 6


@pytest.mark.parametrize("nasty", NASTY)
def test_a_client_cannot_forge_a_json_line(nasty: str) -> None:
    """What comes out is what was sent."""
    (line,) = lines_of("json", ("::1", request_of("/" + nasty, user_agent=nasty), 200, 0, 0.0))
    told = json.loads(line)
    assert (told["target"], told["user_agent"]) == ("/" + nasty, nasty)
    assert line[:-1].isprintable()


@pytest.mark.parametrize("form", ["combined", "json"])
@pytest.mark.parametrize("filler", ["x", "\0", "\xff"])
def test_a_long_line_is_clipped_to_what_a_pipe_takes_whole(form: str, filler: str) -> None:
    """Or two workers' lines would mix; JSON stays JSON."""
    long = filler * 8000
    request = request_of("/" + long, user_agent=long, referer=long, x_request_id=long)
    request.method = "M" * 8000  # any token is one (RFC 9110 §9.1), up to the limit of the request line
    (line,) = lines_of(form, ("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", request, 200, 1 << 40, 1e5))
    assert 150 < len(line) <= select.PIPE_BUF
    if form == "json":
        assert json.loads(line)["status"] == 200


@pytest.mark.parametrize("form", ["combined", "json"])
def test_so_is_a_line_of_a_long_method(form: str) -> None:
    """Any token is a method, of any length that a request line has."""
    request = Request("M" * 8000, "/", "/", "", "HTTP/1.1", Section({}), None)
    (line,) = lines_of(form, ("::1", request, 405, 0, 0.0))
    assert "MMM" in line
    assert len(line) <= select.PIPE_BUF


@pytest.mark.parametrize("error", [BrokenPipeError(), BlockingIOError(), OSError(28, "No space left on device")])
def test_a_log_that_cannot_be_written_hurts_nobody(error: OSError) -> None:
    """The reader has gone, or the disk is full: the line is lost, the request is not."""

    def fail(_line: bytes) -> None:
        raise error

    AccessLog("combined", write=fail).record("::1", request_of(), 200, 0, 0.0)


def test_the_line_is_about_the_client_and_not_the_proxy() -> None:
    """`client_of` sees the peer and the fields; a refused request has no fields, so the peer is all there is."""

    def client_of(peer: str, fields: dict[str, str]) -> str:
        return fields.get("HTTP_X_FORWARDED_FOR", peer)

    request = request_of(x_forwarded_for="198.51.100.7")
    told, refused = lines_of(
        "combined", ("10.0.0.1", request, 200, 0, 0.0), ("10.0.0.1", None, 400, 0, 0.0), client_of=client_of
    )
    assert told.startswith("198.51.100.7 - - ")
    assert refused.startswith("10.0.0.1 - - ")


def test_lines_go_to_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    """Each by one write to the descriptor, past Python's buffers."""
    AccessLog("combined").record("::1", request_of(), 200, 0, 0.0)
    assert capfd.readouterr().out.startswith("::1 - - [")


def test_the_time_is_of_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written anew only when the second changes."""
    now = 1_795_178_625.9
    monkeypatch.setattr("server.accesslog.time.time", lambda: now)
    record = ("::1", None, 400, 0, 0.0)
    written: list[bytes] = []
    log = AccessLog("combined", write=written.append)
    log.record(*record)
    now += 0.2
    log.record(*record)
    assert [re.search(rb"\[(.*?)\]", line)[1] for line in written] == [  # type: ignore[index]  # the tests above match it
        b"20/Nov/2026:12:43:45 +0000",
        b"20/Nov/2026:12:43:46 +0000",
    ]
