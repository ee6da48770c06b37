"""The rule of tests/conftest.py itself, seen from outside: pytest run on small test files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SKIPS = [
    "def test_it(): pytest.skip('no engine')\n",
    "@pytest.mark.skip(reason='no engine')\ndef test_it(): ...\n",
    "@pytest.fixture\ndef it(): pytest.skip('no engine')\ndef test_it(it): ...\n",
    "pytest.skip('no engine', allow_module_level=True)\n",
]


def run_pytest(directory: Path, kind: str, *, required: bool) -> str:
    """Run pytest, under the rule, on tests of a kind that skip in every way there is; return what it printed."""
    (directory / "pytest.ini").write_text("[pytest]\nmarkers =\n  stack:\n  browser:\n  other:\n")
    (directory / kind).mkdir()
    for number, body in enumerate(SKIPS):
        source = f"import pytest\npytestmark = pytest.mark.{kind}\n{body}"
        (directory / kind / f"test_{number}.py").write_text(source)
    env = {"REQUIRE_STACK": str(int(required)), "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-rs", "--continue-on-collection-errors"]
    done = subprocess.run(
        command, cwd=directory, env=os.environ | env, capture_output=True, text=True, check=False, timeout=50
    )
    return done.stdout


@pytest.mark.parametrize("kind", ["stack", "browser"])
def test_a_required_test_cannot_be_skipped(tmp_path: Path, kind: str) -> None:
    """With REQUIRE_STACK=1 each way to skip a stack or browser test is a failure that names the reason."""
    printed = run_pytest(tmp_path, kind, required=True)
    assert "skipped" not in printed.splitlines()[-1]
    assert printed.count("REQUIRE_STACK=1 forbids") == len(SKIPS)
    assert printed.count("no engine") >= len(SKIPS)


@pytest.mark.parametrize(("kind", "required"), [("stack", False), ("other", True)])
def test_other_skips_stay_skips(tmp_path: Path, kind: str, required: bool) -> None:
    """Where the stack is not required, or the test needs none, a skip is a skip, and its reason is printed."""
    printed = run_pytest(tmp_path, kind, required=required)
    assert f"{len(SKIPS)} skipped" in printed.splitlines()[-1]
    assert "no engine" in printed
