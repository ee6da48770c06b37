"""The site as the public sees it: through nginx, from MySQL."""

import html
import re
from urllib.parse import quote

import pytest

from tests.stack.compose import Stack, Visitor, curl

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

CHINESE = re.compile(r"[\u4e00-\u9fff]")
CODE = "000007"
# Everything that some layer on the way might decode, tidy or take for its own.
NOTES = [
    "a/b",
    "why? yes & no",
    "100 % #1",
    "涨停 中文",
    "a+b=c;d",
    r"\1 \g<0>",
    "..",
    "a//b/./c",
    "%2F%25",
    "'\"<b>&amp;",
    # What nginx tidies this one into begins with /static/; what the client wrote does not, and that decides.
    "../../static/app.css",
]


def rows(page: str) -> list[str]:
    """Return the rows of the page's table of stocks."""
    return re.findall(r"<tr[^>]* id=\"s\d{6}\">.*?</tr>", page, re.DOTALL)


def texts(page: str) -> list[str]:
    """Return every piece of text between two tags, unescaped."""
    return [html.unescape(piece) for piece in re.findall(r">([^<]+)<", page)]


def test_the_list_holds_the_seeded_stocks(stack: Stack) -> None:
    """`/index.html` shows over 100 stocks, each with its Chinese name, out of MySQL."""
    answer = curl(stack.url + "/index.html")
    assert answer.status == 200
    found = rows(answer.body)
    assert len(found) > 100
    assert all(CHINESE.search(row) for row in found)
    assert len(found) == int(stack.sql("SELECT COUNT(*) FROM minnow.stocks"))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/index.html", 200),
        (f"/stock/{CODE}.html", 200),
        ("/center.html", 200),
        ("/stock/999999.html", 404),
        ("/nowhere.html", 404),
        ("/healthz", 200),
        ("/readyz", 200),
    ],
)
def test_pseudo_static_urls_reach_the_site(stack: Stack, path: str, status: int) -> None:
    """The public URLs answer through nginx with their true status."""
    assert curl(stack.url + path).status == status


@pytest.mark.parametrize("note", NOTES)
def test_a_note_in_the_path_survives_the_way(visitor: Visitor, note: str) -> None:
    """A percent-coded note reaches the app as it was written: nginx does not decode, tidy or cut it."""
    assert visitor.post(f"/add/{CODE}.html").status in {201, 303}
    assert visitor.post(f"/update/{CODE}/{quote(note, safe='')}.html").status in {200, 303}
    assert (
        f">{html.escape(note)}<".replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
        in visitor.get("/center.html").body
    )


def test_two_visitors_have_lists_of_their_own(stack: Stack, visitor: Visitor) -> None:
    """A watch list is seen by the visitor who made it and by nobody else."""
    visitor.post(f"/add/{CODE}.html")
    assert visitor.post(f"/add/{CODE}.html").status == 409
    assert CODE in visitor.get("/center.html").body
    assert CODE not in curl(stack.url + "/center.html").body


def test_a_request_from_another_origin_is_refused(stack: Stack, visitor: Visitor) -> None:
    """The app sees the Host that the client used, port included, so that it can tell its own origin from others."""
    assert visitor.post(f"/add/{CODE}.html", "--data", "", "--header", f"Origin: {stack.url}").status in {201, 303}
    assert visitor.post(f"/del/{CODE}.html", "--data", "", "--header", "Origin: http://evil.example").status == 403
