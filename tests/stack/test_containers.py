"""What the containers may do, and what the image holds."""

import json
import re

import pytest

from tests.stack.compose import LASTING, ROOT, Stack, run

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

SERVICES = (*LASTING, "migrate", "secrets")
# What each container may not have beside its service.
TOOLS = ("pip", "pip3", "gcc", "cc", "g++", "make", "ld", "as", "git", "curl", "wget")


@pytest.mark.parametrize("service", SERVICES)
def test_every_container_is_confined(stack: Stack, service: str) -> None:
    """Read-only, no capability, no way to gain one, not privileged, bounded log."""
    (container,) = stack.containers(service)
    host = container["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    # Only the one-shot that makes the secrets has to give files away, and it has no network.
    assert (host["CapAdd"] or []) == (["CHOWN"] if service == "secrets" else [])
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert not host["Privileged"]
    assert host["LogConfig"]["Config"]["max-size"]


@pytest.mark.parametrize("service", LASTING)
def test_nothing_runs_as_root_or_may_write(stack: Stack, service: str) -> None:
    """The processes have no capability, are not root's, and find no place to write but their own."""
    status = stack.shell(service, "id -u; cat /proc/1/status")
    assert int(status.split()[0]) > 0
    assert re.search(r"CapEff:\s*0+\n", status)
    assert re.search(r"CapBnd:\s*0+\n", status)
    assert "NoNewPrivs:\t1" in status
    for place in ("/", "/etc", "/usr/bin", "/srv/static", "/site"):
        assert stack.shell(service, f"test -w {place} && echo writable || echo no").strip() == "no"


@pytest.mark.parametrize("service", LASTING)
def test_every_lasting_container_is_healthy(stack: Stack, service: str) -> None:
    """`up --wait` means health checks that passed, and there is one everywhere."""
    assert [each["State"]["Health"]["Status"] for each in stack.containers(service)] == ["healthy"]


@pytest.mark.parametrize("service", ["migrate", "secrets"])
def test_the_one_shots_have_ended_well(stack: Stack, service: str) -> None:
    """Schema, sample data and secrets were made before the rest started."""
    assert [(each["State"]["Status"], each["State"]["ExitCode"]) for each in stack.containers(service)] == [
        ("exited", 0)
    ]


def test_the_image_holds_no_tools(stack: Stack) -> None:
    """No installer, no compiler, nothing to fetch with."""
    found = stack.shell("app", "; ".join(f"command -v {tool} || true" for tool in TOOLS))
    assert found == ""
    names = ("pip", "ensurepip", "venv", "setuptools", "mypy", "pytest")
    modules = f"import importlib.util as u; print([name for name in {names} if u.find_spec(name)])"
    assert stack.compose("exec", "--no-TTY", "app", "python", "-c", modules).strip() == "[]"


def test_the_image_holds_only_what_runs(stack: Stack) -> None:
    """The source that runs is there, and what is compiled from it; tests, secrets, documents and history are not."""
    found = {name for name in stack.shell("app", "ls -A /site").split() if "__mypyc." not in name}
    assert found == {"server", "framework", "app", "templates", "static"}


WHERE = "import server.session; print(server.session.__file__)"


def test_the_server_runs_its_compiled_core(stack: Stack) -> None:
    """What answers is what mypyc made of the source: that is what gets imported, and what a worker has open."""
    assert stack.compose("exec", "--no-TTY", "app", "python", "-c", WHERE).strip().endswith(".so")
    (worker, *_) = stack.shell("app", "cat /proc/1/task/1/children").split()
    assert "__mypyc." in stack.shell("app", f"cat /proc/{worker}/maps")


def test_the_core_may_stay_plain(stack: Stack) -> None:
    """A build argument leaves the compiler out, and the same source serves as it is."""
    tag = f"{stack.project}-plain"
    build = run("docker", "build", "--quiet", "--tag", tag, *arguments(stack), "--build-arg=SERVER_CORE=plain", ".")
    try:
        assert build.strip()
        told = run("docker", "run", "--rm", "--network=none", tag, "python", "-c", WHERE)
        assert told.strip() == "/site/server/session.py"
        run("docker", "run", "--rm", "--network=none", tag, "python", "-m", "server", "--list-models")
    finally:
        run("docker", "image", "rm", "--force", tag)


def arguments(stack: Stack) -> list[str]:
    """Return the other arguments with which Compose builds the image."""
    told = json.loads(stack.compose("config", "--format", "json"))["services"]["app"]["build"]["args"]
    return [f"--build-arg={name}={value}" for name, value in told.items() if name != "SERVER_CORE"]


def test_the_database_cannot_reach_the_world(stack: Stack) -> None:
    """It hangs on an internal network only, without a gateway, and nginx does not see it."""
    (db,) = stack.containers("db")
    assert set(db["NetworkSettings"]["Networks"]) == {f"{stack.project}_back"}
    (network,) = json.loads(run("docker", "network", "inspect", f"{stack.project}_back"))
    assert network["Internal"]
    (nginx,) = stack.containers("nginx")
    assert set(nginx["NetworkSettings"]["Networks"]) == {f"{stack.project}_front"}


def test_only_the_front_is_published(stack: Stack) -> None:
    """Only nginx can be reached from outside."""
    published = {
        each["Config"]["Labels"]["com.docker.compose.service"]
        for each in stack.containers(*LASTING)
        if any((each["NetworkSettings"]["Ports"] or {}).values())
    }
    assert published == {"nginx"}


def test_the_body_limits_agree() -> None:
    """A body that nginx lets through is one that the server takes."""
    (limit,) = re.findall(r"client_max_body_size (\d+)m;", (ROOT / "deploy/nginx/nginx.conf").read_text())
    (told,) = re.findall(r'MINNOW_BODY_LIMIT: "(\d+)"', (ROOT / "docker-compose.yml").read_text())
    assert int(limit) << 20 == int(told)
