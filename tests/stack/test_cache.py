"""Pages that cost nothing: the front keeps what is the same for all, and never what is a visitor's own."""

import json
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.stack.compose import Stack, Visitor, curl

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

CODE = "000007"
PATIENCE = 30.0


@pytest.fixture
def page(stack: Stack) -> str:
    """Return an address of the list that nobody has asked for yet."""
    return f"{stack.url}/index.html?mark={uuid.uuid4().hex}"


def asked_of_the_app(stack: Stack, url: str) -> list[str]:
    """Return the lines of the app's log about a page."""
    return [line for line in stack.log("app") if url.partition("mark=")[2] in line]


def wait_for(what: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def move(stack: Stack, price: str) -> str:
    """Give the stock another price, as an import does; return the version of the quotes."""
    stack.sql(
        "BEGIN; UPDATE minnow.market SET version = version + 1; UPDATE minnow.stocks SET price = "
        f"{price}, version = (SELECT version FROM minnow.market) WHERE code = '{CODE}'; COMMIT"
    )
    return stack.sql("SELECT version FROM minnow.market").strip()


def test_a_page_is_made_once_for_all(stack: Stack, page: str) -> None:
    """Of many who ask at once for a page that is not there one gets through; the others wait for its answer."""
    with ThreadPoolExecutor(20) as callers:
        answers = list(callers.map(lambda _: curl(page), range(20)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert len(asked_of_the_app(stack, page)) < 5
    assert [answer.headers["x-cache"] for answer in answers].count("MISS") == 1


def test_a_page_is_renewed_by_its_version(stack: Stack, page: str) -> None:
    """An old page is checked, not made again, until a quote changes; then the new one is there within seconds."""
    first = curl(page)
    wait_for(lambda: curl(page).headers["x-cache"] == "STALE")
    wait_for(lambda: any(" 304 " in line for line in asked_of_the_app(stack, page)))
    assert curl(page).headers["etag"] == first.headers["etag"]
    assert curl("--header", f"If-None-Match: {first.headers['etag']}", page).status == 304
    price = stack.sql(f"SELECT price FROM minnow.stocks WHERE code = '{CODE}'").strip()
    try:
        version = move(stack, "4321.98")
        wait_for(lambda: "4,321.98" in curl(page).body)
        assert curl(page).headers["etag"].startswith(f'"{version}-')
        assert curl("--header", f"If-None-Match: {first.headers['etag']}", page).status == 200
    finally:
        move(stack, price)


def test_two_visitors_share_pages_and_nothing_else(stack: Stack, page: str, tmp_path: Path) -> None:
    """What one visitor watches and notes is in no page that another is shown, whoever asks first."""
    ann, bob = (Visitor(stack.url, tmp_path / name) for name in ("ann", "bob"))
    secret = f"secret{uuid.uuid4().hex}"
    path = page.removeprefix(stack.url)
    assert ann.post(f"/add/{CODE}.html").status == 201
    assert ann.post(f"/update/{CODE}.html", "--data", f"note={secret}").status == 200
    for shared in (path, f"/stock/{CODE}.html", f"/bars/{CODE}.json", "/"):
        # One of them may still be given the page of the last version, while the next is made.
        wait_for(lambda path=shared: ann.get(path).body == bob.get(path).body)
        hers, his = ann.get(shared), bob.get(shared)
        for answer in (hers, his):
            assert "set-cookie" not in answer.headers
            assert secret not in answer.body
            assert answer.headers["cache-control"] == "public, no-cache"
    for own in ("/marks.css", "/center.html", f"/update/{CODE}.html"):
        hers, his = ann.get(own), bob.get(own)
        assert hers.body != his.body
        assert CODE in hers.body
        for answer in (hers, his):
            assert "x-cache" not in answer.headers
            assert "private" in answer.headers["cache-control"]
    assert secret in ann.get("/center.html").body
    assert secret not in bob.get("/center.html").body


def test_languages_do_not_mix(stack: Stack, page: str) -> None:
    """Each language has its page, whether a header or a cookie asks for it, and however oddly."""
    for options, language in (
        (("Accept-Language: zh-CN,zh;q=0.9,en;q=0.8",), "zh"),
        (("Accept-Language: en-GB,en;q=0.9",), "en"),
        ((), "en"),
        (("Accept-Language: de,zh;q=0.5,en;q=0.1",), "zh"),
        (("Accept-Language: zh;q=0,en;q=0.1",), "en"),
        (("Accept-Language: en", "Cookie: language=zh"), "zh"),
        (("Accept-Language: zh", "Cookie: language=en; language=zh"), "en"),
        (("Accept-Language: zh", "Cookie: language=fr"), "zh"),
    ) * 2:
        answer = curl(*(part for option in options for part in ("--header", option)), page)
        assert answer.headers["content-language"] == language
        assert f'<html lang="{language}' in answer.body


def test_a_message_for_one_is_not_kept(stack: Stack, page: str) -> None:
    """The page that tells a visitor what he has done is made for him; the next one asks for the shared page."""
    plain = curl(page)
    told = curl("--header", "Cookie: notice=watched", page)
    assert told.headers["x-cache"] == "BYPASS"
    assert told.body != plain.body
    assert curl(page).body == plain.body


def test_errors_are_not_kept(stack: Stack) -> None:
    """What is not there is asked for each time: it may be there next time."""
    for _ in range(2):
        answer = curl("--header", "Accept: text/html", f"{stack.url}/stock/999999.html")
        assert (answer.status, answer.headers["x-cache"]) == (404, "MISS")


@pytest.mark.parametrize("path", ["/update/000007/..%2F..%2Findex.html", "/stock/..%2Findex.html"])
def test_only_public_paths_are_kept(stack: Stack, path: str) -> None:
    """A path that becomes a public one only when nginx tidies it is the app's, cookies included."""
    assert "x-cache" not in curl(stack.url + path).headers


@pytest.fixture
def live(stack: Stack) -> Iterator[subprocess.Popen[str]]:
    """Open the stream of live quotes at the public address."""
    command = ["curl", "--silent", "--no-buffer", "--max-time", "60", f"{stack.url}/live?codes={CODE}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_live_quotes_come_through(stack: Stack, live: subprocess.Popen[str]) -> None:
    """The front holds no event back: a price that changes in the database is told to an open page."""
    assert live.stdout is not None
    assert live.stdout.readline() == ": hello\n"
    price = stack.sql(f"SELECT price FROM minnow.stocks WHERE code = '{CODE}'").strip()
    time.sleep(2.5)  # the worker looks at the version once a second, and must have done so before it changes
    try:
        version = move(stack, "1234.56")
        lines = [live.stdout.readline() for _ in range(4)]
    finally:
        move(stack, price)
    assert lines[1:3] == ["event: quotes\n", f"id: {version}\n"]
    assert json.loads(lines[3].removeprefix("data: "))[0][:2] == [CODE, "1234.56"]
