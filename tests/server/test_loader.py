"""How an application is found, and what is said when it is not."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.errors import AppLoadError, ConfigError
from server.loader import Spec, load_app, parse_spec

SHOP = '''
def app(environ, start_response):
    """A WSGI application."""

class Site:
    class inner:
        app = staticmethod(app)
    def __call__(self, environ, start_response):
        return []

site = Site()
number = 7

def create_app():
    return site

def create_nothing():
    return None

def create_trouble():
    raise RuntimeError("no database")

def create_long_trouble():
    raise RuntimeError("no database\\nBackground: none\\n")

def create_noted_trouble():
    error = RuntimeError("no database")
    error.add_note("asked for at night")
    raise error

def create_configured(settings):
    return site

def leave():
    raise SystemExit(1)

async def asgi(scope, receive, send):
    """An ASGI application."""

class Later:
    async def __call__(self, scope, receive, send):
        """An ASGI application as FastAPI's are."""

    @property
    def inner(self):
        raise RuntimeError("not yet")

later = Later()

def __getattr__(name):
    if name == "lazy":
        raise RuntimeError("too lazy")
    raise AttributeError(name)
'''


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in a directory with a few modules; forget them afterwards."""
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "needy.py").write_text("import a_module_nobody_has\n")
    (tmp_path / "crooked.py").write_text("def broken(:\n")
    (tmp_path / "quitter.py").write_text("raise SystemExit('bye')\n")
    package = tmp_path / "shelf"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "wsgi.py").write_text(SHOP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("app:app", Spec("app", "app", False)),
        ("a.b:c.d", Spec("a.b", "c.d", False)),
        ("app:create_app()", Spec("app", "create_app", True)),
    ],
)
def test_a_spec_is_module_attribute_and_whether_to_call(text: str, spec: Spec) -> None:
    """It prints as it was written."""
    assert parse_spec(text) == spec
    assert str(spec) == text


@pytest.mark.parametrize(
    "text", ["", "app", "app:", ":app", "app:create_app(1)", "app/wsgi.py:app", "a:b:c", "app:a b"]
)
def test_another_form_is_refused_with_an_example(text: str) -> None:
    """The line says what the form is."""
    with pytest.raises(ConfigError, match=r"MODULE:ATTRIBUTE, such as app:create_app\(\)"):
        parse_spec(text)


def test_a_factory_with_arguments_is_told_that_it_gets_none() -> None:
    """Gunicorn passes them; whoever comes from there would look for the mistake elsewhere."""
    with pytest.raises(ConfigError, match=r"; a factory gets no arguments$"):
        parse_spec("app:create_app('production')")


@pytest.mark.parametrize(
    "text", ["shop:app", "shop:site", "shop:Site.inner.app", "shop:create_app()", "shelf.wsgi:app"]
)
def test_functions_instances_attributes_and_factories_are_found(text: str) -> None:
    """What comes back is callable; the working directory is looked in."""
    assert callable(load_app(parse_spec(text)))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("shp:app", "there is no module shp (looked in {cwd} and on sys.path) (did you mean shop?)"),
        ("shelf.wsgy:app", "there is no module shelf.wsgy (looked in {cwd} and on sys.path)"),
        ("shop:ap", "shop has no attribute ap (did you mean app?)"),
        ("shop:Site.outer", "shop:Site has no attribute outer"),
        ("shop:number", "shop:number is of type int, not a WSGI callable"),
        ("shop:asgi", "shop:asgi is asynchronous, an ASGI application perhaps; this server takes WSGI applications"),
        ("shop:later", "shop:later is asynchronous, an ASGI application perhaps; this server takes WSGI applications"),
        ("shop:number()", "shop:number is of type int, it cannot be called"),
        ("shop:create_nothing()", "shop:create_nothing() is of type NoneType, not a WSGI callable"),
        ("shop:create_app", "shop:create_app does not take (environ, start_response); did you mean shop:create_app()?"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(project: Path, text: str, line: str) -> None:
    """The line names what is missing and guesses what was meant; no traceback, for no code has failed."""
    with pytest.raises(AppLoadError) as caught:
        load_app(parse_spec(text))
    assert str(caught.value) == line.format(cwd=project)
    assert caught.value.trace == ""


@pytest.mark.parametrize(
    ("text", "line", "traced"),
    [
        ("shop:create_trouble()", "shop:create_trouble() raised RuntimeError: no database", "in create_trouble"),
        ("shop:leave()", "shop:leave() raised SystemExit: 1", "in leave"),
        (
            "shop:create_long_trouble()",
            "shop:create_long_trouble() raised RuntimeError: no database",
            "Background: none",
        ),
        ("shop:create_noted_trouble()", "shop:create_noted_trouble() raised RuntimeError: no database", "at night"),
        (
            "shop:create_configured()",
            "shop:create_configured() raised TypeError: create_configured() missing",
            "settings",
        ),
        ("shop:later.inner", "shop:later cannot give inner: RuntimeError: not yet", "in inner"),
        ("shop:lazy", "shop cannot give lazy: RuntimeError: too lazy", "in __getattr__"),
        ("needy:app", "cannot import needy: No module named 'a_module_nobody_has'", "needy.py"),
        ("crooked:app", "cannot import crooked: SyntaxError: invalid syntax", "crooked.py"),
        ("quitter:app", "cannot import quitter: SystemExit: bye", "quitter.py"),
    ],
)
def test_an_application_that_fails_shows_its_traceback(text: str, line: str, traced: str) -> None:
    """The traceback is the developer's: it begins in his code, not in ours nor in the import machinery."""
    with pytest.raises(AppLoadError) as caught:
        load_app(parse_spec(text))
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)
    assert traced in caught.value.trace
    assert "loader.py" not in caught.value.trace
    assert "importlib" not in caught.value.trace


def test_a_working_directory_that_is_gone_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment has removed it under the running server, and a reload cannot find the new one by itself."""
    gone = project / "release-1"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(AppLoadError, match=r"^the working directory is gone \(restart the server"):
        load_app(parse_spec("shop:app"))
