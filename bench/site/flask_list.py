"""The list page on Flask: the same query, template, catalogue and database driver, for `gunicorn -k gevent`.

Its links are built by Flask's own `url_for`, as a Flask site would build them.
"""

from __future__ import annotations

import functools

import flask

import app as site
from app.config import Config
from app.database import Database
from app.i18n import load_translators
from app.listing import Wanted, listing
from app.pages import FILTERS
from framework.multidict import MultiDict, parse_pairs

ROUTES = {
    "index": "/index.html",
    "stock": "/stock/<code>.html",
    "center": "/center.html",
    "add": "/add/<code>.html",
    "delete": "/del/<code>.html",
    "marks": "/marks.css",
    "settings": "/settings.html",
    "live": "/live",
}


class Request(flask.Request):
    """What the template asks of a request, under the same names."""

    @property
    def raw_path(self) -> str:
        """Return the path."""
        return self.path


def create() -> flask.Flask:
    """Return the application."""
    config = Config.from_environment()
    minnow = site.create_app(config)
    database = Database(config.database)
    app = flask.Flask("list", template_folder=str(site.ROOT / "templates"), static_folder=None)
    app.request_class = Request
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.trim_blocks, app.jinja_env.lstrip_blocks = minnow.jinja.trim_blocks, minnow.jinja.lstrip_blocks
    app.jinja_env.globals["static_url"] = functools.cache(minnow.static_url)
    app.jinja_env.filters.update(t=load_translators()["en"], url_for=flask.url_for)
    app.jinja_env.globals["language"] = "en"

    def index() -> flask.Response:
        wanted = Wanted.from_query(MultiDict(parse_pairs(flask.request.query_string.decode())))
        found = database.read(lambda c: listing(c, wanted))
        version = found.tally.version
        text = flask.render_template("list.html", notice="", version=version, listing=found)
        response = flask.Response(text, content_type="text/html; charset=utf-8")
        response.set_etag(f"{version}-en")
        return response

    for name, path in ROUTES.items():
        app.add_url_rule(path, name, index if name == "index" else flask.abort)
    return app
