"""One stack for all tests of this directory; every test leaves it as it found it: up, healthy, one app."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.stack.compose import CommandError, Stack, Visitor, engine_missing

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

STACK = pytest.StashKey[Stack]()


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config) -> Iterator[Stack]:
    """Build the image, bring the stack up, and take all of it down again, also when that fails half-way."""
    if reason := engine_missing():
        pytest.skip(reason)
    stack = Stack()
    try:
        start(stack)
        pytestconfig.stash[STACK] = stack
        yield stack
    finally:
        stack.down()


def start(stack: Stack) -> None:
    """Build and start; on failure print what happened once, not once more for every test that now cannot run."""
    why = ""
    try:
        stack.compose("build", seconds=170)
        stack.up()
    except CommandError as error:
        why = f"{error}\n{stack.report()}"
    if why:  # outside of `except`: as its context the whole output would be shown again with each test
        print(why)  # noqa: T201 - pytest shows it beside the first test
        pytest.fail("the stack did not start; the first of these errors shows why", pytrace=False)


@pytest.fixture
def visitor(stack: Stack, tmp_path: Path) -> Visitor:
    """Give a curl with a cookie jar of its own."""
    return Visitor(stack.url, tmp_path / "cookies")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the containers and the ends of their logs beside a failure, while they still exist."""
    report = yield
    stack = item.config.stash.get(STACK, None)
    if report.failed and report.when == "call" and stack is not None and item.get_closest_marker("stack"):
        report.sections.append(("docker compose ps, logs", stack.report()))
    return report
