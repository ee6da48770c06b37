"""nginx as the measure for files: one worker, no privileges, a configuration made on the spot."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from harness.processes import HOST, Server

if TYPE_CHECKING:
    from pathlib import Path

CONFIGURATION = """
worker_processes 1;
daemon off;
pid {directory}/nginx.pid;
error_log stderr error;
events {{ worker_connections 12000; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 300s;
    keepalive_requests 1000000000;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    default_type application/octet-stream;
    server {{
        listen {host}:{port} backlog=2048;
        location /static/ {{ alias {files}/; }}
        location / {{ return 200 "Hello, world!\\n"; }}
    }}
}}
"""


def nginx(directory: Path, files: Path) -> Server | None:
    """Return an nginx, not started, that serves `files` at /static/; None where nginx is not installed."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        return None

    def command(port: int) -> list[str]:
        path = directory / "nginx.conf"
        path.write_text(CONFIGURATION.format(directory=directory, files=files, host=HOST, port=port))
        return [program, "-p", str(directory), "-c", str(path), "-e", "stderr"]

    return Server(command)
