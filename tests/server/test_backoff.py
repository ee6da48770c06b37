"""How long a dead worker's successor has to wait."""

import pytest

from server.backoff import STEADY, Backoff


@pytest.mark.parametrize(
    ("lives", "delays"),
    [
        ([1.0], [0.0]),
        ([1.0] * 4, [0.0, 0.5, 1.0, 2.0]),
        ([0.1] * 12, [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 30.0, 30.0]),
        ([STEADY] * 3, [0.0, 0.0, 0.0]),
        ([1.0, 1.0, STEADY, 1.0], [0.0, 0.5, 0.0, 0.5]),
    ],
)
def test_each_early_death_doubles_the_wait(lives: list[float], delays: list[float]) -> None:
    """A single mishap costs nothing, a crash loop waits up to 30 s, a long life ends it."""
    backoff = Backoff()
    assert [backoff.failed(lived, now=0.0) for lived in lives] == delays


def test_the_wait_is_counted_from_the_last_death() -> None:
    """`until` never moves backwards."""
    backoff = Backoff()
    backoff.failed(1.0, now=100.0)
    backoff.failed(1.0, now=101.0)
    assert backoff.until == 101.5
    backoff.failed(STEADY, now=101.2)
    assert backoff.until == 101.5
