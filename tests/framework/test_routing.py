"""The routing table: which route wins, what has no route, and the way back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from framework.errors import HTTPError, RouteError
from framework.routing import Route, Router

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def make(*patterns: str | re.Pattern[str], suffix: str = "", methods: tuple[str, ...] = ("GET",)) -> Router:
    """Return a router whose routes are named by their patterns."""
    router = Router(suffix)
    for pattern in patterns:
        name = pattern if isinstance(pattern, str) else pattern.pattern
        router.add(Route(name, "", methods, print, f"views.py:{len(router.routes)}"), pattern)
    return router


def match(router: Router, method: str, raw: str) -> tuple[str, dict[str, Any]]:
    """Return the name of the route that matches, and the values of its variables by their names."""
    route, values = router.match(method, raw)
    return route.name, dict(zip(route.names, values, strict=True))


PRECEDENCE = (
    "/",
    "/stock/new",
    "/stock/<n:int>",
    "/stock/<name>",
    "/stock/<name>.svg",
    "/stock/<rest:path>",
    "/<shelf>/new",
    "/<shelf>/<n:int>/edit",
    "/files/<rest:path>",
    "/a b/中",
    re.compile(r"/old/(?P<note>.*)\.php"),
)


@pytest.mark.parametrize(
    ("raw", "pattern", "values"),
    [
        ("/", "/", {}),
        ("/stock/new", "/stock/new", {}),
        ("/stock/%6Eew", "/stock/new", {}),
        ("/stock/7", "/stock/<n:int>", {"n": 7}),
        ("/stock/seven", "/stock/<name>", {"name": "seven"}),
        ("/stock/seven.svg", "/stock/<name>.svg", {"name": "seven"}),
        ("/stock/a%2Fb", "/stock/<name>", {"name": "a/b"}),
        ("/stock/a/b", "/stock/<rest:path>", {"rest": "a/b"}),
        ("/stock/7/edit", "/stock/<rest:path>", {"rest": "7/edit"}),
        ("/book/new", "/<shelf>/new", {"shelf": "book"}),
        ("/book/7/edit", "/<shelf>/<n:int>/edit", {"shelf": "book", "n": 7}),
        ("/files/new", "/files/<rest:path>", {"rest": "new"}),
        ("/files//x/", "/files/<rest:path>", {"rest": "/x/"}),
        ("/a%20b/%E4%B8%AD", "/a b/中", {}),
        ("/old/a%2F%0Ab/c.php", None, None),
        ("/old/a%2Fb/c.php", r"/old/(?P<note>.*)\.php", {"note": "a/b/c"}),
        ("/book", None, None),
        ("/stock/", None, None),
        ("//", None, None),
        ("/stock/new/", "/stock/<rest:path>", {"rest": "new/"}),
    ],
)
def test_precedence(raw: str, pattern: str | None, values: dict[str, Any] | None) -> None:
    """Literals win over converters, those over plain variables, those over paths; and no way in is missed."""
    router = make(*PRECEDENCE)
    if pattern is None:
        with pytest.raises(HTTPError, match="404"):
            router.match("GET", raw)
    else:
        assert match(router, "GET", raw) == (pattern, values)


@given(st.permutations(PRECEDENCE[:-1]))
def test_order_of_definition_does_not_matter(patterns: list[str]) -> None:
    """The same table in another order gives the same answers."""
    router = make(*patterns)
    for raw, name in [("/stock/new", "/stock/new"), ("/stock/7", "/stock/<n:int>"), ("/x/new", "/<shelf>/new")]:
        assert router.match("GET", raw)[0].name == name


def outcome(router: Router, raw: str) -> tuple[str, dict[str, Any]] | str:
    """Return what a GET leads to: a route and its values, or an error."""
    try:
        return match(router, "GET", raw)
    except HTTPError as error:
        return str(error)


@given(st.lists(st.sampled_from(["", "stock", "new", "7", "a", "a.svg", "files", "%6Eew", "edit"]), max_size=5))
def test_short_cuts_change_nothing(segments: list[str]) -> None:
    """The short cut to the last segment finds what the whole tree finds."""
    short, whole = make(*PRECEDENCE), make(*PRECEDENCE)
    whole._parents.clear()
    raw = "".join(f"/{segment}" for segment in segments) or "/"
    assert outcome(short, raw) == outcome(whole, raw)


@given(TEXT, st.sampled_from(["", ".html"]))
@example("/ ? # % 中文", ".html")
@example("%2F", "")
@example(".", "")
@example("..", ".html")
@example("\0\n\x7f", ".html")
@example("a.html", ".html")
def test_any_text_survives(text: str, suffix: str) -> None:
    """What url_for puts into a path, match takes out of it: whole segments, and segments with other text."""
    router = make("/note/<text>", "/<a>/<b>/of", "/v-<text>-<n:int>", suffix=suffix)
    for name, values in [
        ("/note/<text>", {"text": text}),
        ("/<a>/<b>/of", {"a": text, "b": text[::-1]}),
        ("/v-<text>-<n:int>", {"text": text, "n": 7}),
    ]:
        assert match(router, "GET", router.url_for(name, values)) == (name, values)


@given(TEXT)
def test_any_path_survives(text: str) -> None:
    """A path variable comes back with all of its slashes."""
    router = make("/files/<p:path>")
    assert match(router, "GET", router.url_for("/files/<p:path>", {"p": text}))[1] == {"p": text}


@pytest.mark.parametrize("raw", ["*", "stock", "stock/new", "", "http:"])
def test_targets_that_are_no_paths(raw: str) -> None:
    """What does not begin with a slash names nothing here."""
    with pytest.raises(HTTPError, match="404"):
        make("/", "/stock", "/stock/new", "/<x>").match("OPTIONS", raw)


@pytest.mark.parametrize("raw", ["/stock/%ff", "/stock/%", "/%C3/x"])
def test_bad_paths(raw: str) -> None:
    """A path that is not percent-coded UTF-8 is a 400."""
    with pytest.raises(HTTPError, match="400"):
        make(*PRECEDENCE).match("GET", raw)


def test_methods() -> None:
    """Routes on one path share its methods; a wrong method gets 405 with Allow; HEAD goes to GET."""
    router = make("/x", "/y/<n:int>", methods=("GET", "PUT"))
    router.add(Route("post", "", ("POST",), print, "views.py:9"), "/y/<anything>")
    assert router.match("HEAD", "/y/7")[0].name == "/y/<n:int>"
    assert router.match("POST", "/y/7")[0].name == "post"
    for method, raw, allow in [("POST", "/x", "GET, HEAD, OPTIONS, PUT"), ("DELETE", "/y/z", "OPTIONS, POST")]:
        with pytest.raises(HTTPError) as caught:
            router.match(method, raw)
        assert caught.value.status == 405
        assert caught.value.headers == {"Allow": allow}
    assert router.match("OPTIONS", "/y/7")[1] == ("GET, HEAD, OPTIONS, POST, PUT",)


def test_own_head_and_options() -> None:
    """A route that answers HEAD or OPTIONS itself is asked."""
    router = make("/x")
    router.add(Route("own", "", ("HEAD", "OPTIONS"), print, "views.py:9"), "/x")
    assert router.match("HEAD", "/x")[0].name == router.match("OPTIONS", "/x")[0].name == "own"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/x", "/x"),
        ("/<a>", "/<b>"),
        ("/<a:int>", "/<b:int>"),
        ("/<a:[0-9]+>/x", "/<b:[a-z]+>/x"),
        ("/<a:int>", "/<b:[0-9]{1,18}>"),
        ("/<a:[0-9]+>/<b>", "/<b:[a-z]+>/x"),
        ("/<a:[0-9]+>/<b:path>", "/<b:[a-z]+>/x/y"),
        ("/<a>-b<c>", "/<a>-d<c>"),
    ],
)
def test_clashes(one: str, other: str) -> None:
    """Duplicate and ambiguous routes are refused when they are defined, and both are named with their lines."""
    with pytest.raises(RouteError) as caught:
        make(one, other)
    message = str(caught.value)
    assert all(part in message for part in (one, other, "views.py:0", "views.py:1"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/<a>.csv", "/<a>.html"),
        ("/<a:int>", "/<a>"),
        ("/<a:[0-9]+>/x", "/<b:[a-z]+>/y"),
        ("/<a:[0-9]+>", "/<b:[a-z]+>/y"),
        ("/<a>/x", "/<b>/y"),
        ("/x", "/x/"),
    ],
)
def test_no_clash(one: str, other: str) -> None:
    """Routes that literal text, rank or length tell apart live together."""
    assert len(make(one, other).routes) == 2


def test_url_for_query() -> None:
    """Values that are no variables become the query; None is left out, lists are repeated."""
    router = make("/list/<page:int>")
    url = router.url_for("/list/<page:int>", {"page": 2, "q": "a&b 中", "tag": ["x", "y"], "sort": None})
    assert url == "/list/2?q=a%26b+%E4%B8%AD&tag=x&tag=y"


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("nowhere", {}, "no route is named 'nowhere'; there are /n/<x:int>"),
        ("/n/<x:int>", {}, "needs x"),
        ("/n/<x:int>", {"x": "seven"}, "x='seven' does not fit"),
        ("/r(.)", {}, "regular expression"),
    ],
)
def test_url_for_mistakes(name: str, values: dict[str, Any], message: str) -> None:
    """A URL that cannot be built says why, and names the route."""
    with pytest.raises(RouteError) as caught:
        make("/n/<x:int>", re.compile("/r(.)")).url_for(name, values)
    assert message in str(caught.value)


def test_url_for_chooses_among_namesakes() -> None:
    """Two patterns of one handler share a name: the first whose variables are all given is built."""
    router = Router()
    for pattern in ("/note/<code>/<text>", "/note/<code>"):
        router.add(Route("note", "", ("GET",), print), pattern)
    assert router.url_for("note", {"code": "1"}) == "/note/1"
    assert router.url_for("note", {"code": "1", "text": "x"}) == "/note/1/x"


@pytest.mark.parametrize(
    ("pattern", "raw", "location"),
    [
        ("/index", "/index", "./index.html"),
        ("/stock/<code>", "/stock/000007", "./000007.html"),
        ("/a/<x>", "/a/b:c", "./b:c.html"),
        ("/<p:path>", "//evil.example/x", "./x.html"),
    ],
)
def test_suffix(pattern: str, raw: str, location: str) -> None:
    """The suffix is part of the public path; the bare one redirects there, by a reference that stays on this host."""
    router = make(pattern, suffix=".html")
    assert router.match("GET", f"{raw}.html")[0].name == pattern
    assert router.match("GET", raw)[1] == (location,)


def test_suffix_exceptions() -> None:
    """A pattern that ends with a slash has no suffix, and a route may have its own or none."""
    router = make("/", "/dir/", suffix=".html")
    router.add(Route("healthz", "", ("GET",), print), "/healthz", suffix="")
    router.add(Route("center_csv", "", ("GET",), print), "/center", suffix=".csv")
    assert router.url_for("/", {}) == "/"
    assert router.url_for("healthz", {}) == "/healthz"
    assert router.url_for("center_csv", {}) == "/center.csv"
    assert router.match("GET", "/center")[1] == ("./center.csv",)
    for raw in ("/healthz.html", "/dir/.html", "/dir"):
        with pytest.raises(HTTPError, match="404"):
            router.match("GET", raw)


def test_wrong_pattern_names_its_line() -> None:
    """A definition error tells the file and line to change."""
    with pytest.raises(RouteError, match=r"views\.py:0.*no converter 'float'"):
        make("/<x:float>")
