"""`--reload`: files are watched, a broken application becomes a page."""

import importlib.util
import time
from pathlib import Path

import pytest

from server import cli
from tests.server.running import APP, eventually, running

needs_watchfiles = pytest.mark.skipif(
    importlib.util.find_spec("watchfiles") is None, reason="--reload needs the package watchfiles"
)


@needs_watchfiles
def test_a_saved_file_is_loaded_anew(tmp_path: Path) -> None:
    """Saving is enough; a mistake becomes a page with its traceback, mending it brings the site back."""

    def save(text: str) -> bool:
        (tmp_path / "site_app.py").write_text(text)
        time.sleep(0.1)  # changes in quick succession count as one, which is told when they have ended
        return True

    with running(tmp_path, "--reload") as server:
        assert server.get() == (200, "one")
        eventually(lambda: save(APP.replace('"one"', '"two"')) and server.told("site_app.py changed"), "the watcher")
        eventually(lambda: server.get() == (200, "two"), "the new version", server.said)
        save("def app(:")
        eventually(lambda: server.get()[0] == 500, "the page", server.said)
        assert "SyntaxError" in server.get()[1]
        save(APP)
        eventually(lambda: server.get() == (200, "one"), "the old version", server.said)


def test_what_keeps_files_from_being_watched_is_told(tmp_path: Path) -> None:
    """A package that is there and cannot be imported, say; the site is served all the same."""
    (tmp_path / "watchfiles.py").write_text("raise ImportError('made for another machine')")
    with running(tmp_path, "--reload") as server:
        server.wait_for("^minnow: cannot watch the files: made for another machine$")
        server.wait_for("the watcher has ended: changed files are no longer noticed")
        assert server.get() == (200, "one")


@needs_watchfiles
def test_an_application_that_is_broken_from_the_start_is_served_as_a_page(tmp_path: Path) -> None:
    """In development that is no reason not to start; the page and the log say why."""
    with running(tmp_path, "--reload", app="raise RuntimeError('unfinished')") as server:
        status, page = server.get()
        assert status == 500
        assert "RuntimeError: unfinished" in page
        server.wait_for("cannot import site_app: RuntimeError: unfinished")


def test_without_watchfiles_reload_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], own_log: object
) -> None:
    """One line, exit code 2; the package is optional, since production does not want it."""
    monkeypatch.setattr("server.cli.importlib.util.find_spec", lambda _name: None)
    assert cli.main(["app:app", "--reload"]) == 2
    assert capsys.readouterr().err == "minnow: --reload needs the package watchfiles (pip install watchfiles)\n"
