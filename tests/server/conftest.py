"""What several tests of the server need."""

import logging
from collections.abc import Iterator

import pytest

from server import console


@pytest.fixture
def own_log() -> Iterator[logging.Logger]:
    """Give the server's logger as it is before anybody sets it up, and put it back."""
    log = console.log
    before = log.handlers[:], log.level, log.propagate
    log.handlers.clear()
    log.propagate = True
    yield log
    log.handlers[:], log.propagate = before[0], before[2]
    log.setLevel(before[1])
