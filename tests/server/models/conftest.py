"""Every test here that asks for a `model` runs under all of them, or under the one that `--model` names."""

from collections.abc import Iterator

import pytest

from server.concurrency import MODELS
from tests.server.models.harness import Site, serving, settled
from tests.server.running import eventually


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each model; the scope has pytest run all tests of a model before those of the next."""
    if "model" in metafunc.fixturenames:
        asked = metafunc.config.getoption("model")
        metafunc.parametrize("model", asked or list(MODELS), scope="session")


@pytest.fixture(scope="session")
def site(model: str) -> Iterator[Site]:
    """Serve with the usual deadlines; at the end every model has to stop with exit code 0."""
    with serving(model) as running:
        assert running.fetch("/hello").status == 200
        running.at_rest = eventually(lambda: settled(running), "the worker to be at rest")
        yield running


@pytest.fixture(scope="session")
def hasty(model: str) -> Iterator[Site]:
    """Serve with deadlines that a test can wait for; for tests of nothing else."""
    short = {"head_timeout": 0.2, "body_timeout": 0.2, "idle_timeout": 0.2, "write_timeout": 0.2}
    with serving(model, **short) as running:
        yield running
