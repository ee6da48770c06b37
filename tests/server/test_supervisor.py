"""The supervisor, as a process: start, signals, deaths, the end."""

import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from tests.server.running import APP, eventually, is_alive, refuses, running


def test_one_line_tells_the_real_port_once_the_workers_can_answer(tmp_path: Path) -> None:
    """A parent that reads the line may connect at once; there is one line a listener and no more."""
    with running(tmp_path, "--workers", "2", "--bind", "127.0.0.1:0", "--bind", "unix:x.sock") as server:
        assert server.get() == (200, "one")
        assert len(server.workers()) == 2
        server.wait_for(r"listening on unix:x.sock \(thread, 2 workers\)$")
        server.signal(signal.SIGTERM)
        assert server.ended() == 0
    assert [line.split(" on ")[0] for line in server.said] == ["minnow: listening"] * 2
    assert not (tmp_path / "x.sock").exists()


@pytest.mark.parametrize("model", ["coroutine", "thread", "iterative"])
def test_a_request_in_flight_outlives_sigterm(tmp_path: Path, model: str) -> None:
    """The answer is whole, the listener is closed meanwhile, and the exit code is 0."""
    with running(tmp_path, "--model", model) as server:
        answers: list[tuple[int, str]] = []
        port = server.port()
        client = threading.Thread(target=lambda: answers.append(server.get("/slow")))
        client.start()
        eventually((tmp_path / "slow-began").exists, "the request to begin")
        server.signal(signal.SIGTERM)
        if model == "coroutine":  # the others hold their listener until the last connection has ended
            eventually(lambda: refuses(port), "the listener to close")
        (tmp_path / "slow-may-end").touch()
        client.join()
        assert answers == [(200, "slow but whole")]
        assert server.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
@pytest.mark.parametrize("model", ["coroutine", "thread"])
def test_sigint_to_the_whole_group_is_quick_and_quiet(tmp_path: Path, number: signal.Signals, model: str) -> None:
    """What Ctrl-C does: every process gets the signal, none prints a traceback, requests in flight are cut."""
    with running(tmp_path, "--workers", "2", "--grace", "1000", "--model", model) as server:
        server.port()
        cut: list[bool] = []
        client = threading.Thread(target=lambda: cut.append(server.is_cut_off("/slow")))
        client.start()
        eventually((tmp_path / "slow-began").exists, "the request to begin")
        os.killpg(server.pid, number)
        assert server.ended() == 0
        client.join()
    assert cut == [True]
    assert len(server.said) == 1


@pytest.mark.parametrize("model", ["coroutine", "thread", "thread_pool", "process", "fork"])
def test_sigint_hurries_a_drain(tmp_path: Path, model: str) -> None:
    """Who does not want to wait for the grace any more need not; nobody has to be killed for it."""
    with running(tmp_path, "--grace", "1000", "--model", model) as server:
        port = server.port()
        cut: list[bool] = []
        client = threading.Thread(target=lambda: cut.append(server.is_cut_off("/slow")))
        client.start()
        eventually((tmp_path / "slow-began").exists, "the request to begin")
        server.signal(signal.SIGTERM)
        eventually(lambda: refuses(port), "the listener to close")
        server.signal(signal.SIGINT)
        assert server.ended() == 0
        client.join()
    assert cut == [True]
    assert len(server.said) == 1


@pytest.mark.parametrize("model", ["thread", "thread_pool"])
def test_a_signal_that_another_thread_takes_is_heard(tmp_path: Path, model: str) -> None:
    """The kernel gives a process's signal to any of its threads, and does not wake the main one for it then."""
    block = "threading.Thread(target=lambda: time.sleep(1000), daemon=True).start()"
    block += "\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
    with running(tmp_path, "--grace", "3", "--model", model, app=APP + block) as server:
        assert server.get() == (200, "one")
        server.signal(signal.SIGTERM)
        assert server.ended() == 0


