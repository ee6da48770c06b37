"""The command line: what it prints, and the exit codes."""

import logging
import os
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from server import __version__, cli
from server.concurrency import MODELS
from server.config import declared
from server.settings_page import settings_page
from tests.server.running import ROOT, running

APP = "def app(environ, start_response): ...\ndef boom(): raise RuntimeError('no database')\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_log: logging.Logger) -> Iterator[Path]:
    """Work in a directory with an application, nothing set up and no variables set."""
    (tmp_path / "cli_app.py").write_text(APP)
    (tmp_path / "minnow.toml").write_text("workers = 3\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in [name for name in os.environ if name.startswith("MINNOW_")]:
        monkeypatch.delenv(name)
    yield tmp_path
    sys.modules.pop("cli_app", None)


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        ("", 2, "no application named (give it as MODULE:ATTRIBUTE, such as app:create_app())"),
        ("cli_app", 2, "'cli_app' does not name an application (MODULE:ATTRIBUTE, such as app:create_app())"),
        ("cli_app:app --workers 0", 2, "--workers: 0 is too small (at least 1)"),
        ("cli_app:app --work 2", 2, "unrecognized arguments: --work 2 (did you mean --workers?)"),
        ("cli_app:app --statics=/a=b x", 2, "unrecognized arguments: --statics=/a=b x (did you mean --static?)"),
        ("cli_app:app -w 2", 2, "unrecognized arguments: -w 2 (--help tells what there is)"),
        ("cli_app:app --bind " + "x" * 64 + ":0", 4, "cannot listen on " + "x" * 64 + ":0: no host can have that name"),
        ("cli_app:app --workers", 2, "argument --workers: expected one argument (--help tells what there is)"),
        ("cli_app:app --model gevent", 2, "--model: 'gevent' is not one of "),
        ("cli_app:app --static /a=none", 2, "--static: there is no directory none (relative to "),
        ("cli_app:app --ready-path ready", 2, "--ready-path: 'ready' is not a path (it begins with a slash"),
        ("cli_app:app --config none.toml", 2, "--config: cannot read none.toml: No such file or directory"),
        (
            "cli_app:app --bind 192.0.2.1:0",
            4,
            "cannot listen on 192.0.2.1:0: no interface of this machine has that address",
        ),
        ("cli_app:ap --check --model thread", 3, "cli_app has no attribute ap (did you mean app?)"),
        ("cli_ap:app --check --model thread", 3, "there is no module cli_ap (looked in "),
        (
            "cli_app.py:app --check --model thread",
            3,
            "cli_app.py is a file, a module is wanted (did you mean cli_app:app?)",
        ),
    ],
)
def test_what_is_wrong_takes_one_line(capsys: pytest.CaptureFixture[str], arguments: str, code: int, line: str) -> None:
    """The line says what to do, the exit code is the documented one, and standard output stays empty."""
    assert cli.main(arguments.split()) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"minnow: {line}")
    assert err.count("\n") == 1


def test_a_taken_port_is_exit_code_4(capsys: pytest.CaptureFixture[str]) -> None:
    """With the address and the way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        assert cli.main(["cli_app:app", "--bind", bind]) == 4
    assert capsys.readouterr().err == f"minnow: cannot listen on {bind}: already in use (choose another with --bind)\n"


def test_check_loads_the_application_and_listens_on_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """It succeeds where the port is taken, since it does not want it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        assert cli.main(["cli_app:app", "--check", "--model", "thread", "--bind", bind]) == 0
    assert capsys.readouterr().err == "minnow: cli_app:app can be served\n"


def test_check_shows_the_traceback_of_a_factory(capsys: pytest.CaptureFixture[str]) -> None:
    """For the developer first, and the line for everybody last."""
    assert cli.main(["cli_app:boom()", "--check", "--model", "thread"]) == 3
    *trace, line = capsys.readouterr().err.splitlines()
    assert trace[0] == "minnow: the application's own error:"
    assert any("cli_app.py" in each for each in trace)
    assert line == "minnow: cli_app:boom() raised RuntimeError: no database"


def test_check_waits_for_no_thread_of_the_application(tmp_path: Path) -> None:
    """An application that starts one at import would keep a deployment's check from ever ending."""
    (tmp_path / "threaded.py").write_text(
        f"import threading\nthreading.Thread(target=threading.Event().wait).start()\n{APP}"
    )
    command = [sys.executable, "-m", "server", "threaded:app", "--check", "--model", "thread"]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stderr) == (0, "minnow: threaded:app can be served\n")


