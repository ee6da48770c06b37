"""How the site answers: pages in the reader's language, and outcomes in the form the caller asked for.

A public page is the same for all who read the same language, until a quote changes: caches may keep it, and it
holds nothing of a visitor. All other answers are private.

An outcome (a stock watched, a note refused) has three forms. A browser, whose Accept names text/html, is sent on
to a page (303) that shows the message, or gets an error page. A caller that prefers application/json gets an object;
anyone else, curl's `*/*` included, one line of text. The status of a refusal is the same in all three.
"""

from __future__ import annotations

from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app import display, formats
from app.i18n import Translator, load_translators
from app.sparkline import sparkline
from framework import Request, Response, redirect
from framework.negotiation import parse_preferences
from framework.response import HTML, json_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment

    from framework import App

ROOT: Final = Path(__file__).parent.parent
FILTERS: Final = {
    "direction": formats.direction,
    "money": formats.money,
    "percent": formats.percent,
    "signed_percent": formats.signed_percent,
    "thousands": formats.thousands,
    "sparkline": sparkline,
}
FORMS: Final = {"text/html": "html", "application/xhtml+xml": "html", "application/json": "json", "text/plain": "text"}
# What a page may be told to say by the request before it: the cookie is not signed.
NOTICES: Final = frozenset({"watched", "unwatched", "note_saved", "moved", "already_watched", "not_watched"})
NOTICE: Final = "notice"
NOTICE_SECONDS: Final = 60
ADDRESSES: Final = 32_768  # three for each stock of the whole market, and what visitors search for
ENVIRONMENTS: Final = 8  # both languages; a site is mounted in one place, or in a few
# A browser asks each time. A shared cache answers for a second, and while it asks for another ten.
# Not no-cache, which says the same to a browser: nginx would take it for itself and keep nothing.
PUBLIC: Final = "public, max-age=0, s-maxage=1, stale-while-revalidate=10"


class Pages:
    """Renders templates and tells outcomes."""

    def __init__(self, app: App) -> None:
        app.jinja.filters.update(FILTERS)
        self._app = app
        self._translators = load_translators()
        self._build = _build()
        # The same few addresses stand on every page, three for each stock: they are built once.
        self._address = lru_cache(maxsize=ADDRESSES)(app.url_for)
        self._static_address = app.static_url if app.debug else cache(app.static_url)
        self._environment = lru_cache(maxsize=ENVIRONMENTS)(self._make_environment)

    def translator(self, request: Request) -> Translator:
        """Return the catalogue in the language that the visitor chose, or that Accept-Language likes best."""
        return self._translators[display.language(request)]

    def render(self, request: Request, template: str, status: int = 200, **context: Any) -> Response:
        """Return the visitor's own page, with the notice that the request before it left, shown once."""
        t = self.translator(request)
        notice = request.cookies.get(NOTICE)
        response = self._fill(request, template, t, notice if notice in NOTICES else "", context)
        response.add_etag()
        response.status = status
        if notice:
            response.delete_cookie(NOTICE)
        return _private(response, t.language)

    def has_current(self, request: Request, version: int) -> bool:
        """Tell whether the caller holds the public page of these quotes already: `unchanged` answers then."""
        return NOTICE not in request.cookies and request.has_current(self._tag(request, version))

    def unchanged(self, request: Request, version: int) -> Response:
        """Return 304: the page that the caller holds is good."""
        return self._public(request, Response(status=304), version)

    def public(self, request: Request, template: str, version: int, **context: Any) -> Response:
        """Return a page that is the same for all, of the quotes of this version.

        `version` is read before the quotes: an old label on new quotes is put right soon, the reverse never.
        """
        if NOTICE in request.cookies:
            return self.render(request, template, version=version, **context)
        t = self.translator(request)
        response = self._fill(request, template, t, "", {"version": version, **context})
        return self._public(request, response, version)

    def public_json(self, request: Request, value: object, version: int) -> Response:
        """Return data that are the same for all, of the quotes of this version."""
        return self._public(request, json_response(value), version)

    def wants_page(self, request: Request) -> bool:
        """Tell whether the caller is a browser that a person sits before."""
        return _wanted(request) == "html"

    def confirm(self, request: Request, code: str, outcome: str, back: str, status: int = 200) -> Response:
        """Tell that a change was made: 303 to `back` for a browser, `status` for other callers."""
        if self.wants_page(request):
            response = redirect(back, status=303)
            response.set_cookie(NOTICE, outcome, max_age=NOTICE_SECONDS)
            return response
        return self._tell(request, status, outcome, {"code": code, "outcome": outcome})

    def refuse(self, request: Request, status: int, reason: str, headers: Mapping[str, str]) -> Response:
        """Tell that the request was not granted, and why; `headers` go into the response."""
        if self.wants_page(request):
            message = self.translator(request)(reason)
            response = self.render(request, "error.html", status, code=status, message=message)
        else:
            response = self._tell(request, status, reason, {"error": reason})
        for name, value in headers.items():
            response.headers[name] = value
        return response

    def _fill(
        self, request: Request, template: str, t: Translator, notice: str | None, context: Mapping[str, Any]
    ) -> Response:
        environment = self._environment(t.language, request.environ.get("SCRIPT_NAME", ""))
        text = environment.get_template(template).render(request=request, notice=notice, **context)
        return Response(text, content_type=HTML)

    def _make_environment(self, language: str, root: str) -> Environment:
        """Return the environment of the pages in one language, below one mount point.

        A message without values, `| t`, is a constant when a template is compiled. `url_for` is a filter, too, for
        where it is called hundreds of times: Jinja asks of each call whether it wants the context, which takes longer
        than the address.
        """

        def below_root(name: str, /, **values: str | int) -> str:
            return root + self._address(name, **values)

        def static_url(path: str) -> str:
            return root + self._static_address(path)

        url_for = below_root if root else self._address
        environment = self._app.jinja.overlay()
        environment.filters = {**environment.filters, "t": self._translators[language], "url_for": url_for}
        environment.globals = {
            **environment.globals,
            "language": language,
            "url_for": url_for,
            "static_url": static_url,
        }
        return environment

    def _tell(self, request: Request, status: int, key: str, fields: Mapping[str, str]) -> Response:
        t = self.translator(request)
        if _wanted(request) == "json":
            response = json_response({**fields, "status": status, "message": t(key)}, status)
        else:
            response = Response(f"{t(key)}\n", status)
        return _private(response, t.language)

    def _tag(self, request: Request, version: int) -> str:
        return f"{version}-{display.language(request)}-{self._build}"

    def _public(self, request: Request, response: Response, version: int) -> Response:
        response.headers["Content-Language"] = display.language(request)
        response.headers["Vary"] = "Accept-Language, Cookie"
        response.headers["Cache-Control"] = PUBLIC
        response.add_etag(self._tag(request, version))
        return response


def _build() -> str:
    """Return a hash of what pages are made from: a new release changes them though no quote did."""
    digest = sha256()
    for folder in ("app", "templates", "static"):
        for path in sorted((ROOT / folder).rglob("*.*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _wanted(request: Request) -> str:
    """Return `html`, `json` or `text`: the form that Accept names and likes best, else text."""
    wishes = parse_preferences(request.headers.get("Accept"))
    return next((FORMS[kind] for kind, weight in wishes if weight and kind in FORMS), "text")


def _private(response: Response, language: str) -> Response:
    """Say what the answer depends on: no cache may hand one visitor's page to another."""
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept, Accept-Language, Cookie"
    response.headers["Cache-Control"] = "private, no-cache"
    return response
