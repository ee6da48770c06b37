"""Files as WSGI: what is served, what is not, and with which fields."""

import os
import resource
import socket
from email.utils import formatdate
from pathlib import Path

import pytest

from server.middleware.static import IMMUTABLE, REVALIDATE, StaticFiles, content_type
from tests.server.middleware.calling import Answer, call, echo, environ_of

MODIFIED = 1_700_000_000
BIG = bytes(range(256)) * 1024


@pytest.fixture
def files(tmp_path: Path) -> StaticFiles:
    """Serve a directory that has a bit of everything, beside a secret."""
    (tmp_path / "secret.txt").write_text("secret")
    root = tmp_path / "static"
    (root / "css").mkdir(parents=True)
    (root / "app.css").write_text("0123456789")
    os.utime(root / "app.css", (MODIFIED, MODIFIED))
    (root / "css" / "深.css").write_text("deep")
    (root / "empty.txt").write_text("")
    (root / "big.bin").write_bytes(BIG)
    (root / ".env").write_text("secret")
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("secret")
    (root / "inside.css").symlink_to("app.css")
    (root / "outside.txt").symlink_to(tmp_path / "secret.txt")
    (root / "updir").symlink_to(tmp_path)
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(root / "socket"))
    sibling = tmp_path / "static-private"
    sibling.mkdir()
    (sibling / "x.txt").write_text("secret")
    return StaticFiles(echo({}), "/static", str(root))


def get(files: StaticFiles, path: str = "/static/app.css", method: str = "GET", **fields: str) -> Answer:
    """Ask for a path, request fields by their names in an environ."""
    return call(files, environ_of(path, method, **fields))


def etag_of(files: StaticFiles) -> str:
    """Return the entity-tag of the small file."""
    return get(files).fields["ETag"]


def test_a_file_comes_with_all_its_fields(files: StaticFiles) -> None:
    """Length, type, validators, and no sniffing."""
    status, fields, body = get(files)
    assert (status, body) == (200, b"0123456789")
    assert fields["ETag"].startswith('"')
    assert {key: value for key, value in fields.items() if key != "ETag"} == {
        "Content-Type": "text/css; charset=utf-8",
        "Content-Length": "10",
        "Last-Modified": formatdate(MODIFIED, usegmt=True),
        "Cache-Control": REVALIDATE,
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
    }


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/static/app.css", 200),
        ("/static/inside.css", 200),
        ("/static/empty.txt", 200),
        ("/static/css/深.css".encode().decode("latin-1"), 200),
        ("/static/none.css", 404),
        ("/static", 404),
        ("/static/", 404),
        ("/static/css", 404),
        ("/static/css/", 404),
        ("/static/app.css/", 404),
        ("/static/app.css/x", 404),
        ("/static//app.css", 404),
        ("/static/./app.css", 404),
        ("/static/css/../app.css", 404),
        ("/static/../secret.txt", 404),
        ("/static/../static-private/x.txt", 404),
        ("/static/..\\secret.txt", 404),
        ("/static/css\\..\\app.css", 404),
        ("/static/app.css\0.png", 404),
        ("/static/.env", 404),
        ("/static/.git/config", 404),
        ("/static/...", 404),
        ("/static/outside.txt", 404),
        ("/static/updir/secret.txt", 404),
        ("/static/updir/static/app.css", 200),
        ("/static/loop", 404),
        ("/static/fifo", 404),
        ("/static/socket", 404),
        ("/static/" + "x" * 300, 404),
        ("/static/" + "x/" * 3000, 404),
    ],
)
def test_only_regular_files_inside_the_directory_are_served(files: StaticFiles, path: str, status: int) -> None:
    """PATH_INFO is decoded already, so these are what `%2e%2e%2f` and the like become; nothing leaves the directory."""
    answer = get(files, path)
    assert answer.status == status
    assert b"secret" not in answer.body


@pytest.mark.parametrize("path", ["/", "/other", "/staticfile", "/app/static/app.css", "/Static/app.css"])
def test_other_paths_are_the_applications(files: StaticFiles, path: str) -> None:
    """Only what lies under the prefix is taken."""
    assert get(files, path).body == b"the application"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_not_allowed(files: StaticFiles, method: str) -> None:
    """405 with Allow, whether the file exists or not."""
    status, fields, _ = get(files, "/static/none.css", method)
    assert (status, fields["Allow"]) == (405, "GET, HEAD")


def test_head_is_get_without_the_body(files: StaticFiles) -> None:
    """The same fields, and ranges do not apply (RFC 9110 §14.2)."""
    whole = get(files)
    assert get(files, method="HEAD", HTTP_RANGE="bytes=0-1") == (200, whole.fields, b"")


@pytest.mark.parametrize(
    ("query", "policy"),
    [("", REVALIDATE), ("?v=1f3a", IMMUTABLE), ("?a=1&v=2", IMMUTABLE), ("?v=", REVALIDATE), ("?nov=1", REVALIDATE)],
)
def test_a_versioned_url_never_changes(files: StaticFiles, query: str, policy: str) -> None:
    """A URL that carries its version may be kept for good, any other has to be asked for again."""
    assert get(files, "/static/app.css" + query).fields["Cache-Control"] == policy


