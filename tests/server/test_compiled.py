"""The compiled core behaves as its source does."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = [
    "tests/http11",
    *(f"tests/server/test_{name}.py" for name in ("session", "body", "readiness")),
    *(f"tests/server/test_wsgi{name}.py" for name in ("", "_environ", "_errors", "_files")),
    *("tests/server/models", "--model", "coroutine", "--model", "epoll"),
]
HEADER = Path(sysconfig.get_path("include"), "Python.h")


@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("gcc") is None or not HEADER.exists(), reason="no C compiler or no headers of Python")
def test_the_core_passes_its_tests_compiled(tmp_path: Path) -> None:
    """What mypyc makes of the core passes all tests of the core."""
    environ = {**os.environ, "PYTHON": sys.executable}
    subprocess.run([ROOT / "deploy/compile-core", tmp_path], check=True, env=environ, timeout=200)
    for name in ("tests", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    program = "import server.session as s; print(s.__file__)"
    where = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    assert where.strip().endswith(".so")
    assert Path(where).is_relative_to(tmp_path)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={tmp_path}", *CORE],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-3000:]
