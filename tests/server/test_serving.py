"""What a whole server does with its middleware and its log around an application."""

import json
import os
import signal
import socket
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.server.running import APP, PATIENCE, Running, eventually, running

WHO = """
def app(environ, start_response):
    told = [environ["REMOTE_ADDR"], environ["wsgi.url_scheme"], environ["HTTP_HOST"], str("HTTP_FORWARDED" in environ)]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [" ".join(told).encode()]
"""


def log_of(server: Running) -> list[str]:
    """End the server; return its access log."""
    server.signal(signal.SIGTERM)
    assert server.ended() == 0
    return server.logged


@pytest.mark.parametrize(
    ("trusted", "told", "logged"),
    [
        ("127.0.0.0/8", "198.51.100.7 https shop.example False", "198.51.100.7"),
        ("192.0.2.1", "127.0.0.1 http site.example False", "127.0.0.1"),
    ],
)
def test_application_and_log_agree_on_the_client(tmp_path: Path, trusted: str, told: str, logged: str) -> None:
    """Behind a trusted proxy both see its client; otherwise both see the peer."""
    with running(tmp_path, "--trusted-proxies", trusted, "--access-log", "json", app=WHO) as server:
        fields = {"Host": "site.example", "X-Forwarded-For": "6.6.6.6, 198.51.100.7", "X-Forwarded-Proto": "https"}
        status, body = server.get("/", **fields, **{"X-Forwarded-Host": "shop.example", "Forwarded": "for=6.6.6.6"})
        assert (status, body) == (200, told)
        (line,) = log_of(server)
    assert json.loads(line)["peer"] == logged


@pytest.mark.parametrize("model", ["coroutine", "thread"])
def test_what_never_was_a_request_is_logged(tmp_path: Path, model: str) -> None:
    """A 400 has its line, between those of good requests, and does not write one of its own."""
    with running(tmp_path, "--model", model) as server:
        with socket.create_connection(("127.0.0.1", server.port()), timeout=PATIENCE) as client:
            client.sendall(b'GET /x"\n127.0.0.1 - - [forged] HTTP/1.1\r\n\r\n')
            assert client.recv(100).startswith(b"HTTP/1.1 400 ")
        server.get("/?q=%22")
        first, second = log_of(server)
    assert ' "-" 400 ' in first
    assert '"GET /?q=%22 HTTP/1.1" 200 3 "-" "-" ' in second


def test_no_log_when_it_is_off(tmp_path: Path) -> None:
    """Standard output stays empty."""
    with running(tmp_path, "--access-log", "off") as server:
        server.get()
        assert log_of(server) == []


@pytest.mark.parametrize("model", ["coroutine", "thread", "iterative"])
def test_files_are_served_whole_and_in_part(tmp_path: Path, model: str) -> None:
    """A large file goes by sendfile, a range of it ends where it should, and a HEAD knows its length."""
    data = os.urandom(3_000_000)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "big.bin").write_bytes(data)
    with running(tmp_path, "--static", "/files=files", "--model", model) as server:
        for method, fields, status, body in (
            ("GET", {}, 200, data),
            ("GET", {"Range": "bytes=1000-2500000"}, 206, data[1000:2500001]),
            ("HEAD", {}, 200, b""),
            ("GET", {"Range": "bytes=3000000-"}, 416, b"416 Requested Range Not Satisfiable\n"),
        ):
            connection = HTTPConnection("127.0.0.1", server.port(), timeout=PATIENCE)
            connection.request(method, "/files/big.bin", headers=fields)
            response = connection.getresponse()
            assert (response.status, response.read()) == (status, body)
            assert int(response.headers["Content-Length"]) == (len(body) if method == "GET" else len(data))
            connection.close()
        assert server.get("/files/%2e%2e/site_app.py")[0] == 404
        assert server.get("/elsewhere") == (200, "one")


def test_files_are_found_whatever_directory_the_application_works_in(tmp_path: Path) -> None:
    """A relative directory is that of the command line, also after an application's chdir and a reload."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.txt").write_text("a file")
    with running(tmp_path, "--static", "/files=files", app=f"{APP}\nos.chdir('/')\n") as server:
        assert server.get("/files/a.txt") == (200, "a file")
        server.signal(signal.SIGHUP)
        server.wait_for("reloaded: ")
        assert server.get("/files/a.txt") == (200, "a file")


def test_a_full_disk_under_the_log_hurts_no_request(tmp_path: Path) -> None:
    """Lines are lost, answers are not, and nothing is said of it for each request."""
    launcher = ["sh", "-c", 'exec "$0" "$@" >/dev/full', sys.executable]
    with running(tmp_path, launcher=launcher) as server:
        for _ in range(3):
            assert server.get() == (200, "one")
        assert log_of(server) == []
    assert len(server.said) == 1


@pytest.mark.parametrize(
    ("closed", "numbers"), [("<&-", [0]), (">&-", [1]), ("2>&-", [2]), ("<&- >&- 2>&-", [0, 1, 2])]
)
@pytest.mark.parametrize("model", ["coroutine", "fork"])
def test_closed_standard_streams_hurt_nobody(tmp_path: Path, closed: str, numbers: list[int], model: str) -> None:
    """The numbers 0 to 2 go to no socket: nothing that is logged reaches a client."""
    launcher = ["sh", "-c", f'exec "$0" "$@" {closed}', sys.executable]
    with running(tmp_path, "--bind", "unix:x.sock", "--model", model, launcher=launcher) as server:
        eventually((tmp_path / "x.sock").exists, "the listener")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "x.sock"))
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            client.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: client.recv(1000), b""))
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.endswith(b"\r\n\r\none")
        assert {Path(f"/proc/{server.pid}/fd/{each}").readlink() for each in numbers} == {Path(os.devnull)}
        server.signal(signal.SIGTERM)
        assert server.ended() == 0
    assert not any("Traceback" in line for line in server.said)