def test_print_config_is_a_file_that_gives_the_same_settings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each value with its origin in a comment; fed back by --config it prints the same values."""
    monkeypatch.setenv("MINNOW_GRACE", "5")
    (tmp_path / "b=c").mkdir()
    arguments = ["cli_app:app", "--config", "minnow.toml", "--body-limit", "1M", "--static", "/a=b=c", "--reuse-port"]
    assert cli.main([*arguments, "--print-config"]) == 0
    printed = capsys.readouterr().out
    for line in (
        'app = "cli_app:app"  # APP',
        "workers = 3  # minnow.toml: workers",
        "grace = 5.0  # MINNOW_GRACE",
        "body_limit = 1048576  # --body-limit",
        'static = ["/a=b=c"]  # --static',
        "reuse_port = true  # --reuse-port",
        "backlog = 2048  # default",
    ):
        assert line in printed.splitlines()
    (tmp_path / "again.toml").write_text(printed)
    assert cli.main(["--config", "again.toml", "--print-config"]) == 0
    assert tomllib.loads(capsys.readouterr().out) == tomllib.loads(printed)


def test_the_file_may_be_named_by_a_variable(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """MINNOW_CONFIG stands for --config."""
    monkeypatch.setenv("MINNOW_CONFIG", "minnow.toml")
    assert cli.main(["--print-config"]) == 0
    assert "workers = 3  # minnow.toml: workers" in capsys.readouterr().out


def test_a_misspelt_variable_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be ignored in silence otherwise; what Kubernetes sets for a service of that name is not meant."""
    for name in ("MINNOW_WORKRS", "MINNOW_PORT", "MINNOW_SERVICE_PORT", "MINNOW_SERVICE_HOST", "MINNOW_CONFIG"):
        monkeypatch.setenv(name, "minnow.toml")
    assert cli.main(["cli_app:app", "--print-config"]) == 0
    said = capsys.readouterr().err
    assert said == "minnow: MINNOW_WORKRS is not a known variable (did you mean MINNOW_WORKERS?)\n"


def test_a_file_that_a_variable_names_is_blamed_on_the_variable(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody finds a flag in a line that has none; an empty flag is a file that is not there."""
    monkeypatch.setenv("MINNOW_CONFIG", "none.toml")
    assert cli.main(["--print-config"]) == 2
    assert capsys.readouterr().err == "minnow: MINNOW_CONFIG: cannot read none.toml: No such file or directory\n"
    assert cli.main(["--config", "", "--print-config"]) == 2
    assert capsys.readouterr().err.startswith("minnow: --config: cannot read ")


@pytest.mark.parametrize("name", ["fish \U0001f41f", "雪", "back\\slash", 'quo"te', "del\x7f", "tab\t"])
def test_print_config_writes_any_text_as_toml(capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str) -> None:
    """TOML has no pairs of escapes for what lies beyond 16 bits; JSON has nothing else."""
    (tmp_path / name).mkdir()
    assert cli.main(["--static", f"/a={name}", "--print-config"]) == 0
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert tomllib.loads(printed)["static"] == [f"/a={name}"]


def test_a_full_disk_is_one_line() -> None:
    """`--print-config > file` must not look as if it had worked, nor as if the server were broken."""
    command = [sys.executable, "-m", "server", "--print-config"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "minnow: cannot write to standard output: No space left on device\n"


def test_who_reads_only_the_beginning_is_no_error() -> None:
    """`--print-config | head -1` ends without a traceback and with 0."""
    command = [sys.executable, "-u", "-m", "server", "--print-config"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, said = process.communicate()
        assert (process.returncode, said) == (0, b"")


def test_list_models_tells_every_model_and_its_traits(capsys: pytest.CaptureFixture[str]) -> None:
    """Run as a process, since it imports gevent."""
    told = subprocess.run(
        [sys.executable, "-m", "server", "--list-models"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name, summary in MODELS.items():
        assert f"{name:14}{summary}\n" in told
    assert told.count("keep alive: ") == told.count("c10k: ") == len(MODELS)


def test_print_settings_page_prints_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """What docs/settings.md is made of."""
    assert cli.main(["--print-settings-page"]) == 0
    assert capsys.readouterr().out == settings_page()


def test_help_tells_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    """And exits with 0."""
    with pytest.raises(SystemExit) as caught:
        cli.main(["--help"])
    assert caught.value.code == 0
    told = capsys.readouterr().out
    for one in declared():
        assert one.flag in told


def test_version_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    """The package and its metadata agree."""
    metadata = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert metadata["project"]["version"] == __version__
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"minnow {__version__}\n"


def test_the_master_imports_neither_gevent_nor_the_application(tmp_path: Path) -> None:
    """It has nothing to hang on, and what it has not imported a reload sees anew."""
    with running(tmp_path, "--model", "coroutine") as server:
        server.port()
        mapped = Path(f"/proc/{server.pid}/maps").read_text()
        worker = Path(f"/proc/{min(server.workers())}/maps").read_text()
    assert "gevent" not in mapped
    assert "gevent" in worker
