"""The server as process 1 of a container."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.running import children, eventually, is_alive, running, started

PROGRAM = """
from server import serve
from site_app import app
serve(app, bind="127.0.0.1:0", model="thread")
print("after")
"""


def can_unshare() -> bool:
    """Tell whether a process namespace may be made here."""
    tool = shutil.which("unshare")
    command = ["unshare", "--fork", "--pid", "--mount-proc", "true"]
    return tool is not None and subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not can_unshare(), reason="needs the right to make a process namespace")
def test_as_process_1_it_reaps_orphans_and_obeys_sigterm(tmp_path: Path) -> None:
    """Nobody else would: process 1 has no default signal effects, and every orphan becomes its child."""
    launcher = ["unshare", "--fork", "--pid", "--mount-proc", "--kill-child", sys.executable]
    with running(tmp_path, launcher=launcher) as server:
        assert server.get() == (200, "one")
        (first,) = children(server.pid)  # of unshare
        orphan = int(server.get("/fork")[1])
        assert orphan > 1
        eventually(lambda: len(children(first)) == 1, "the orphan to be reaped")
        os.kill(first, signal.SIGTERM)
        assert server.ended() == 0
        assert not is_alive(first)


def test_signals_that_a_parent_blocked_are_heard(tmp_path: Path) -> None:
    """A signal mask is inherited; a server that kept it could only be killed."""
    stop = [signal.SIGTERM, signal.SIGINT]
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    try:
        with running(tmp_path) as server:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, stop)
            server.port()
            server.signal(signal.SIGTERM)
            assert server.ended() == 0
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, stop)


def test_serve_is_the_same_for_a_program(tmp_path: Path) -> None:
    """`serve(app)` forks workers of a program that has the application already."""
    (tmp_path / "main.py").write_text(PROGRAM)
    with started([sys.executable, "main.py"], tmp_path) as server:
        assert server.get() == (200, "one")
        server.signal(signal.SIGTERM)
        assert server.ended() == 0
    assert server.logged[-1] == "after\n"
