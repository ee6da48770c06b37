"""Sub-applications by prefix."""

from __future__ import annotations

from wsgiref.validate import validator

import pytest
from flask import Flask

from framework import App, RouteError
from framework.middleware.dispatch import Dispatch
from framework.testing import Client
from tests.framework.middleware.inner import seen, show, text


@pytest.mark.parametrize(
    ("url", "script", "path"),
    [
        ("/shop", "/shop", ""),
        ("/shop/", "/shop", "/"),
        ("/shop/a/b", "/shop", "/a/b"),
        ("/shop/admin/a", "/shop/admin", "/a"),
        ("/shop/adminton", "/shop", "/adminton"),
        ("/%73hop/x", "/shop", "/x"),
        ("/%E4%B8%AD/x", "/中", "/x"),
    ],
)
def test_mount_points(url: str, script: str, path: str) -> None:
    """The longest mount point that ends at a slash wins, whatever its spelling."""
    application = Dispatch(text("main"), dict.fromkeys(("/shop", "/shop/admin", "/中"), show))
    found = seen(application, url)
    assert (found["SCRIPT_NAME"], found["PATH_INFO"]) == (script, path)


@pytest.mark.parametrize("url", ["/", "/shopping", "/shop%2Fx", "/x/shop"])
def test_elsewhere(url: str) -> None:
    """Other paths go to the main application, or are not found; a coded slash is no border."""
    mounts = {"/shop": show}
    assert Client(validator(Dispatch(text("main"), mounts))).get(url).text == "main"
    assert Client(validator(Dispatch(None, mounts))).get(url).status == 404


@pytest.mark.parametrize("prefix", ["", "/", "shop", "/shop/"])
def test_wrong_prefix(prefix: str) -> None:
    """A mount point that could never match is refused."""
    with pytest.raises(ValueError, match="a mount point begins"):
        Dispatch(None, {prefix: show})
    with pytest.raises((ValueError, RouteError)):
        App("x").mount(prefix, show)


def test_paths_stay_whole_below_a_mount_point() -> None:
    """A mounted application still sees segments as they were sent, and builds addresses that come back."""
    inner, outer = App("inner"), App("outer")
    inner.get("/note/<note>", name="note")(lambda request, note: f"{note} {request.url_for('note', note=note)}")
    outer.get("/")(lambda _request: "outer")
    outer.mount("/in/ner", inner)
    client = outer.test_client()
    assert client.get("/in/ner/note/a%2Fb").text == "a/b /in/ner/note/a%2Fb"
    assert client.get("/").text == "outer"
    assert client.get("/in/ner/none").status == 404


def test_flask_moves_in() -> None:
    """An application of another framework lives below a prefix as it is."""
    flask, app = Flask("old"), App("new")
    flask.get("/hello/<name>", endpoint="hello")(lambda name: f"old {name}")
    app.get("/hello/<name>")(lambda _request, name: f"new {name}")
    app.mount("/old", flask)
    client = app.test_client()
    assert [client.get(url).text for url in ("/hello/x", "/old/hello/x")] == ["new x", "old x"]
