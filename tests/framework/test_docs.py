"""The tutorial: every example of docs/framework.md is run, in order, and must give what it says."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


PAGE = Path(__file__).parents[2] / "docs" / "framework.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code blocks run and sessions give what they show, down to the messages of errors."""
    text = PAGE.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "docs"}
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    kinds = []
    for found in BLOCK.finditer(text):
        kind, code = found.groups()
        kinds.append(kind)
        if kind == "python":
            exec(compile(code, "<docs>", "exec"), names)
        elif kind == "pycon":
            line = text.count("\n", 0, found.start()) + 1
            test = doctest.DocTestParser().get_doctest(code, names, f"line {line}", str(PAGE), line)
            report: list[str] = []
            runner.run(test, out=report.append, clear_globs=False)
            assert not report, "".join(report)
            names.update(test.globs)
    assert kinds.count("pycon") > 10
    assert set(kinds) == {"python", "pycon"}
