"""A compose project of the tests' own: brought up, asked, and always taken down."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# The three that run for good; `migrate` and `secrets` end.
LASTING = ("nginx", "app", "db")


class CommandError(Exception):
    """A command failed; the message holds all that it printed."""


def run(*command: str, env: dict[str, str] | None = None, seconds: float = 120) -> str:
    """Run a command in the checkout and return its standard output; raises CommandError."""
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | (env or {}),
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"{' '.join(command)} took longer than {seconds:g} s\n{error.output!r}") from None
    if done.returncode:
        raise CommandError(f"{' '.join(command)} → {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def engine_missing() -> str:
    """Return why no stack can be started here, or "" if one can."""
    try:
        run("docker", "version", seconds=20)
        run("docker", "compose", "version", seconds=20)
    except FileNotFoundError:
        return "docker is not installed"
    except CommandError as error:
        return f"no Docker engine with Compose v2 answers: {str(error).strip().splitlines()[-1]}"
    return ""


@dataclass(frozen=True)
class Answer:
    """What curl received."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass
class Stack:
    """One compose project: its own name, network, volumes and image, and a port that Docker chooses."""

    project: str = field(default_factory=lambda: f"minnow-test-{uuid.uuid4().hex[:8]}")
    files: str = "docker-compose.yml"
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Complete the environment of every command."""
        self.env = {
            "COMPOSE_PROJECT_NAME": self.project,
            "COMPOSE_FILE": self.files,
            "COMPOSE_PROGRESS": "plain",
            "APP_IMAGE": f"{self.project}-app",
            "HTTP_PORT": "127.0.0.1:0",
        } | self.env

    def compose(self, *arguments: str, seconds: float = 120) -> str:
        """Run `docker compose`."""
        return run("docker", "compose", *arguments, env=self.env, seconds=seconds)

    def up(self, *arguments: str) -> None:
        """Bring the stack up and wait until all of it is healthy."""
        self.compose("up", "--detach", "--wait", "--wait-timeout", "170", *arguments, seconds=180)

    def down(self) -> None:
        """Remove containers, networks, volumes and the image."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "10")
        run("docker", "image", "rm", "--force", self.env["APP_IMAGE"])

    @property
    def url(self) -> str:
        """Where nginx listens; Docker chooses again at each start."""
        return "http://" + self.compose("port", "nginx", "8080").strip()

    def containers(self, *services: str) -> list[dict[str, Any]]:
        """Return `docker inspect` of the services' containers, those that have ended included."""
        identifiers = self.compose("ps", "--all", "--quiet", *services).split()
        return json.loads(run("docker", "inspect", *identifiers)) if identifiers else []

    def log(self, service: str) -> list[str]:
        """Return what the service's containers wrote to standard output, line by line."""
        identifiers = self.compose("ps", "--all", "--quiet", service).split()
        return [line for each in identifiers for line in run("docker", "logs", each).splitlines()]

    def shell(self, service: str, script: str) -> str:
        """Run a script in the service's first container."""
        return self.compose("exec", "--no-TTY", service, "sh", "-euc", script)

    def sql(self, statement: str) -> str:
        """Run SQL as the database's root."""
        return self.compose(
            "exec",
            "--no-TTY",
            "db",
            "sh",
            "-euc",
            "MYSQL_PWD=$(cat /run/secrets/db_root_password) exec mysql --no-defaults --protocol=tcp --host=127.0.0.1 "
            '--user=root --default-character-set=utf8mb4 --batch --skip-column-names --execute="$1"',
            "sql",
            statement,
        )

    def report(self) -> str:
        """Return what a person needs to see why something failed."""
        try:
            health = {each["Name"]: each["State"].get("Health") for each in self.containers()}
            logs = self.compose("logs", "--no-color", "--tail", "60")
            return self.compose("ps", "--all") + json.dumps(health, indent=1) + "\n" + logs
        except CommandError as error:
            return str(error)


def curl(*arguments: str) -> Answer:
    """Run curl, bounded in time, on paths exactly as they are written."""
    text = run("curl", "--silent", "--show-error", "--include", "--path-as-is", "--max-time", "15", *arguments)
    while True:
        head, _, text = text.partition("\n\n")  # text mode has made \n of \r\n
        status, *fields = head.splitlines()
        code = int(status.split()[1])
        if code >= 200:
            pairs = (line.split(":", 1) for line in fields)
            return Answer(code, {name.lower(): value.strip() for name, value in pairs}, text)


@dataclass(frozen=True)
class Visitor:
    """A person at the public address, with a cookie jar of his own."""

    url: str
    jar: Path

    def get(self, path: str, *options: str) -> Answer:
        """Ask for a page; `options` are curl's."""
        return curl("--cookie", str(self.jar), "--cookie-jar", str(self.jar), *options, self.url + path)

    def post(self, path: str, *options: str) -> Answer:
        """Post, an empty form if `options` bring none."""
        return self.get(path, *(options or ("--data", "")))
