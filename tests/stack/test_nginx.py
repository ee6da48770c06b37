"""What nginx does itself: static files, limits, compression, and what it tells the app."""

import gzip
import json
import re
import uuid
from pathlib import Path

import pytest

from tests.stack.compose import ROOT, Stack, curl, run

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]


def a_static_file() -> str:
    """Return the name of a text file below static/."""
    return min(path.name for path in (ROOT / "static").iterdir() if path.suffix in {".css", ".js"})


def lines_of(stack: Stack, service: str, mark: str) -> list[str]:
    """Return the service's log lines of requests whose target holds `mark`."""
    return [line for line in stack.log(service) if mark in line]


def test_static_files_never_reach_the_app(stack: Stack) -> None:
    """The front serves /static/ from its own copy, also what is not there."""
    mark = uuid.uuid4().hex
    found = curl(f"{stack.url}/static/{a_static_file()}?mark={mark}")
    assert found.status == 200
    assert found.body == (ROOT / "static" / a_static_file()).read_text(encoding="utf-8")
    assert curl(f"{stack.url}/static/{mark}").status == 404
    curl(f"{stack.url}/index.html?mark={mark}")
    assert len(lines_of(stack, "nginx", mark)) == 3
    (line,) = lines_of(stack, "app", mark)
    assert f"GET /index.html?mark={mark} " in line


@pytest.mark.parametrize(
    ("query", "caching"),
    [("?v=0123", "public, max-age=31536000, immutable"), ("", "public, max-age=300")],
)
def test_static_caching(stack: Stack, query: str, caching: str) -> None:
    """A file asked for by its content's hash may be kept for good, any other for five minutes."""
    answer = curl(f"{stack.url}/static/{a_static_file()}{query}")
    assert answer.headers["cache-control"] == caching
    again = curl("--header", f"If-None-Match: {answer.headers['etag']}", f"{stack.url}/static/{a_static_file()}{query}")
    assert again.status == 304


def test_the_pages_name_static_files_that_exist(stack: Stack) -> None:
    """Every static URL in the list page answers from nginx, with the type that browsers ask for."""
    urls = set(re.findall(r"(?:href|src)=\"(/static/[^\"]+)\"", curl(stack.url + "/index.html").body))
    assert urls
    for url in urls:
        answer = curl(stack.url + url)
        assert answer.status == 200
        assert re.match(r"text/css|(text|application)/javascript|image/", answer.headers["content-type"])


@pytest.mark.parametrize(
    "path",
    [
        "/static/../docker-compose.yml",
        "/static/%2e%2e/docker-compose.yml",
        "/static/..%2f..%2fetc/passwd",
        "/static/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/static//etc/passwd",
        "/static/....//etc/passwd",
        "/static/x/..\\..\\etc\\passwd",
    ],
)
def test_static_lets_nobody_out(stack: Stack, path: str) -> None:
    """No spelling of a path leads out of static/."""
    answer = curl(stack.url + path)
    assert answer.status in {400, 404}
    assert "root:" not in answer.body
    assert "services:" not in answer.body


def test_the_client_cannot_speak_for_the_proxy(stack: Stack) -> None:
    """The app logs the address that nginx saw, whatever the client claims to be."""
    mark = uuid.uuid4().hex
    names = ("X-Forwarded-For", "X-Real-IP", "X_Forwarded_For")
    claims = ["Forwarded: for=192.0.2.7", *(f"{name}: 192.0.2.7" for name in names)]
    curl(*(part for claim in claims for part in ("--header", claim)), f"{stack.url}/index.html?mark={mark}")
    (seen,) = lines_of(stack, "nginx", mark)
    (told,) = lines_of(stack, "app", mark)
    assert "192.0.2.7" not in told
    assert told.startswith(json.loads(seen)["peer"] + " ")


def test_a_body_over_the_limit_is_refused(stack: Stack, tmp_path: Path) -> None:
    """The front's limit is the server's: 16 MiB pass, one byte more does not."""
    body = tmp_path / "body"
    for size, refused in ((16 << 20, False), ((16 << 20) + 1, True)):
        body.write_bytes(b"x" * size)
        answer = curl("--header", "Expect:", "--data-binary", f"@{body}", stack.url + "/index.html")
        assert (answer.status == 413) is refused
    assert int(stack.shell("app", 'echo "$MINNOW_BODY_LIMIT"')) == 16 << 20


def test_pages_are_compressed_for_those_who_can(stack: Stack, tmp_path: Path) -> None:
    """A packed page goes only to a client that accepts it, and caches are told of the difference."""
    packed = tmp_path / "page"
    headers = run("curl", "-sS", "-D", "-", "-o", str(packed), "-H", "Accept-Encoding: gzip", stack.url + "/index.html")
    plain = curl(stack.url + "/index.html")
    assert "content-encoding: gzip" in headers.lower()
    assert "content-encoding" not in plain.headers
    assert "accept-encoding" in headers.lower()
    assert gzip.decompress(packed.read_bytes()).startswith(plain.body.encode()[:100])
    assert packed.stat().st_size < len(plain.body.encode()) / 4


def test_http_1_0_is_served(stack: Stack) -> None:
    """An old client without Host gets its page, too."""
    assert curl("--http1.0", "--header", "Host:", stack.url + "/index.html").status == 200


def established(stack: Stack) -> set[str]:
    """Return the ports of the connections that the app has, as its kernel writes them."""
    table = stack.shell("app", "cat /proc/net/tcp").splitlines()[1:]
    return {peer for _, local, peer, state, *_ in map(str.split, table) if state == "01" and local.endswith(":1F40")}


def test_connections_to_the_app_are_kept(stack: Stack) -> None:
    """The front speaks HTTP/1.1 to the app: twenty requests, one after another, share a few connections."""
    before = established(stack)
    for _ in range(20):
        assert curl(stack.url + "/healthz").status == 200
    assert len(established(stack) - before) < 5
    assert established(stack)