def test_sigint_while_the_application_loads_is_quiet(tmp_path: Path) -> None:
    """An import that takes long is no reason for a KeyboardInterrupt's traceback."""
    app = "import pathlib, time\npathlib.Path('loading').touch()\ntime.sleep(1000)\n"
    with running(tmp_path, app=app) as server:
        eventually((tmp_path / "loading").exists, "the import to begin")
        os.killpg(server.pid, signal.SIGINT)
        assert server.ended() == 0
    assert server.said == []


def test_a_worker_that_does_not_go_is_killed_and_told(tmp_path: Path) -> None:
    """Past the grace SIGKILL ends it, and the exit code says that it had to."""
    with running(tmp_path, "--grace", "0.1", "--model", "iterative") as server:
        server.port()
        cut: list[bool] = []
        client = threading.Thread(target=lambda: cut.append(server.is_cut_off("/stuck")))
        client.start()
        eventually((tmp_path / "stuck-began").exists, "the request to begin")
        server.signal(signal.SIGTERM)
        server.wait_for(r"worker \d+ did not go in time and is killed")
        client.join()
        assert cut == [True]
        assert server.ended() == 5


def test_a_dead_worker_is_replaced(tmp_path: Path) -> None:
    """Whoever is killed gets a successor, the others go on, and the log says what happened."""
    with running(tmp_path, "--workers", "2") as server:
        server.port()
        before = server.workers()
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        server.wait_for(rf"worker {victim} died \(SIGKILL\); starting another now")
        eventually(lambda: len(server.workers() - {victim}) == 2, "the successor")
        assert len(server.workers() & before) == 1
        assert server.get()[0] == 200


@pytest.mark.parametrize(
    ("number", "cause"), [(signal.SIGRTMIN, "SIGRTMIN"), (signal.SIGRTMIN + 1, f"signal {signal.SIGRTMIN + 1}")]
)
def test_a_worker_may_die_of_any_signal(tmp_path: Path, number: int, cause: str) -> None:
    """Python has names for the first and the last of the real-time signals only; the supervisor lives on."""
    with running(tmp_path) as server:
        server.port()
        os.kill(min(server.workers()), number)
        server.wait_for(rf"worker \d+ died \({cause}\); starting another now")
        assert server.get() == (200, "one")


def test_an_application_that_cannot_load_ends_the_start(tmp_path: Path) -> None:
    """Exit code 3, nothing left running, and the reason once although four workers had it."""
    with running(tmp_path, "--workers", "4", app="raise RuntimeError('no database')") as server:
        assert server.ended() == 3
    assert "".join(server.said).count("cannot import site_app: RuntimeError: no database") == 1
    assert "".join(server.said).count("Traceback") == 1
    assert not any("listening" in line for line in server.said)


def test_a_message_of_any_text_reaches_the_supervisor(tmp_path: Path) -> None:
    """Many lines (as SQLAlchemy's), the first of which is the reason, and bytes that are no text."""
    app = "raise RuntimeError('no database \\udc80\\nBackground: none')"
    with running(tmp_path, app=app) as server:
        assert server.ended() == 3
    assert "Background: none\n" in server.said
    assert server.said[-1] == "minnow: cannot import site_app: RuntimeError: no database \\udc80\n"


def test_a_worker_that_crashes_before_it_serves_ends_the_start(tmp_path: Path) -> None:
    """A segmentation fault at import has no message of its own, so the supervisor gives it one."""
    with running(tmp_path, app="import os, signal; os.kill(os.getpid(), signal.SIGSEGV)") as server:
        assert server.ended() == 3
    assert server.said == ["minnow: a worker ended before it could serve (SIGSEGV)\n"]


def test_a_crash_loop_backs_off(tmp_path: Path) -> None:
    """When a change breaks the import, successors fail, come slower and slower, and heal once it is mended."""
    with running(tmp_path) as server:
        server.port()
        (tmp_path / "site_app.py").write_text("raise RuntimeError('broken meanwhile')")
        os.kill(min(server.workers()), signal.SIGKILL)
        server.wait_for(r"^minnow: a new worker cannot start: .*broken meanwhile; trying again in 0.5 s$")
        server.wait_for(r"trying again in 1 s")
        (tmp_path / "site_app.py").write_text(APP)
        assert server.get() == (200, "one")


