"""Templates and the addresses of static files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from framework import App, Request, Response, RouteError
from framework.statics import StaticFiles
from framework.testing import make_environ

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def app(tmp_path: Path) -> App:
    """Return an application with a template and a static file."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "static" / "img").mkdir(parents=True)
    (tmp_path / "static" / "img" / "中 1.svg").write_text("<svg/>")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "templates" / "page.html").write_text(
        "{{ text }} {{ url_for('page', text='a/b') }} {{ static_url('img/中 1.svg') }} {{ request.method }}"
    )
    (tmp_path / "templates" / "bad.html").write_text("{{ nothing }}")
    app = App("templates", suffix=".html", templates=tmp_path / "templates", static=tmp_path / "static")

    @app.get("/page/<text>")
    def page(request: Request, text: str) -> Response:
        return app.render("page.html", request, text=text)

    @app.get("/bad")
    def bad(request: Request) -> Response:
        return app.render("bad.html", request)

    return app


def test_render(app: App) -> None:
    """A page is HTML, escapes what it is given and knows its addresses, below any mount point."""
    answer = app.test_client(SCRIPT_NAME="/m").get(app.url_for("page", text="<b>&'"))
    text, link, image, method = answer.text.split()
    assert (text, link, method) == ("&lt;b&gt;&amp;&#39;", "/m/page/a%2Fb.html", "GET")
    assert image.startswith("/m/static/img/%E4%B8%AD%201.svg?v=")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_undefined_names(app: App) -> None:
    """A name that nobody gave is an error and no empty string; users do not hear of it."""
    answer = app.test_client().get("/bad.html")
    assert answer.status == 500
    assert "nothing" not in answer.text


def test_static_url_follows_the_content(app: App, tmp_path: Path) -> None:
    """The address changes when the file does, and url_for knows it as well."""
    before = app.static_url("img/中 1.svg")
    assert before == app.url_for("static", path="img/中 1.svg") == app.static_url("img/中 1.svg")
    (tmp_path / "static" / "img" / "中 1.svg").write_text("<svg></svg>")
    assert app.static_url("img/中 1.svg") != before


@pytest.mark.parametrize("path", ["nothing.css", "../secret", "img", "/etc/passwd", ""])
def test_no_such_static_file(app: App, path: str) -> None:
    """A file that is not there, or not below the directory, is the template's mistake."""
    with pytest.raises(RouteError, match="no static file"):
        app.static_url(path)


def test_prefix(tmp_path: Path) -> None:
    """Static files may live under another address."""
    (tmp_path / "a.css").write_text("")
    assert StaticFiles(tmp_path, "/assets").url("a.css") == "/assets/a.css?v=e3b0c44298fc"


def test_missing_directories(tmp_path: Path) -> None:
    """An application whose templates are missing, or were never named, says so."""
    request = Request(make_environ("GET", "/"), App("x"))
    with pytest.raises(RouteError, match=r"App\('x', templates=…\)"):
        App("x").render("a.html", request)
    with pytest.raises(RouteError, match="no directory"):
        App("x", templates=tmp_path / "nowhere")
    with pytest.raises(RouteError, match=r"static=…"):
        App("x").static_url("a.css")
