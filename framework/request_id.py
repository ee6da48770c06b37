"""The id of a request, by which its log lines and its response are found again."""

from __future__ import annotations

import os

REQUEST_ID = "framework.request_id"  # the environ's key


def new_request_id() -> str:
    """Return 16 random hexadecimal digits."""
    return os.urandom(8).hex()
