"""The nginx of a measurement: the configuration that is shipped, with one worker, before a server on this machine."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

from harness.processes import HOST, ROOT, SERVER_CORE, Server

if TYPE_CHECKING:
    from pathlib import Path


def nginx(directory: Path, upstream: int, core: int = SERVER_CORE) -> Server:
    """Return an nginx, not started, with the shipped configuration before a server on the port `upstream`.

    What differs is where things are: paths, ports, the upstream's address, no log.
    """
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or "nginx"
    shipped = (ROOT / "deploy" / "nginx" / "nginx.conf").read_text(encoding="utf-8")
    changes = {
        r"worker_processes auto;": "worker_processes 1; daemon off;",
        r"/run/nginx\.pid": f"{directory}/nginx.pid",
        r"/var/cache/nginx": str(directory),
        r"server app:8000 resolve": f"server {HOST}:{upstream}",
        r"access_log /dev/stdout json": "access_log off",
        r"/srv": str(ROOT),
    }
    for old, new in changes.items():
        shipped = re.sub(old, new, shipped)

    def command(port: int) -> list[str]:
        path = directory / "nginx.conf"
        path.write_text(shipped.replace("listen 8080", f"listen {HOST}:{port}"), encoding="utf-8")
        return [program, "-p", str(directory), "-c", str(path), "-e", "stderr"]

    return Server(command, core=core)