def test_workers_go_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    """Nobody would replace or stop them, and they would hold the port."""
    with running(tmp_path, "--workers", "2") as server:
        port = server.port()
        orphans = server.workers()
        server.signal(signal.SIGKILL)
        server.process.wait()
        for pid in orphans:
            eventually(lambda pid=pid: not is_alive(pid), f"worker {pid} to go")
        assert refuses(port)


def test_ttin_and_ttou_change_the_number_of_workers(tmp_path: Path) -> None:
    """One more, one fewer, but never none."""
    with running(tmp_path) as server:
        server.port()
        server.signal(signal.SIGTTIN)
        eventually(lambda: len(server.workers()) == 2, "a second worker")
        for times in (1, 2):
            server.signal(signal.SIGTTOU)
            server.wait_for("1 worker wanted", count=times)
        eventually(lambda: len(server.workers()) == 1, "the second worker to go")
        assert server.get()[0] == 200


def test_a_reload_while_nothing_serves_says_so(tmp_path: Path) -> None:
    """Neither version can start: nobody should believe that the old one goes on."""
    with running(tmp_path) as server:
        server.port()
        (tmp_path / "site_app.py").write_text("raise RuntimeError('broken meanwhile')")
        os.kill(min(server.workers()), signal.SIGKILL)
        server.wait_for(r"trying again in 2 s")
        server.signal(signal.SIGHUP)
        server.wait_for(r"^minnow: the new version cannot start: .*broken meanwhile; no worker is left to serve$")


def test_readiness_turns_to_503_before_the_listener_closes(tmp_path: Path) -> None:
    """During `drain_delay` the probe fails, so that load balancers turn away, while requests are still served."""
    with running(tmp_path, "--drain-delay", "1.5", "--ready-path", "/ready", "--workers", "2") as server:
        assert server.get("/ready") == (200, "one")
        server.signal(signal.SIGTERM)
        eventually(lambda: server.get("/ready") == (503, "draining\n"), "the probe to fail")
        assert server.get("/") == (200, "one")
        assert server.ended() == 0


def test_a_worker_that_dies_during_the_delay_is_replaced(tmp_path: Path) -> None:
    """Requests are to be served until the balancers have noticed, and the successor fails the probe as well."""
    with running(tmp_path, "--drain-delay", "1000") as server:
        server.port()
        victim = min(server.workers())
        server.signal(signal.SIGTERM)
        eventually(lambda: server.get("/readyz")[0] == 503, "the probe to fail")
        os.kill(victim, signal.SIGKILL)
        server.wait_for(rf"worker {victim} died \(SIGKILL\); starting another now")
        assert server.get("/") == (200, "one")
        assert server.get("/readyz") == (503, "draining\n")
        server.signal(signal.SIGINT)
        assert server.ended() == 0


def test_each_worker_may_have_a_socket_of_its_own(tmp_path: Path) -> None:
    """With SO_REUSEPORT the successor of a dead worker inherits its socket, so that nothing is stranded."""
    with running(tmp_path, "--workers", "2", "--reuse-port") as server:
        port = server.port()
        victim = min(server.workers())
        os.kill(victim, signal.SIGKILL)
        server.wait_for("starting another now")
        pids = {server.get("/pid")[1] for _ in range(50)}
        assert str(victim) not in pids
        server.signal(signal.SIGTTOU)
        eventually(lambda: len(server.workers()) == 1, "the second worker to go")
        assert {server.get()[0] for _ in range(20)} == {200}
        server.signal(signal.SIGTERM)
        assert server.ended() == 0
        assert refuses(port)


def test_an_inherited_descriptor_is_served(tmp_path: Path) -> None:
    """`fd://N` takes over what a parent, systemd for one, has bound."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        os.set_inheritable(listener.fileno(), True)
        with running(tmp_path, "--bind", f"fd://{listener.fileno()}", inherited=[listener.fileno()]) as server:
            assert server.port() == listener.getsockname()[1]
            assert server.get() == (200, "one")
