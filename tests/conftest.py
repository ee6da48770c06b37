"""What holds for every test: where the stack is required, a test that needs it may not be skipped."""

import os
from collections.abc import Generator

import hypothesis
import pytest

from server.concurrency import MODELS

# A run tells about the change at hand, so it draws the same examples each time; a search for new faults is asked for.
hypothesis.settings.register_profile("same", derandomize=True)
hypothesis.settings.register_profile("search", max_examples=5_000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

REQUIRED = os.environ.get("REQUIRE_STACK") == "1"
# Tests that need more than Python: by their marker, and by their directory when a whole module bows out.
NEEDING = ("stack", "browser")


# What starts servers, interpreters or compilers of its own; the rest are the unit tests, which take seconds.
INTEGRATION = (
    *("tests/server/models/", "tests/server/frameworks/", "tests/framework/middleware/test_servers.py"),
    *(
        f"tests/server/test_{name}.py"
        for name in ("compiled", "development", "init_process", "reload", "serving", "supervisor")
    ),
    *("tests/test_make.py", "tests/test_routes.py"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of `INTEGRATION`."""
    for item in items:
        if item.nodeid.startswith(INTEGRATION):
            item.add_marker("integration")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a failure of a skipped stack or browser test when REQUIRE_STACK=1."""
    report = yield
    if any(item.get_closest_marker(name) for name in NEEDING):
        _insist(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Do the same when the skip comes while a module is collected."""
    report = yield
    if set(NEEDING) & set(collector.nodeid.split("/")):
        _insist(report)
    return report


def _insist(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not (REQUIRED and report.skipped) or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
    report.outcome = "failed"
    report.longrepr = f"REQUIRE_STACK=1 forbids to skip {report.nodeid}\n{reason}"


def pytest_report_header() -> str:
    """Say at the top of the run which rule holds."""
    rule = "a failure" if REQUIRED else "shown with its reason (REQUIRE_STACK=1 makes it a failure)"
    return f"stack and browser tests: a skip is {rule}"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests of tests/server/models run under the models named; only a conftest up here may add an option."""
    parser.addoption("--model", action="append", choices=sorted(MODELS), help="test only this concurrency model")
