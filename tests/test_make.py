"""`make run`, as somebody who has just cloned the repository starts, uses and ends it."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parents[1]

# The first start may have to install the dependencies.
pytestmark = pytest.mark.timeout(300)


@contextmanager
def make_run(directory: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Start `make run` with its data in `directory`, as a process group of its own like a terminal's job."""
    # MAKEFLAGS: this may itself run below make.
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "MINNOW_"))}
    env |= {"DATABASE_URL": f"sqlite:///{directory}/site.db", "SECRET_KEY": "not secret: a test's"}
    command = ["make", "run", *(f"{name}={value}" for name, value in variables.items())]
    making = subprocess.Popen(
        command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        yield making
    finally:
        if making.poll() is None:
            os.killpg(making.pid, signal.SIGKILL)
        making.communicate()


def printed_url(making: subprocess.Popen[str]) -> str:
    """Read the output up to the line that names the URL."""
    assert making.stdout is not None
    read = []
    for line in making.stdout:
        read.append(line)
        if found := re.search(r"http://\S+:\d+", line):
            return found[0]
    raise AssertionError("".join(read))


def test_run_shows_the_site_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    """It prints the URL, serves over 100 stocks from SQLite and the static files, and Ctrl-C leaves no complaint."""
    with make_run(tmp_path, PORT="0") as making:
        url = printed_url(making)
        with urlopen(url + "/index.html", timeout=20) as answer:
            page = answer.read().decode()
        assert len(re.findall(r"<tr[^>]* id=", page)) > 100
        for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
            with urlopen(url + path, timeout=20) as answer:
                assert answer.status == 200
        os.killpg(making.pid, signal.SIGINT)  # what the terminal does
        rest, _ = making.communicate(timeout=30)
    assert not re.search(r"error|traceback|exception", rest, re.IGNORECASE)
    assert (tmp_path / "site.db").exists()


def test_a_taken_port_is_told_in_one_line(tmp_path: Path) -> None:
    """One line names the address; besides it there is only make's own that a recipe failed."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with make_run(tmp_path, PORT=port) as making:
            output, _ = making.communicate(timeout=250)
    assert making.returncode != 0
    complaints = [line for line in output.splitlines() if "listen" in line]
    assert len(complaints) == 1
    assert f"127.0.0.1:{port}" in complaints[0]
    assert "Traceback" not in output


def test_an_old_python_is_told_in_one_line(tmp_path: Path) -> None:
    """Where no Python is new enough, one line says what is needed."""
    with make_run(tmp_path, PYTHON="/bin/false", VENV=str(tmp_path / "venv")) as making:
        output, _ = making.communicate(timeout=30)
    assert making.returncode != 0
    assert [line for line in output.splitlines() if "Python 3.11 or newer" in line]
    assert len(output.splitlines()) == 2
