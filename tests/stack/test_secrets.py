"""Where the secrets come from, and who sees them."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.compose import LASTING, ROOT, Stack, run

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

NAMES = {"db_password", "db_root_password", "secret_key"}


def secrets_of(stack: Stack) -> dict[str, str]:
    """Read the secrets of a project off its volume, as only the engine's owner can."""
    volume, image = f"{stack.project}_secrets:/secrets:ro", stack.containers("secrets")[0]["Image"]
    script = 'cd /secrets; for name in *; do echo "$name $(cat "$name")"; done'
    command = ("docker", "run", "--rm", "--user", "0", "--network", "none", "--entrypoint", "sh", "-v", volume, image)
    return dict(line.split() for line in run(*command, "-euc", script).splitlines())


@pytest.fixture
def other(stack: Stack) -> Iterator[Stack]:
    """Give a second project, beside the first, of which only the secrets are made."""
    second = Stack()
    assert second.project != stack.project
    try:
        second.compose("up", "--no-log-prefix", "secrets")
        yield second
    finally:
        second.down()


def test_each_deployment_has_secrets_of_its_own(stack: Stack, other: Stack) -> None:
    """Two projects share no secret; each is 256 bits long."""
    ours, theirs = secrets_of(stack), secrets_of(other)
    assert set(ours) == set(theirs) == NAMES
    assert len({*ours.values(), *theirs.values()}) == 2 * len(NAMES)
    assert {len(bytes.fromhex(secret)) for secret in ours.values()} == {32}


def test_secrets_outlast_the_containers(other: Stack) -> None:
    """Made once: a second start changes none."""
    before = secrets_of(other)
    other.compose("up", "--force-recreate", "secrets")
    assert secrets_of(other) == before


@pytest.mark.parametrize(
    ("service", "readable"),
    [("app", {"db_password", "secret_key"}), ("db", {"db_password", "db_root_password"}), ("nginx", set())],
)
def test_each_service_reads_only_its_own_secrets(stack: Stack, service: str, readable: set[str]) -> None:
    """The site never sees root's password, the database not the signing key, nginx none."""
    script = "cd /run/secrets 2>/dev/null || exit 0; for name in *; do if [ -r $name ]; then echo $name; fi; done"
    assert set(stack.shell(service, script).split()) == readable


def test_no_secret_is_in_environment_or_command(stack: Stack) -> None:
    """`docker inspect` and the logs tell nobody a secret."""
    shown = json.dumps(stack.containers()) + "".join(line for name in LASTING for line in stack.log(name))
    assert not [name for name, secret in secrets_of(stack).items() if secret in shown]


def test_git_holds_no_secret() -> None:
    """Only the page about them is in the repository, and files beside it are ignored."""
    assert run("git", "ls-files", "deploy/secrets").split() == ["deploy/secrets/README.md"]
    for name in NAMES:
        assert run("git", "check-ignore", f"deploy/secrets/{name}").strip() == f"deploy/secrets/{name}"


@pytest.mark.usefixtures("stack")
def test_production_takes_the_secrets_from_files(tmp_path: Path) -> None:
    """With the production file no container makes secrets, no volume holds them, and the files are yours."""
    stack = Stack(
        files=f"docker-compose.yml{os.pathsep}docker-compose.production.yml", env={"SECRETS_DIR": str(tmp_path)}
    )
    made = json.loads(stack.compose("config", "--format", "json"))
    assert set(made["services"]) == {*LASTING, "migrate"}
    assert set(made["volumes"]) == {"db"}
    assert {secret["file"] for secret in made["secrets"].values()} == {str(tmp_path / name) for name in NAMES}
    mounted = {
        name: {each["source"] for each in service.get("secrets", [])} for name, service in made["services"].items()
    }
    assert mounted["app"] == mounted["migrate"] == {"db_password", "secret_key"}
    assert mounted["db"] == {"db_password", "db_root_password"}


def test_the_script_makes_secrets_for_production(tmp_path: Path) -> None:
    """`deploy/make-secrets DIR` writes what is missing, for the owner's eyes, and keeps what is there."""
    (tmp_path / "secret_key").write_text("mine")
    run(str(ROOT / "deploy/make-secrets"), str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == NAMES
    assert (tmp_path / "secret_key").read_text() == "mine"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir() if path.name != "secret_key"}
    assert not [name for name, mode in modes.items() if mode & 0o007]