@pytest.mark.parametrize(
    ("asked", "status", "body", "content_range"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=8-", 206, b"89", "bytes 8-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=0-999", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=10-", 416, b"416 Requested Range Not Satisfiable\n", "bytes */10"),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
        ("bytes=3-1", 200, b"0123456789", None),
    ],
)
def test_a_single_range_is_a_part(
    files: StaticFiles, asked: str, status: int, body: bytes, content_range: str | None
) -> None:
    """206 with Content-Range, 416 with the size, and the whole for what may be ignored."""
    answer = get(files, HTTP_RANGE=asked)
    assert (answer.status, answer.body) == (status, body)
    assert answer.fields.get("Content-Range") == content_range
    assert answer.fields["Content-Length"] == str(len(body))


def test_a_range_of_a_file_that_has_changed_is_the_whole_of_the_new_one(files: StaticFiles) -> None:
    """If-Range spares the client from gluing parts of two versions together."""
    assert get(files, HTTP_RANGE="bytes=0-1", HTTP_IF_RANGE=etag_of(files)).status == 206
    assert get(files, HTTP_RANGE="bytes=0-1", HTTP_IF_RANGE='"old"').status == 200


def test_a_known_file_is_not_sent_again(files: StaticFiles) -> None:
    """304 without a body or its length, with the validators and the policy (RFC 9110 §15.4.5)."""
    status, fields, body = get(files, HTTP_IF_NONE_MATCH=etag_of(files))
    assert (status, body) == (304, b"")
    assert fields.keys() == {"ETag", "Last-Modified", "Cache-Control"}


def test_a_failed_precondition_is_412(files: StaticFiles) -> None:
    """If-Match of another version."""
    assert get(files, HTTP_IF_MATCH='"old"').status == 412


def test_a_changed_file_has_another_entity_tag(files: StaticFiles, tmp_path: Path) -> None:
    """Same size, other time: other tag."""
    before = etag_of(files)
    os.utime(tmp_path / "static" / "app.css", ns=(0, MODIFIED * 10**9 + 1))
    assert etag_of(files) != before


@pytest.mark.parametrize(("asked", "expected"), [(None, BIG), ("bytes=100-200099", BIG[100:200100])])
def test_a_large_file_is_left_to_the_server_to_send(files: StaticFiles, asked: str | None, expected: bytes) -> None:
    """A FileWrapper stands at the first byte wanted, Content-Length says how far, and its file is closed."""
    environ = environ_of("/static/big.bin", **({"HTTP_RANGE": asked} if asked else {}))
    wrapped: list[object] = []
    wrapper = environ["wsgi.file_wrapper"]
    environ["wsgi.file_wrapper"] = lambda file: wrapped.append(file) or wrapper(file)
    assert call(files, environ).body == expected
    assert [file.closed for file in wrapped] == [True]  # type: ignore[attr-defined]  # it is a file


def test_a_file_that_becomes_a_link_to_the_outside_is_gone(files: StaticFiles, tmp_path: Path) -> None:
    """That the name was good before says nothing; a file of the directory under another name stays good."""
    name = tmp_path / "static" / "app.css"
    assert [get(files).status, get(files).status] == [200, 200]
    name.rename(tmp_path / "static" / "other.css")
    assert get(files, "/static/other.css").status == 200
    name.symlink_to(tmp_path / "secret.txt")
    assert get(files).status == 404
    name.unlink()
    (tmp_path / "static" / "other.css").rename(tmp_path / "moved.css")
    name.symlink_to(tmp_path / "moved.css")
    assert get(files).status == 404


def test_no_descriptor_is_left_open(files: StaticFiles) -> None:
    """Whatever the answer, as many are open afterwards as before."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in ("app.css", "big.bin", "css", "fifo", "outside.txt", "none"):
        for fields in ({}, {"HTTP_RANGE": "bytes=99999999-"}, {"HTTP_IF_MATCH": '"x"'}):
            get(files, f"/static/{path}", **fields)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_file_is_not_missing_because_descriptors_are(files: StaticFiles) -> None:
    """A 404 would be kept by caches; the failure goes on to the server, which answers with a 500."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            files(environ_of("/static/app.css"), lambda *_: None)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.html", "text/html; charset=utf-8"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.mjs", "text/javascript; charset=utf-8"),
        ("A.CSS", "text/css; charset=utf-8"),
        ("a.json", "application/json; charset=utf-8"),
        ("a.svg", "image/svg+xml; charset=utf-8"),
        ("a.png", "image/png"),
        ("a.woff2", "font/woff2"),
        ("a.tar.gz", "application/octet-stream"),
        ("a", "application/octet-stream"),
        ("a.unheard-of", "application/octet-stream"),
    ],
)
def test_the_suffix_tells_the_type(name: str, kind: str) -> None:
    """Text is UTF-8; what is unknown is bytes."""
    assert content_type("/static/" + name) == kind
