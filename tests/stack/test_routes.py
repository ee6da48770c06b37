"""The curl book once more, at the public address."""

from pathlib import Path

import pytest

from tests.routes import run_book
from tests.stack.compose import Stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]


def test_every_route_answers_through_nginx(stack: Stack, tmp_path: Path) -> None:
    """Each command of the curl book gets the same answer through nginx, from MySQL."""
    assert run_book(stack.url, tmp_path, "coroutine") == []
