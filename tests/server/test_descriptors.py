"""As many connections as are allowed need as many descriptors."""

import logging
import resource

import pytest

from server.descriptors import SPARE, allow_descriptors

INFINITE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((256, 4096), (1000 + SPARE, 4096)),
        ((256, INFINITE), (1000 + SPARE, INFINITE)),
        ((2000, 4096), None),
        ((INFINITE, INFINITE), None),
        ((256, 512), (512, 512)),
    ],
)
def test_the_soft_limit_is_raised_and_never_lowered(
    before: tuple[int, int],
    after: tuple[int, int] | None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Up to what is needed or allowed; what is not enough is told with the way to change it."""
    limits: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _which: before)
    monkeypatch.setattr(resource, "setrlimit", lambda _which, limit: limits.append(limit))
    with caplog.at_level(logging.WARNING):
        allow_descriptors(1000)
    assert limits == ([after] if after else [])
    told = "only 512 files may be open here (ulimit -n), too few for 1000 connections"
    assert (told in caplog.text) == (after == (512, 512))
