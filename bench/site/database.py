"""The database of a measurement: a MySQL in a container on the load's core, seeded; or what DATABASE_URL names."""

from __future__ import annotations

import os
import secrets
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.processes import LOAD_CORE, ROOT, python

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGE = os.environ.get("MYSQL_IMAGE", "mysql:9.7")


@contextmanager
def database(stocks: int = 0) -> Iterator[dict[str, str]]:
    """Give the environment that leads a site to a seeded database."""
    environment = {"SECRET_KEY": secrets.token_hex(16)}
    if url := os.environ.get("DATABASE_URL"):
        yield seeded({**environment, "DATABASE_URL": url}, stocks)
        return
    password = secrets.token_hex(8)
    variables = {
        "MYSQL_ROOT_PASSWORD": password,
        "MYSQL_DATABASE": "minnow",
        "MYSQL_USER": "minnow",
        "MYSQL_PASSWORD": password,
    }
    options = [part for name, value in variables.items() for part in ("--env", f"{name}={value}")]
    command = ["docker", "run", "--detach", "--rm", "--publish", "127.0.0.1:0:3306", "--cpuset-cpus", str(LOAD_CORE)]
    command += ["--tmpfs", "/var/run/mysqld"]  # for the stand-in of deploy/base-images: its /run is empty
    container = _output(*command, *options, IMAGE)
    try:
        port = _output("docker", "port", container, "3306").splitlines()[0].rpartition(":")[2]
        url = f"mysql://minnow:{password}@127.0.0.1:{port}/minnow"
        yield seeded({**environment, "DATABASE_URL": url}, stocks)
    finally:
        subprocess.run(["docker", "rm", "--force", container], check=True, capture_output=True)


def seeded(environment: dict[str, str], stocks: int) -> dict[str, str]:
    """Migrate and seed; the image's temporary server, which comes first, does not listen on TCP."""
    for command in (["migrate", "--wait", "120"], ["seed", "--stocks", str(stocks)]):
        subprocess.run(
            [python(), "-m", "app", *command],
            cwd=ROOT,
            env={**os.environ, **environment},
            check=True,
            capture_output=True,
        )
    return environment


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
