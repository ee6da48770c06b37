"""The command line: ``python -m framework``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from framework.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

SITE = """
from framework import App

def create_app():
    app = App("site", suffix=".html")
    app.get("/")(lambda request: "home")
    @app.route("/stock/<code:[0-9]{6}>", methods=["GET", "POST"])
    def stock(request, code):
        return code
    return app

made = create_app()
SITE = "text"
"""


@pytest.fixture(autouse=True)
def _site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site_for_main.py").write_text(SITE)
    (tmp_path / "broken_for_main.py").write_text("import nothing_of_that_name")
    monkeypatch.delitem(sys.modules, "site_for_main", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.parametrize("target", ["site_for_main:made", "site_for_main:create_app()"])
def test_routes(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each route has a line: methods, public pattern, name, and the line that defines it."""
    assert main(["routes", target]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "GET        /                            <lambda>  site_for_main.py:6",
        "GET, POST  /stock/<code:[0-9]{6}>.html  stock     site_for_main.py:7",
    ]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("site_for_main", "names no application"),
        ("nowhere_for_main:app", "there is no module 'nowhere_for_main'"),
        ("site_for_main:other", "'site_for_main' has no 'other'; it is /"),
        ("site_for_main:create_app", "is no framework.App but function; is 'site_for_main:create_app()' meant?"),
        ("site_for_main:SITE", "is no framework.App but str"),
    ],
)
def test_wrong_targets(target: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong target is one line that says what to do."""
    assert main(["routes", target]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_an_application_that_cannot_be_imported() -> None:
    """An error inside the application is not taken for a wrong target."""
    with pytest.raises(ModuleNotFoundError, match="nothing_of_that_name"):
        main(["routes", "broken_for_main:app"])
